"""The one repetition that a refused time gets, after the clock was corrected."""

from __future__ import annotations

from egov_serang.core.clock import Clock
from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response
from egov_serang.errors import SignatureRefused


class Skew:
    """Repeats once what was refused as `clock_skew`, with the time of that refusal.

    The repetition is free: a request refused for its time was not executed.

    Args:
        clock: the gateway's.

    Source: contract-v1 section 1.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        try:
            return await next(exchange)
        except SignatureRefused as error:
            if error.code != "clock_skew" or exchange.skew is None:
                raise
            refused = error
        if self._clock.adopt(exchange.skew, exchange.correction):
            return await next(exchange)
        refused.hint = f"Set this machine's clock: the gateway's is {exchange.skew:+.0f} s from it"
        raise refused
