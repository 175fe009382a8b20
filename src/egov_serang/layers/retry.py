"""Repeating what may be repeated: a positive list of outcomes, full jitter, the service's hints, a budget.

Source: layers.md 3.3 and contract-v1 section 1. tenacity supplies the schedules and is loaded after the first failure.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response
from egov_serang.errors import (
    Conflict,
    ConnectionFailed,
    EgovError,
    RateLimited,
    ServerFault,
    SignatureInvalid,
    UnexpectedReply,
)

_LONGEST_HINT: Final = 120.0
_DAMAGED: Final = frozenset({"signature_missing", "signature_wrong", "digest"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an outcome may be repeated: on the slow schedule of a busy service, and at which price."""

    slow: bool
    cost: int


_FAULT: Final = Verdict(slow=False, cost=14)
_BUSY: Final = Verdict(slow=True, cost=5)


def judge(exchange: Exchange, error: EgovError) -> Verdict | None:
    """Whether this outcome of this call may be repeated; a pure function. None: never.

    A write is repeated only with a key the wire honours, or when it provably never reached the service.
    """
    repeatable = exchange.call.safety != "never_repeat" or exchange.sent == "no"
    if isinstance(error, RateLimited):
        return _BUSY  # throttled means not executed
    if isinstance(error, Conflict):
        return _BUSY if error.code == "idempotency_in_progress" else None
    if isinstance(error, ServerFault):
        return (_BUSY if error.status == 503 else _FAULT) if repeatable else None  # noqa: PLR2004 - HTTP
    if isinstance(error, SignatureInvalid):  # damage on the way may be gone; who signs otherwise will do so again
        return _FAULT if repeatable and error.code in _DAMAGED else None
    if isinstance(error, ConnectionFailed | UnexpectedReply):
        permanent = (error.code or "").startswith("permanent_") or error.code in {"redirect", "wrong_shape"}
        return _FAULT if repeatable and not permanent else None
    return None


class RetryBudget:
    """What a client may spend on repetitions, shared by all its threads and tasks.

    Args:
        tokens: the most it can hold, and what it begins with.
    """

    def __init__(self, tokens: int = 500) -> None:
        self._most = tokens
        self._left = tokens
        self._lock = threading.Lock()

    @property
    def left(self) -> int:
        """Tokens left."""
        return self._left

    def spend(self, cost: int) -> bool:
        """Take the cost of one repetition; False, and nothing taken, where it is not there."""
        with self._lock:
            if self._left < cost:
                return False
            self._left -= cost
            return True

    def refund(self, amount: int) -> None:
        """Give back: the cost of a repetition that succeeded, or 1 for a success at the first attempt."""
        if self._left < self._most:
            with self._lock:
                self._left = min(self._most, self._left + amount)


class Retry:
    """Repeats within the deadline and the budget. Cancellation, and all that is not ours, passes straight through."""

    def __init__(self, budget: RetryBudget) -> None:
        self._budget = budget

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        try:
            response = await next(exchange)
        except EgovError as error:
            exchange.note(error)
            failure = error
        else:
            self._budget.refund(1)
            return response
        return await self._repeat(exchange, next, failure)

    async def _repeat(self, exchange: Exchange, next: Next, failure: EgovError) -> Response:
        from egov_serang.layers.schedule import Schedule  # noqa: PLC0415 - loads tenacity, which a success never needs

        schedule = Schedule(exchange.retries)
        while True:
            verdict = judge(exchange, failure)
            if verdict is None:
                break
            wait = schedule.wait(slow=verdict.slow, hint=failure.retry_after)
            if wait is None or wait > _LONGEST_HINT or wait >= exchange.remaining():
                break
            if not self._budget.spend(verdict.cost):
                failure.hint = "The client's retry budget is used up: the service is failing often; slow down"
                break
            exchange.repeated += 1
            exchange.waited += wait
            await exchange.runtime.sleep(wait)
            try:
                response = await next(exchange)
            except EgovError as error:
                exchange.note(error)
                failure = error
            else:
                self._budget.refund(verdict.cost)
                return response
        raise failure
