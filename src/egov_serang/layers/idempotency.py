"""Idempotency keys: born once per write, before the first attempt, and the same over all of them."""

from __future__ import annotations

from typing import Final

from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.ids import random_id
from egov_serang.core.message import Response
from egov_serang.errors import ConnectionFailed, DeadlineExceeded

WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Idempotency:
    """Puts `Idempotency-Key` on every write. Source: contract-v1 section 1.

    Args:
        honoured: False where the service knows no such keys: none is sent, and no error promises anything of one.
    """

    def __init__(self, *, honoured: bool = True) -> None:
        self._honoured = honoured

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        if self._honoured and exchange.call.method in WRITES:
            if exchange.idempotency_key is None:
                exchange.idempotency_key = random_id()
            exchange.headers["idempotency-key"] = exchange.idempotency_key
        else:
            exchange.idempotency_key = None
        if self._honoured or exchange.call.safety != "never_repeat":
            return await next(exchange)
        try:
            return await next(exchange)
        except (ConnectionFailed, DeadlineExceeded) as error:
            if exchange.sent != "no":
                error.hint = (
                    "The service may have acted and knows no idempotency keys: look the result up before repeating"
                )
            raise
