"""How far a server's clock is from this machine's, learnt from the `Date` of its answers. Pure: it reads no clock.

`Date` is covered by no signature; what keeps strangers from writing it is TLS. So it moves what we sign by at most
15 minutes, and never what we believe.

Source: contract-v1 section 1 (`clock_skew` is repeated once after the clock was corrected).
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from statistics import median
from typing import Final

from egov_serang.core import forks

FARTHEST: Final = 900.0
"""Seconds beyond which a clock is not corrected: it is to be set."""

_NEAR: Final = 2.0  # `Date` counts whole seconds, and travels
_KEPT: Final = 9
_VAGUE: Final = 5.0


def date_of(headers: Mapping[str, str]) -> float | None:
    """When an answer says it was made, in seconds since the epoch."""
    return _seconds(headers.get("date", ""))


@functools.lru_cache(maxsize=16)
def _seconds(field: str) -> float | None:
    try:
        return parsedate_to_datetime(field).timestamp()
    except (ValueError, OverflowError):
        return None


def skew(headers: Mapping[str, str], before: float, after: float) -> float | None:
    """Seconds the server's clock is ahead, to half a second and half the way there and back; None where it is silent.

    Args:
        headers: of its answer; one out of a cache (`Age`) says nothing about now.
        before: our clock when the request left.
        after: our clock when the answer was there.
    """
    said = date_of(headers)
    # `Date` counts whole seconds; the server wrote it somewhere between our two readings.
    return None if said is None or "age" in headers else said + 0.5 - (before + after) / 2


class Clock:
    """The correction for one server, shared by all threads and tasks that talk to it."""

    def __init__(self) -> None:
        self._seen: deque[float] = deque(maxlen=_KEPT)
        self._lock = forks.lock()
        self.offset = 0.0
        """Seconds to add to our clock for this server; 0 while both agree to two seconds."""

    def observe(self, skew: float | None, took: float) -> None:
        """Learn from an answer: the median of the last nine counts.

        Args:
            skew: as measured.
            took: seconds between the two readings; long ones measure badly.
        """
        if skew is None or not abs(skew) <= FARTHEST or took > _VAGUE:
            return
        with self._lock:
            self._seen.append(skew)
            self._settle()

    def adopt(self, skew: float | None, applied: float) -> bool:
        """Take over what the refusal of our time says.

        Args:
            skew: as measured.
            applied: the correction that was refused; another call may have changed it since.

        Returns:
            Whether trying again makes sense: with another correction than the one refused.
        """
        if skew is None or not abs(skew) <= FARTHEST or abs(skew - applied) <= _NEAR:
            return False
        with self._lock:
            self._seen.clear()  # one of the two clocks has been moved: what was seen before is past
            self._seen.append(skew)
            self._settle()
        return True

    def _settle(self) -> None:
        middle = median(self._seen)
        self.offset = middle if abs(middle) > _NEAR else 0.0
