"""One line per transmission, from an allow-list: method, path template, status, milliseconds, attempt, request id."""

from __future__ import annotations

import logging
from typing import Final

from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response
from egov_serang.errors import EgovError

logger: Final = logging.getLogger("egov_serang.wire")


class WireLog:
    """Logs at DEBUG. Never the filled path, the query, a header or a body. Source: layers.md 4.2 rule 2."""

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        if not logger.isEnabledFor(logging.DEBUG):
            return await next(exchange)
        start = exchange.runtime.now()
        outcome = "aborted"
        try:
            response = await next(exchange)
            outcome = str(response.status)
        except EgovError as error:
            outcome = f"{error.code} sent={error.sent}"
            raise
        finally:
            logger.debug(
                "%s %s %s %.1f ms attempt=%d request_id=%s",
                exchange.call.method,
                exchange.call.path,
                outcome,
                (exchange.runtime.now() - start) * 1000,
                exchange.attempt,
                exchange.request_id,
            )
        return response
