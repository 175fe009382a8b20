"""Access tokens: what the token endpoint issues and the gate checks (contract-v1 section 1)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fastapi import Request

from egov_serang.sandbox.dpop import INVALID, USE_NONCE, ProofRefused, proven_key
from egov_serang.sandbox.jose import verified_claims
from egov_serang.sandbox.keys import ALGORITHM
from egov_serang.sandbox.mutual import shown
from egov_serang.sandbox.platform import Platform
from egov_serang.sandbox.problems import Problem

_TYP: Final = "at+jwt"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid access token says."""

    client_id: str
    scopes: frozenset[str]
    jurisdiction_id: str
    subject: str


def issue_token(
    platform: Platform,
    client_id: str,
    scopes: list[str],
    *,
    audience: str | None = None,
    bound: Mapping[str, str] = MappingProxyType({}),
    subject: str | None = None,
) -> str:
    """An access token for a client.

    Args:
        subject: the person it acts for, by pseudonym; the client itself by default.
        bound: thumbprints of what it is bound to, by method (RFC 7800): `jkt`, a DPoP key (RFC 9449 section 6), or
            `x5t#S256`, a certificate (RFC 8705 section 3.1).
        audience: another `aud` than this gateway's own (tests of its refusal).
    """
    now = int(platform.clock.timestamp())
    return platform.keys.sign(
        {
            "iss": platform.settings.base_url,
            "aud": audience or platform.settings.audience,
            "sub": subject or client_id,
            "client_id": client_id,
            "scope": " ".join(scopes),
            "jurisdiction_id": platform.city.code,
            "iat": now,
            "exp": now + platform.settings.token_ttl_s,
            "jti": secrets.token_urlsafe(16),
            **({"cnf": dict(bound)} if bound else {}),
        },
        typ=_TYP,
    )


def check_token(platform: Platform, request: Request) -> Claims:
    """The claims of the request's access token, which is proved to be the caller's where it is bound to a key.

    Raises:
        Problem: unauthenticated, token_expired, use_dpop_nonce or clock_skew.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    known = scheme.lower() in {"bearer", "dpop"}
    claims = verified_claims(token, platform.keys.signing_key, [ALGORITHM]) if known else None
    if claims is None or claims.get("iss") != platform.settings.base_url:
        raise Problem("unauthenticated", "Send an access token of this gateway's authorization server.")
    if claims.get("aud") != platform.settings.audience:
        raise Problem("unauthenticated", "The token is for another audience.")
    if claims["exp"] <= platform.clock.timestamp():
        raise Problem("token_expired", "The token has expired; ask for a new one.")
    if platform.families.is_withdrawn(claims["jti"]):
        raise Problem("unauthenticated", "The token was revoked.")
    if platform.clients.get(claims["client_id"]) is None:
        raise Problem("unauthenticated", "The token's client is not registered.")
    bound = claims.get("cnf", {})
    _check_certificate(request, bound.get("x5t#S256"))
    _check_holder(platform, request, scheme.lower(), token, bound.get("jkt"))
    return Claims(claims["client_id"], frozenset(claims["scope"].split()), claims["jurisdiction_id"], claims["sub"])


def _check_certificate(request: Request, x5t: str | None) -> None:
    """RFC 8705 section 3: a bound token comes over a connection that shows its certificate."""
    if x5t is None:
        return
    certificate = shown(request)
    if certificate is None or certificate.thumbprint != x5t:
        raise Problem("unauthenticated", "The token is bound to another certificate than this connection shows.")


def _check_holder(platform: Platform, request: Request, scheme: str, token: str, jkt: str | None) -> None:
    """RFC 9449 section 7: a bound token comes with its proof and under its own scheme, and no other does."""
    if scheme != ("bearer" if jkt is None else "dpop"):
        # Else whoever steals a bound token would use it as a plain one.
        detail = "The token is not bound to a key." if jkt is None else "The token is bound to a key: send it as DPoP."
        raise _no_proof(detail)
    if jkt is None:
        return
    try:
        proven = proven_key(platform, request, token=token)
    except ProofRefused as error:
        code = USE_NONCE if error.error == USE_NONCE else "clock_skew" if error.untimely else "unauthenticated"
        refused = Problem(code, error.description, challenge=error.challenge)
    else:
        if proven == jkt:
            return
        refused = _no_proof("Send a DPoP proof." if proven is None else "The token is bound to another key.")
    raise refused


def _no_proof(detail: str) -> Problem:
    return Problem("unauthenticated", detail, challenge=ProofRefused(INVALID, detail).challenge)
