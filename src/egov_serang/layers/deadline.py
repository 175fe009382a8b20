"""The total deadline: attempts, waits, token fetches and reading together. The transport cuts; this layer names it."""

from __future__ import annotations

from typing import Final

from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response
from egov_serang.errors import ConnectionFailed, DeadlineExceeded

_MOMENT: Final = 0.02


class Deadline:
    """Refuses to start without time, and calls a failure at the deadline by its name.

    Raises:
        DeadlineExceeded: with `sent` as the transmissions left it.
    """

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        if exchange.remaining() <= 0:
            raise _over(exchange)
        try:
            return await next(exchange)
        except ConnectionFailed:
            if exchange.remaining() > _MOMENT:
                raise
        raise _over(exchange)


def _over(exchange: Exchange) -> DeadlineExceeded:
    return DeadlineExceeded(
        f"no answer within {exchange.timeout:g} s",
        code="deadline",
        hint="Raise it with with_options(deadline=...), or repeat with the same idempotency_key",
        sent=exchange.sent,
    )
