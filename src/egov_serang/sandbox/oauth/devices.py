"""Devices that wait for a person to let them in (RFC 8628): what was asked, and what the person said."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Final, Literal

LIFE_S: Final = 600
INTERVAL_S: Final = 5
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Without vowels no code is a word, and without digits none is misread (RFC 8628 section 6.1)."""

State = Literal["pending", "approved", "denied"]


@dataclass(slots=True)
class Waiting:
    """A device that waits.

    Attributes:
        client_id: its client.
        scopes: what it asks for.
        user_code: what the person types.
        ticket: shown only to who opened the page of this code, so that no other page can answer for the person.
        expires_at: by the city's time.
        interval: seconds between two questions.
        asked_at: when it asked last.
        state: what the person said.
        subject: who the person is, once approved.
    """

    client_id: str
    scopes: tuple[str, ...]
    user_code: str
    expires_at: float
    ticket: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    interval: int = INTERVAL_S
    asked_at: float | None = None
    state: State = "pending"
    subject: str = field(default="", repr=False)


class Devices:
    """Those who wait. In memory: they wait for ten minutes."""

    def __init__(self) -> None:
        self._by_device: dict[str, Waiting] = {}
        self._by_user: dict[str, Waiting] = {}

    def begin(self, client_id: str, scopes: list[str], now: float) -> tuple[str, Waiting]:
        """A new one, and its device code."""
        self._sweep(now)
        code = secrets.token_urlsafe(32)
        letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
        waiting = Waiting(client_id, tuple(scopes), f"{letters[:4]}-{letters[4:]}", now + LIFE_S)
        self._by_device[code] = self._by_user[letters] = waiting
        return code, waiting

    def typed(self, user_code: str, now: float) -> Waiting | None:
        """The one a person typed the code of, in whatever spelling; None where none waits."""
        waiting = self._by_user.get("".join(letter for letter in user_code.upper() if letter.isalpha()))
        return waiting if waiting is not None and waiting.state == "pending" and now < waiting.expires_at else None

    def asking(self, device_code: str) -> Waiting | None:
        """The one that asks for its token."""
        return self._by_device.get(device_code)

    def end(self, device_code: str) -> None:
        """Its answer was given: the code counts once."""
        waiting = self._by_device.pop(device_code, None)
        if waiting is not None:
            self._by_user.pop(waiting.user_code.replace("-", ""), None)

    def clear(self) -> None:
        """Forget all."""
        self._by_device.clear()
        self._by_user.clear()

    def _sweep(self, now: float) -> None:
        for code in [code for code, waiting in self._by_device.items() if now >= waiting.expires_at + LIFE_S]:
            self.end(code)
