"""DPoP (RFC 9449), checked with joserfc: the proof of each request, and the nonces it may have to carry."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any, Final, cast

from fastapi import Request
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, import_key
from joserfc.util import json_b64decode

from egov_serang.sandbox.jose import JoseKey, assertion_algorithms, verified_claims
from egov_serang.sandbox.platform import Platform
from egov_serang.sandbox.proof import SKEW_S, target_uri

ALGORITHMS: Final = ("ES256", "PS256", "Ed25519", "EdDSA")
USE_NONCE: Final = "use_dpop_nonce"
INVALID: Final = "invalid_dpop_proof"

_LIFE_S: Final = 60
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_LONGEST: Final = 8192


class ProofRefused(Exception):
    """A proof that does not hold.

    Args:
        error: `invalid_dpop_proof` or `use_dpop_nonce` (RFC 9449 sections 5, 8 and 9).
        description: a sentence for developers; never anything that was sent.
        untimely: whether its time is all that is wrong with it.
    """

    def __init__(self, error: str, description: str, *, untimely: bool = False) -> None:
        super().__init__(error)
        self.error, self.description, self.untimely = error, description, untimely

    @property
    def challenge(self) -> str:
        """The `WWW-Authenticate` header of a resource that refuses it."""
        return f'DPoP error="{self.error}", algs="{" ".join(ALGORITHMS)}"'


@dataclass(frozen=True, slots=True)
class _Proof:
    claims: dict[str, Any]
    thumbprint: str


def proven_key(platform: Platform, request: Request, *, token: str | None = None) -> str | None:
    """The RFC 7638 thumbprint of the key a request proves to hold; None where it brings no proof.

    Args:
        token: the access token it must be a proof for, at a resource.

    Raises:
        ProofRefused: it does not hold; the id is remembered last, so that a forger cannot burn one.
    """
    brought = request.headers.getlist("dpop")
    if not brought:
        return None
    if len(brought) > 1:
        raise ProofRefused(INVALID, "Send one DPoP header.")
    proof = _read(brought[0])
    claims = proof.claims
    _check_target(claims, request.method, target_uri(platform, request))
    if token is not None and claims.get("ath") != _unpadded(hashlib.sha256(token.encode()).digest()):
        raise ProofRefused(INVALID, "The proof's ath is not the access token's hash.")
    now = platform.clock.wall()
    _check_nonce(platform, claims.get("nonce"), now)
    until = _check_time(claims, now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        raise ProofRefused(INVALID, "The proof needs a jti.")
    if not platform.replays.first_time("dpop", proof.thumbprint, jti, now=now, until=until):
        raise ProofRefused(INVALID, "The proof was used before; make one for every attempt.")
    return proof.thumbprint


def _read(compact: str) -> _Proof:
    refused = ProofRefused(INVALID, "The proof is no JWT of type dpop+jwt signed by the public key in its header.")
    if len(compact) > _LONGEST:
        raise refused
    header = _header(compact)
    jwk = header.get("jwk")
    if header.get("typ") != "dpop+jwt" or not isinstance(jwk, dict):
        raise refused
    key = _public_key(cast("dict[str, Any]", jwk))
    claims = None if key is None else verified_claims(compact, key, assertion_algorithms(key))
    if key is None or claims is None:
        raise refused
    return _Proof(claims, key.thumbprint())


def _header(compact: str) -> dict[str, Any]:
    try:
        found: object = json_b64decode(compact.partition(".")[0].encode())
    except (ValueError, binascii.Error):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _public_key(jwk: dict[str, Any]) -> JoseKey | None:
    if not _PRIVATE.isdisjoint(jwk):
        return None
    try:
        key = import_key({name: value for name, value in jwk.items() if name in {"kty", "crv", "x", "y", "n", "e"}})
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    return None if isinstance(key, OctKey) or not assertion_algorithms(key) else key


def _check_target(claims: dict[str, Any], method: str, uri: str) -> None:
    if claims.get("htm") != method:
        raise ProofRefused(INVALID, "The proof's htm is not this request's method.")
    if claims.get("htu") != uri.partition("?")[0]:
        raise ProofRefused(INVALID, "The proof's htu is not this request's address without query and fragment.")


def _check_nonce(platform: Platform, nonce: object, now: float) -> None:
    if nonce is None:
        if platform.settings.dpop_nonces:
            raise ProofRefused(USE_NONCE, "Put the nonce of the DPoP-Nonce header into the proof.")
    elif not isinstance(nonce, str) or not platform.nonces.holds(nonce, now):
        raise ProofRefused(USE_NONCE, "The proof's nonce is not one of ours or too old; use the DPoP-Nonce header.")


def _check_time(claims: dict[str, Any], now: float) -> float:
    """Until when this proof could be accepted."""
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) not in {int, float}:
        raise ProofRefused(INVALID, "The proof needs iat.")
    until = cast("float", issued) + _LIFE_S + SKEW_S
    if expires is not None:
        if type(expires) not in {int, float}:
            raise ProofRefused(INVALID, "The proof's exp is no number.")
        until = min(until, cast("float", expires) + SKEW_S)
    if not cast("float", issued) - SKEW_S <= now < until:
        raise ProofRefused(INVALID, "The proof was made too early or too late; compare the Date header.", untimely=True)
    return until + 1


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
