"""Says on each attempt for which officer it is made."""

from __future__ import annotations

from egov_serang.auth.acting import Officer, Statements
from egov_serang.core.clock import Clock
from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response


class ActingFor:
    """Puts a fresh statement on each authenticated attempt; the request's signature covers it.

    Args:
        officer: who is acted for.
        statements: signs them.
        clock: the gateway's.

    Source: contract-v1 section 6.
    """

    def __init__(self, officer: Officer, statements: Statements, clock: Clock) -> None:
        self._officer, self._statements, self._clock = officer, statements, clock

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        if exchange.call.authenticated:
            now = int(exchange.runtime.wall() + self._clock.offset)
            exchange.headers["x-acting-for"] = self._statements.state(self._officer, now)
        return await next(exchange)
