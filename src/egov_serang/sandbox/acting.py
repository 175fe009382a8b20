"""Statements that a client acts for an officer, checked (contract-v1 section 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fastapi import Request

from egov_serang.sandbox.clients import Client
from egov_serang.sandbox.jose import assertion_algorithms, key_id, verified_claims
from egov_serang.sandbox.platform import Platform
from egov_serang.sandbox.problems import Problem
from egov_serang.sandbox.proof import SKEW_S

HEADER: Final = "x-acting-for"
_LIFE_MAX_S: Final = 60


@dataclass(frozen=True, slots=True)
class Officer:
    """For whom a client acts, as its statement says."""

    officer_id: str = field(repr=False)
    unit: str
    loa: str


def officer_of(platform: Platform, request: Request, client: Client) -> Officer | None:
    """The officer a signed request is made for; None where it is made for none. Its `jti` is used up.

    Raises:
        Problem: forbidden, where the statement does not hold; clock_skew, where only its time is wrong.
    """
    statement = request.headers.get(HEADER)
    if statement is None:
        return None
    kid = key_id(statement)
    key = None if kid is None else client.assertion_keys.get(kid)
    claims = None if key is None else verified_claims(statement, key, assertion_algorithms(key))
    if claims is None or claims.get("iss") != client.client_id or claims.get("aud") != platform.settings.base_url:
        raise _refused("It must be signed with this client's assertion key, by and for it: iss, aud.")
    said = [claims.get(name) for name in ("sub", "unit", "loa", "jti")]
    texts = [text for text in said if isinstance(text, str) and text.strip()]
    issued, expires, now = claims.get("iat"), claims.get("exp"), platform.clock.wall()
    if len(texts) != len(said) or not isinstance(issued, int | float) or not isinstance(expires, int | float):
        raise _refused("It must have sub, unit, loa, jti, iat and exp.")
    if not 0 < expires - issued <= _LIFE_MAX_S:
        raise _refused("It may live for 60 s.")
    if not issued - SKEW_S <= now < expires + SKEW_S:
        raise Problem("clock_skew", "X-Acting-For was made too early or too late; compare the Date header.")
    officer_id, unit, loa, jti = texts
    if not platform.replays.first_time("acting", client.client_id, jti, now=now, until=expires + SKEW_S + 1):
        raise _refused("It was used before; make a new one for every attempt.")
    return Officer(officer_id, unit, loa)


def _refused(detail: str) -> Problem:
    return Problem("forbidden", f"X-Acting-For does not hold. {detail}")
