"""When to repeat: tenacity's full-jitter waits and attempt limit, the service's hint as the floor."""

from __future__ import annotations

from typing import Any, Final

from tenacity import RetryCallState, stop_after_attempt, wait_random_exponential

_BASE: Final = 0.2
_BASE_BUSY: Final = 1.0
_LONGEST: Final = 20.0


class Schedule:
    """The waits of one call.

    Args:
        retries: repetitions after the first attempt.
    """

    def __init__(self, retries: int) -> None:
        self._stop = stop_after_attempt(retries + 1)
        unused: Any = None  # the state is read for its attempt number alone
        self._state = RetryCallState(unused, None, (), {})

    def wait(self, *, slow: bool, hint: float | None) -> float | None:
        """Seconds to wait before the next attempt, or None where there is none left.

        Args:
            slow: whether the service said it is busy (base 1 s instead of 0.2 s).
            hint: the service's Retry-After in seconds; never undercut.
        """
        if self._stop(self._state):
            return None
        jitter = wait_random_exponential(multiplier=_BASE_BUSY if slow else _BASE, max=_LONGEST)(self._state)
        self._state.attempt_number += 1
        return jitter if hint is None else hint + min(jitter, _BASE)
