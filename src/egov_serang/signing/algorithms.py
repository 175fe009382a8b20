"""The algorithms messages are signed with, and the two ports behind which a key may stand: `Signer` and `VerifyKey`.

Source: RFC 9421 section 3.3, contract-v1 section 1.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA512

from egov_serang.errors import ConfigError
from egov_serang.signing.headers import LONGEST
from egov_serang.signing.keys import LEAST_RSA_BITS, Private, PrivateKey
from egov_serang.types import Secret

Algorithm = Literal["ed25519", "ecdsa-p256-sha256", "rsa-pss-sha512", "hmac-sha256"]

LEAST_SECRET_BYTES: Final = 32
_P256_BYTES: Final = 32
_KINDS: Final = ("OKP", "EC", "RSA")
_PUBLIC: Final = ("kty", "crv", "x", "y", "n", "e")
"""Members of a JWK that make a public key; what else stands there is not looked at."""
_PSS: Final = PSS(MGF1(SHA512()), 64)


class Signer(Protocol):
    """Signs messages. Where its key is, in memory, in a module or at a remote signer, is its own affair."""

    @property
    def keyid(self) -> str: ...
    @property
    def algorithm(self) -> Algorithm: ...
    def sign(self, base: bytes, /) -> bytes:
        """The signature over these bytes, in the form RFC 9421 section 3.3 gives the algorithm."""
        ...


@dataclass(frozen=True, slots=True)
class KeySigner:
    """Signs with a key or a secret of this process. Made by `signer`, `secret_signer` or `callback_signer`."""

    keyid: str
    algorithm: Algorithm
    sign: Callable[[bytes], bytes] = field(repr=False)


def signer(key: PrivateKey) -> Signer:
    """A signer with a private key; its kind decides the algorithm: Ed25519, ECDSA on P-256, RSASSA-PSS with SHA-512.

    What kinds of keys there are, and how strong they must be, `PrivateKey` has checked.
    """
    crypto: Private = key.crypto
    if isinstance(crypto, Ed25519PrivateKey):
        return KeySigner(key.keyid, "ed25519", crypto.sign)
    if isinstance(crypto, EllipticCurvePrivateKey):
        return KeySigner(key.keyid, "ecdsa-p256-sha256", lambda base: raw_ecdsa(crypto.sign(base, ECDSA(SHA256()))))
    return KeySigner(key.keyid, "rsa-pss-sha512", lambda base: crypto.sign(base, _PSS, SHA512()))


def secret_signer(secret: Secret | bytes, keyid: str) -> Signer:
    """A signer with a secret both sides share (HMAC-SHA256), for gateways that cannot do better.

    Raises:
        ConfigError: the secret is shorter than 32 bytes.
    """
    shared = _secret(secret)
    return KeySigner(keyid, "hmac-sha256", lambda base: hmac.digest(shared, base, hashlib.sha256))


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A key that checks signatures, with the only algorithm it may be used with.

    Args:
        keyid: its name.
        algorithm: RFC 9421 name.
        holds: whether a signature over a base is this key's, in constant time where a secret is involved.
    """

    keyid: str
    algorithm: Algorithm
    holds: Callable[[bytes, bytes], bool] = field(repr=False)


def public_key(key: Any, keyid: str) -> VerifyKey:
    """A key to verify with, from a public key of `cryptography`.

    Raises:
        ConfigError: of a kind, curve or strength the contract does not know.
    """
    match key:
        case Ed25519PublicKey():
            return VerifyKey(keyid, "ed25519", partial(_holds, key.verify))
        case EllipticCurvePublicKey() if isinstance(key.curve, SECP256R1):
            return VerifyKey(
                keyid,
                "ecdsa-p256-sha256",
                lambda base, signature: (
                    len(signature) == 2 * _P256_BYTES and _holds(key.verify, base, _der(signature), ECDSA(SHA256()))
                ),
            )
        case RSAPublicKey() if key.key_size >= LEAST_RSA_BITS:
            return VerifyKey(
                keyid,
                "rsa-pss-sha512",
                lambda base, signature: _holds(key.verify, base, signature, _PSS, SHA512()),
            )
        case _:
            raise ConfigError(
                "this public key cannot be used",
                code="key_unusable",
                hint="Use Ed25519, ECDSA P-256, or RSA of at least 2048 bits",
            )


def secret_key(secret: Secret | bytes, keyid: str) -> VerifyKey:
    """A key to verify with, from a secret both sides share.

    Raises:
        ConfigError: the secret is shorter than 32 bytes.
    """
    shared = _secret(secret)
    return VerifyKey(
        keyid,
        "hmac-sha256",
        lambda base, signature: hmac.compare_digest(hmac.digest(shared, base, hashlib.sha256), signature),
    )


def key_from_jwk(jwk: Mapping[str, Any], keyid: str | None = None) -> VerifyKey:
    """A key to verify with, from a public JWK (RFC 7517); `keyid` or else its `kid`, else its RFC 7638 thumbprint.

    Raises:
        ConfigError: not such a key. A symmetric one is refused too: whoever may read a key set could sign with it.
    """
    from joserfc.errors import JoseError  # noqa: PLC0415 - only who verifies needs it
    from joserfc.jwk import import_key  # noqa: PLC0415

    members = {name: jwk[name] for name in _PUBLIC if name in jwk}
    key = None
    texts = [value for value in members.values() if isinstance(value, str)]
    if len(texts) == len(members) and members.get("kty") in _KINDS and sum(map(len, texts)) <= LONGEST:
        # It warns of short keys, which are refused below, also where warnings are errors.
        with suppress(JoseError, ValueError, KeyError, TypeError, Warning):
            key = import_key(members)
    if key is None:
        raise ConfigError("this is not a public key as JWK", code="key_unusable", hint="Check the key set's entry")
    named = keyid or jwk.get("kid")
    return public_key(key.public_key, named if isinstance(named, str) else key.thumbprint())


def _secret(secret: Secret | bytes) -> bytes:
    shared = secret.reveal().encode() if isinstance(secret, Secret) else secret
    if len(shared) < LEAST_SECRET_BYTES:
        raise ConfigError(
            "the shared secret is shorter than 32 bytes", code="key_unusable", hint="Use openssl rand -hex 32"
        )
    return shared


def _holds(verify: Callable[..., None], base: bytes, signature: bytes, *scheme: Any) -> bool:
    try:
        verify(signature, base, *scheme)
    except InvalidSignature:
        return False
    return True


def raw_ecdsa(signature: bytes) -> bytes:
    """The two numbers side by side, as RFC 9421 section 3.3.4 wants them, not in DER."""
    r, s = decode_dss_signature(signature)
    return r.to_bytes(_P256_BYTES) + s.to_bytes(_P256_BYTES)


def _der(signature: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(signature[:_P256_BYTES]), int.from_bytes(signature[_P256_BYTES:]))
