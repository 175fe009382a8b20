"""Repeating: as the policy says, within the deadline, out of a budget. Source: layers.md 3.3, contract-v1 section 1."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from egov_serang.core import forks
from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response
from egov_serang.errors import EgovError
from egov_serang.layers.policy import DEFAULT, LONGEST_HINT, RetryPolicy, cost

if TYPE_CHECKING:
    from egov_serang.layers.ratelimit import RateLimit


class RetryBudget:
    """What a client may spend on repetitions, shared by all its threads and tasks.

    Args:
        tokens: the most it can hold, and what it begins with.
    """

    def __init__(self, tokens: int = 500) -> None:
        self._most = tokens
        self._left = tokens
        self._lock = forks.lock()

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
    """Repeats within the deadline and the budget. Cancellation, and all that is not ours, passes straight through.

    Args:
        budget: of the client.
        policy: what is repeated and when.
        limiter: holds attempts back where the service asked for it; None where nothing is to be held.
    """

    def __init__(self, budget: RetryBudget, policy: RetryPolicy = DEFAULT, limiter: RateLimit | None = None) -> None:
        self._budget = budget
        self._policy = policy
        self._limiter = limiter

    def under(self, policy: RetryPolicy) -> Retry:
        """The same budget and limiter under another policy."""
        return Retry(self._budget, policy, self._limiter)

    def unheld(self) -> Retry:
        """The same budget and policy, and nothing held back: for what a call that was let through asks on its way."""
        return Retry(self._budget, self._policy)

    @property
    def policy(self) -> RetryPolicy:
        """What is repeated and when."""
        return self._policy

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        try:
            response = await self._attempt(exchange, next)
        except EgovError as error:
            self._note(exchange, error)
            failure = error
        else:
            self._budget.refund(1)
            if self._limiter is not None:
                self._limiter.hear(exchange)
            return response
        return await self._repeat(exchange, next, failure)

    def _attempt(self, exchange: Exchange, next: Next) -> Awaitable[Response]:
        """The attempt to be awaited. No coroutine of its own: an attempt that nothing holds back costs nothing here."""
        limiter = self._limiter
        return next(exchange) if limiter is None or not limiter.awake else limiter.carry(exchange, next)

    def _note(self, exchange: Exchange, error: EgovError) -> None:
        exchange.note(error)
        if self._limiter is not None:
            self._limiter.hear(exchange, error)

    async def _repeat(self, exchange: Exchange, next: Next, failure: EgovError) -> Response:
        while True:
            wait = self._policy.delay(exchange, failure)
            if wait is None or wait >= exchange.remaining():
                break
            price = cost(failure)
            if not self._budget.spend(price):
                failure.budget_exhausted = True
                failure.hint = "The client's retry budget is used up: the service is failing often; slow down"
                raise failure
            exchange.repeated += 1
            exchange.waited += wait
            await exchange.runtime.sleep(wait)
            try:
                response = await self._attempt(exchange, next)
            except EgovError as error:
                self._note(exchange, error)
                failure = error
            else:
                self._budget.refund(price)
                if self._limiter is not None:
                    self._limiter.hear(exchange)
                return response
        hint = failure.retry_after
        if failure.hint is None and hint is not None and (hint > LONGEST_HINT or hint >= exchange.remaining()):
            failure.hint = f"The service asks to come back in {hint:g} s, which is longer than this call may wait"
        raise failure
