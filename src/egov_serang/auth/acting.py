"""Statements that a client acts for an officer (contract-v1 section 6)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Final, Protocol

from joserfc import jwt

from egov_serang.signing.following import Followed
from egov_serang.signing.keys import PrivateKey

LIFETIME: Final = 60


@dataclass(frozen=True, slots=True)
class Officer:
    """An officer (*aparatur*) of the city. The number has a date of birth in it, so it is never shown.

    Args:
        officer_id: the civil servant's number (NIP), or what the city uses instead.
        unit: the organisation unit (*perangkat daerah*, OPD) acted for.
        loa: level of assurance with which the application knows that it is this officer.
    """

    officer_id: str = field(repr=False)
    unit: str
    loa: str


class Statements(Protocol):
    """Makes statements, one for each attempt."""

    def state(self, officer: Officer, now: int) -> str:
        """The value of X-Acting-For.

        Args:
            officer: who is acted for.
            now: seconds since the epoch.
        """
        ...


class SignedStatements:
    """Statements signed with the assertion key: 60 s, fresh `jti`, for the issuer alone.

    Args:
        client_id: as registered.
        issuer: the audience.
        key: the assertion key.
    """

    __slots__ = ("_client_id", "_issuer", "_key", "_signing")

    def __init__(self, client_id: str, issuer: str, key: PrivateKey) -> None:
        self._client_id, self._issuer, self._key = client_id, issuer, key
        self._signing = key.jose()

    def state(self, officer: Officer, now: int) -> str:
        claims = {
            "iss": self._client_id,
            "sub": officer.officer_id,
            "unit": officer.unit,
            "loa": officer.loa,
            "aud": self._issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + LIFETIME,
        }
        algorithm = self._key.jwt_algorithm
        header = {"alg": algorithm, "kid": self._key.keyid, "typ": "JWT"}
        return jwt.encode(header, claims, self._signing, algorithms=[algorithm])


class FollowingStatements:
    """Statements that follow their key file, as assertions do.

    Args:
        followed: makes the statements of what the file holds.
    """

    __slots__ = ("_followed",)

    def __init__(self, followed: Followed[SignedStatements]) -> None:
        self._followed = followed

    def state(self, officer: Officer, now: int) -> str:
        return self._followed.current(now).state(officer, now)
