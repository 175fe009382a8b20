"""Refresh tokens: each good once, and all of a login dead when one is used twice (RFC 9700 section 4.14.2)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final

_LIFE_S: Final = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Login:
    """What a person allowed a client.

    Attributes:
        client_id: the client.
        subject: the person, by the pseudonym this client knows.
        scopes: what was allowed.
        jkt: thumbprint of the DPoP key the login is bound to; None where it is bound to none.
    """

    client_id: str
    subject: str = field(repr=False)
    scopes: tuple[str, ...]
    jkt: str | None = None


@dataclass(slots=True)
class _Family:
    login: Login
    current: bytes
    expires_at: float
    spent: set[bytes] = field(default_factory=set)


class Families:
    """The logins that can be renewed. In memory: a restarted sandbox asks people to log in again."""

    def __init__(self) -> None:
        self._of: dict[bytes, _Family] = {}
        self._withdrawn: set[str] = set()

    def begin(self, login: Login, now: float) -> str:
        """The first refresh token of a login.

        Args:
            login: what was allowed.
            now: the city's time in seconds since the epoch.
        """
        token = secrets.token_urlsafe(32)
        family = _Family(login, _hash(token), now + _LIFE_S)
        self._of[family.current] = family
        return token

    def login_of(self, token: str, client_id: str) -> Login | None:
        """The login a token is of, used or not; None where it is unknown or another client's."""
        family = self._of.get(_hash(token))
        return None if family is None or family.login.client_id != client_id else family.login

    def redeem(self, token: str, client_id: str, now: float) -> str | None:
        """The token that follows; None where this one is unknown, over, another client's, or was used before.

        A second use kills the whole login: one of the two users is a thief, and nobody can tell which.
        """
        family = self._of.get(_hash(token))
        if family is None or family.login.client_id != client_id:
            return None
        if family.current != _hash(token) or now >= family.expires_at:
            self._kill(family)
            return None
        follower = secrets.token_urlsafe(32)
        family.spent.add(family.current)
        family.current = _hash(follower)
        self._of[family.current] = family
        return follower

    def end(self, token: str, client_id: str) -> bool:
        """End a login by any of its refresh tokens; False where it is not this client's."""
        family = self._of.get(_hash(token))
        if family is None or family.login.client_id != client_id:
            return False
        self._kill(family)
        return True

    def withdraw(self, jti: str) -> None:
        """Let an access token count no more."""
        self._withdrawn.add(jti)

    def is_withdrawn(self, jti: str) -> bool:
        """Whether an access token was revoked."""
        return jti in self._withdrawn

    def clear(self) -> None:
        """Forget all."""
        self._of.clear()
        self._withdrawn.clear()

    def _kill(self, family: _Family) -> None:
        for mark in (family.current, *family.spent):
            self._of.pop(mark, None)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
