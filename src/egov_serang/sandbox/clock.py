"""Two times: the city's time, which tests move, and the wall clock, by which messages are fresh or stale."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The movable clock.

    Statutory terms, token expiry and idempotency records follow `now()`. The freshness of a signature or assertion
    follows `wall()`, so that moving the city by a week does not make every client's clock wrong; `skew_s` does that.
    """

    def __init__(self) -> None:
        self._advanced = timedelta()
        self._skew_s = 0.0

    def now(self) -> datetime:
        """The city's time, aware, UTC."""
        return datetime.now(UTC) + self._advanced

    def timestamp(self) -> float:
        """The city's time in seconds since the epoch."""
        return self.now().timestamp()

    def wall(self) -> float:
        """Seconds since the epoch as this server believes, for messages in transit and the `Date` header."""
        return time.time() + self._skew_s

    def advance(self, seconds: float) -> None:
        """Move the city's time forward."""
        self._advanced += timedelta(seconds=seconds)

    def skew(self, seconds: float) -> None:
        """Let the server's wall clock be wrong by this much."""
        self._skew_s = seconds

    def reset(self) -> None:
        """Back to real time."""
        self._advanced = timedelta()
        self._skew_s = 0.0
