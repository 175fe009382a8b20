"""DPoP (RFC 9449): tokens bound to a key, and the proof that each request comes from who holds it."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Never, cast

from joserfc import jwt

from egov_serang.errors import ConfigError
from egov_serang.signing.keys import PrivateKey

if TYPE_CHECKING:
    from joserfc.jwk import ECKey

ALGORITHM: Final = "ES256"
USE_NONCE: Final = "use_dpop_nonce"
INVALID_PROOF: Final = "invalid_dpop_proof"

_LIFETIME: Final = 60
_NONCE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,1024}")
_CHALLENGE: Final = re.compile(rf'\berror="?({USE_NONCE}|{INVALID_PROOF})\b')


class ProofKey:
    """The key of one client instance, the proofs made with it, and the nonces servers asked it to use.

    Args:
        key: an ECDSA P-256 key; one made now, and never written anywhere, when None.
        expires: put `exp` in proofs, which some profiles demand and RFC 9449 does not.

    Raises:
        ConfigError: a key of another kind.

    Source: RFC 9449 sections 4 and 8, layers.md 2.2 rule 6.
    """

    __slots__ = ("_expires", "_header", "_key", "_nonces", "thumbprint")

    def __init__(self, key: PrivateKey | None = None, *, expires: bool = False) -> None:
        if key is None:
            # Both load slowly, and a client without DPoP has no use for them.
            from cryptography.hazmat.primitives.asymmetric.ec import (  # noqa: PLC0415
                SECP256R1,
                generate_private_key,
            )

            key = PrivateKey.from_crypto(generate_private_key(SECP256R1()))
        if key.jwt_algorithm != ALGORITHM:
            raise ConfigError(
                "the DPoP key must be an ECDSA P-256 key (ES256)",
                code="key_unusable",
                hint="Make one: egov keys generate --use assertion --out dpop.pem; or leave dpop_key_file out",
            )
        self._key = cast("ECKey", key.jose())
        self._expires = expires
        self._header = {"typ": "dpop+jwt", "alg": ALGORITHM, "jwk": self._key.as_dict(private=False)}
        self._nonces: dict[str, str] = {}
        self.thumbprint = self._key.thumbprint()
        """RFC 7638, as `cnf.jkt` of a token names the key."""

    def proof(self, method: str, url: str, at: float, token: str | None = None) -> str:
        """The `DPoP` header of one transmission; its `jti` is never used again.

        Args:
            method: HTTP verb.
            url: absolute, as sent; query and fragment are left out of the proof.
            at: seconds since the epoch, by the server's clock as far as it is known.
            token: the access token sent with it.
        """
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url.partition("#")[0].partition("?")[0],
            "iat": int(at),
        }
        if self._expires:
            claims["exp"] = claims["iat"] + _LIFETIME
        nonce = self._nonces.get(_origin(url))
        if nonce is not None:
            claims["nonce"] = nonce
        if token is not None:
            claims["ath"] = _unpadded(hashlib.sha256(token.encode()).digest())
        return jwt.encode(self._header, claims, self._key, algorithms=[ALGORITHM])

    def learn(self, url: str, headers: Mapping[str, str]) -> bool:
        """Keep the nonce an answer brings, for the origin it came from.

        Returns:
            Whether it brings one.
        """
        nonce = headers.get("dpop-nonce")
        # It goes into a claim unchanged; what is no nonce (RFC 9449 section 8.1) is not sent back.
        if nonce is None or not _NONCE.fullmatch(nonce):
            return False
        self._nonces[_origin(url)] = nonce
        return True

    def __repr__(self) -> str:
        return f"<ProofKey {self.thumbprint}>"

    def __reduce__(self) -> Never:
        raise TypeError("a DPoP key cannot be pickled or copied: tokens are bound to the one client that holds it")


def challenged(headers: Mapping[str, str]) -> str | None:
    """What a refusal at a resource says of the proof: `use_dpop_nonce`, `invalid_dpop_proof`, or None.

    Source: RFC 9449 sections 7.1 and 9.
    """
    found = _CHALLENGE.search(headers.get("www-authenticate", ""))
    return None if found is None else found[1]


def _origin(url: str) -> str:
    end = url.find("/", url.find("//") + 2)
    return url if end < 0 else url[:end]


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
