"""How long and how often: tenacity's waits and stops, asked with a state made anew for each question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tenacity import Future, RetryCallState, stop_after_attempt, wait_exponential

from egov_serang.core.exchange import Exchange
from egov_serang.errors import EgovError

if TYPE_CHECKING:
    from tenacity.stop import StopBaseT
    from tenacity.wait import WaitBaseT

_LEAST: Final = 0.05  # a repetition at once meets what the attempt before it met
_LONGEST: Final = 20.0
_LONGEST_POLL: Final = 5.0
_BOUND: Final = wait_exponential(multiplier=0.2, max=_LONGEST)
_BOUND_BUSY: Final = wait_exponential(multiplier=1, max=_LONGEST)
_BOUND_POLL: Final = wait_exponential(multiplier=1, max=_LONGEST_POLL)


class Schedule:
    """What tenacity is asked about one failure of one call. Nothing of it outlives the question: calls share no state.

    Args:
        exchange: the call.
        outcome: how its last attempt failed.
        number: 1 for its first attempt.
    """

    def __init__(self, exchange: Exchange, outcome: EgovError, number: int) -> None:
        self._retries = exchange.retries
        unused: Any = None
        state = self._state = RetryCallState(unused, None, (), {})
        state.attempt_number = number
        state.outcome = Future.construct(number, outcome, has_exception=True)
        state.start_time = 0.0  # by the call's clock, not by tenacity's
        last = exchange.trail[-1] if exchange.trail else None
        state.outcome_timestamp = last.started + last.took if last else 0.0
        state.idle_for = sum(one.waited for one in exchange.trail)

    def jitter(self, random: float, *, busy: bool) -> float:
        """Full jitter below a bound that grows; never nothing."""
        bound = (_BOUND_BUSY if busy else _BOUND)(self._state)
        return _LEAST + random * (bound - _LEAST)

    def poll(self, number: int, random: float) -> float:
        """When to ask again for a write the service is still busy with."""
        self._state.attempt_number, kept = max(1, number), self._state.attempt_number
        bound = _BOUND_POLL(self._state)
        self._state.attempt_number = kept
        return _LEAST + random * (bound - _LEAST)

    def waits(self, wait: WaitBaseT) -> float:
        """What a wait of the caller's says."""
        seconds = float(wait(self._state))
        return seconds if seconds > 0 else 0.0

    def over(self, stop: StopBaseT | None, wait: float) -> bool:
        """Whether this was the last attempt: by the caller's stop, else by the call's retries."""
        self._state.upcoming_sleep = wait
        return bool((stop or stop_after_attempt(self._retries + 1))(self._state))
