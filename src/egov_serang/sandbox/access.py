"""Access tokens: what the token endpoint issues and the gate checks (contract-v1 section 1)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from fastapi import Request

from egov_serang.sandbox.jose import verified_claims
from egov_serang.sandbox.keys import ALGORITHM
from egov_serang.sandbox.platform import Platform
from egov_serang.sandbox.problems import Problem

_TYP: Final = "at+jwt"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid access token says."""

    client_id: str
    scopes: frozenset[str]
    jurisdiction_id: str


def issue_token(platform: Platform, client_id: str, scopes: list[str], *, audience: str | None = None) -> str:
    """An access token for a client.

    Args:
        audience: another `aud` than this gateway's own (tests of its refusal).
    """
    now = int(platform.clock.timestamp())
    return platform.keys.sign(
        {
            "iss": platform.settings.base_url,
            "aud": audience or platform.settings.audience,
            "sub": client_id,
            "client_id": client_id,
            "scope": " ".join(scopes),
            "jurisdiction_id": platform.city.code,
            "iat": now,
            "exp": now + platform.settings.token_ttl_s,
            "jti": secrets.token_urlsafe(16),
        },
        typ=_TYP,
    )


def check_token(platform: Platform, request: Request) -> Claims:
    """The claims of the request's bearer token.

    Raises:
        Problem: unauthenticated or token_expired.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    claims = verified_claims(token, platform.keys.signing_key, [ALGORITHM]) if scheme.lower() == "bearer" else None
    if claims is None or claims.get("iss") != platform.settings.base_url:
        raise Problem("unauthenticated", "Send a bearer token of this gateway's authorization server.")
    if claims.get("aud") != platform.settings.audience:
        raise Problem("unauthenticated", "The token is for another audience.")
    if claims["exp"] <= platform.clock.timestamp():
        raise Problem("token_expired", "The token has expired; ask for a new one.")
    if platform.clients.get(claims["client_id"]) is None:
        raise Problem("unauthenticated", "The token's client is not registered.")
    return Claims(claims["client_id"], frozenset(claims["scope"].split()), claims["jurisdiction_id"])
