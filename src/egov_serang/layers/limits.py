"""A token bucket that follows what a service announces, and a limit of calls at once that follows what it refuses.

Pure: they are told the time, and whoever uses them holds a lock.

Source: layers.md 3.3 and 5.1 (additive increase, multiplicative decrease).
"""

from __future__ import annotations

from math import floor
from typing import Final

from egov_serang.layers.quotas import Quota

HORIZON: Final = 120.0
"""Seconds for which an announcement is believed: what is longer is asked for again then."""

_SECOND: Final = 1.0
_LONG_AGO: Final = float("-inf")
_DECREASE: Final = 0.9
_PROBE: Final = 150


class Bucket:
    """The requests left of one announced limit, refilled at its reset.

    Attributes:
        taken: tokens taken so far; tells an answer what was sent after the request it is to.
        queued: callers asleep until there are new tokens.
    """

    def __init__(self) -> None:
        self.taken = 0
        self.queued = 0
        self.left = 0
        self._most = 0
        self._window = _SECOND
        self._reset_at = _LONG_AGO
        self._heard = 0

    def learn(self, quota: Quota, number: int | None, now: float) -> None:
        """Take an announcement over.

        Args:
            quota: what the answer says.
            number: of the request's token: what took one after it, the service has not counted. None: it took none.
            now: monotonic seconds.
        """
        if number is not None:
            if number < self._heard:
                return  # a later request has been answered already, and its answer knew more
            self._heard = number
        self._most = quota.most if quota.most is not None else max(self._most, quota.remaining + 1)
        if quota.remaining == 0 and quota.most is None and self._most == 1:
            self._most = 0  # nothing is known but that there is nothing now
        reset = quota.reset if quota.reset is not None else quota.window or _SECOND
        # Services count in whole seconds: what resets in 0 of them need not have done so yet.
        self._window = min(HORIZON, max(quota.window or reset, _SECOND))
        self._reset_at = now + min(HORIZON, max(reset, _SECOND) if quota.remaining == 0 else reset)
        self.left = max(0, quota.remaining - (0 if number is None else self.taken - number))

    def wait(self, now: float) -> float:
        """Seconds until there is a token for one who comes now; 0 when there is one."""
        self._refill(now)
        if self.left > 0 or self.spent(now):
            return 0.0
        ahead = self.queued // self._most if self._most else 0
        return self._reset_at - now + ahead * self._window

    def take(self) -> int:
        """Take a token; where none is known of, the caller found out with `wait` that none is needed."""
        self.left = max(0, self.left - 1)
        self.taken += 1
        return self.taken

    def give_back(self) -> None:
        """Return a token of a request that was not sent after all."""
        self.left = min(self.left + 1, self._most)

    def spent(self, now: float) -> bool:
        """Whether it says nothing any more: its time is over, and what comes after it is not known."""
        return self._most == 0 and now >= self._reset_at

    def _refill(self, now: float) -> None:
        if now < self._reset_at or self._most == 0:
            return
        self._reset_at += self._window * (1 + floor((now - self._reset_at) / self._window))
        self.left = self._most
        self._heard = 0

    def idle(self, now: float) -> bool:
        """Whether nobody waits for it, and it was neither used nor heard of for a whole window."""
        return self.queued == 0 and now >= self._reset_at + self._window


class Concurrency:
    """How many calls may be under way at once.

    A refusal tells what was too much: the calls under way, less those of them that were refused before it. The limit
    goes a tenth below that. It grows by one for each round of successes, but near where the service refused before by
    one for every 150; while those go well, in steps twice as large each time.

    Args:
        most: calls at once that are never exceeded; it begins there.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self._refused_at: float | None = None
        self._crowd = 0.0
        self._refused = 0
        self._since = self._before = _LONG_AGO
        self._credit = 0
        self._step = 1

    @property
    def allowed(self) -> int:
        """Calls that may be under way, at least 1."""
        return int(self.limit)

    def succeeded(self) -> None:
        """A call went well."""
        if self.limit >= self.most:
            return
        self._credit += 1
        near = self._refused_at is not None and self.limit + 1 > self._refused_at * _DECREASE
        if self._credit < (max(self.limit, _PROBE) if near else self.limit):
            return
        self._credit = 0
        if self._refused_at is not None and self.limit >= self._refused_at:  # it can do more now than it could then
            self._refused_at = self.limit
            self._step *= 2
        self.limit = min(float(self.most), self.limit + (self._step if near else 1))

    def refused(self, started: float, under_way: int, now: float) -> bool:
        """The service was too busy for a call.

        Args:
            started: when it was let through. Who was let through before the last decrease is of the crowd behind it.
            under_way: calls at once when it was refused, with it.
            now: monotonic seconds.

        Returns:
            Whether this lowered the limit.
        """
        if started < self._before:
            return False
        if started >= self._since:
            self._crowd = min(self.limit, float(max(1, under_way)))
            self._refused = 0
            self._before, self._since = self._since, now
        self._refused += 1
        self._refused_at = max(1.0, self._crowd - self._refused + 1)
        before, self.limit = self.limit, min(self.limit, max(1.0, self._refused_at * _DECREASE))
        self._credit, self._step = 0, 1
        return self.limit < before
