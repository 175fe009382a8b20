"""The signature layer, for use on its own: keys, signers, profiles, verifying. Names load on first use.

Source: RFC 9421, RFC 9530, contract-v1 section 1.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from egov_serang.signing.algorithms import (
        Algorithm,
        Signer,
        VerifyKey,
        key_from_jwk,
        public_key,
        secret_key,
        secret_signer,
        signer,
    )
    from egov_serang.signing.base import Message, signature_base
    from egov_serang.signing.digests import content_digest, digest_holds
    from egov_serang.signing.following import FollowingProfile
    from egov_serang.signing.jwks import read_keys
    from egov_serang.signing.keys import PrivateKey
    from egov_serang.signing.keyset import KeySet
    from egov_serang.signing.making import make_key_file
    from egov_serang.signing.messages import MessageSigner
    from egov_serang.signing.nonces import MemoryNonces, NonceStore, SqliteNonces
    from egov_serang.signing.profiles import Rfc9421, SignatureProfile
    from egov_serang.signing.remote import callback_signer, ecdsa_from_der
    from egov_serang.signing.snap import SnapAsymmetric, SnapSymmetric
    from egov_serang.signing.verifier import MessageVerifier, Verified

_HOMES: Final = {
    "algorithms": (
        "Algorithm",
        "Signer",
        "VerifyKey",
        "key_from_jwk",
        "public_key",
        "secret_key",
        "secret_signer",
        "signer",
    ),
    "base": ("Message", "signature_base"),
    "digests": ("content_digest", "digest_holds"),
    "following": ("FollowingProfile",),
    "jwks": ("read_keys",),
    "keys": ("PrivateKey",),
    "keyset": ("KeySet",),
    "making": ("make_key_file",),
    "messages": ("MessageSigner",),
    "nonces": ("MemoryNonces", "NonceStore", "SqliteNonces"),
    "profiles": ("Rfc9421", "SignatureProfile"),
    "remote": ("callback_signer", "ecdsa_from_der"),
    "snap": ("SnapAsymmetric", "SnapSymmetric"),
    "verifier": ("MessageVerifier", "Verified"),
}
_HOME_OF: Final = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Algorithm",
    "FollowingProfile",
    "KeySet",
    "MemoryNonces",
    "Message",
    "MessageSigner",
    "MessageVerifier",
    "NonceStore",
    "PrivateKey",
    "Rfc9421",
    "SignatureProfile",
    "Signer",
    "SnapAsymmetric",
    "SnapSymmetric",
    "SqliteNonces",
    "Verified",
    "VerifyKey",
    "callback_signer",
    "content_digest",
    "digest_holds",
    "ecdsa_from_der",
    "key_from_jwk",
    "make_key_file",
    "public_key",
    "read_keys",
    "secret_key",
    "secret_signer",
    "signature_base",
    "signer",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
