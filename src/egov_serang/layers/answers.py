"""Binding answers to requests, and reading refusals by their meaning."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.ids import request_id
from egov_serang.core.message import Response
from egov_serang.errors import EgovError, UnexpectedReply

_NOT_A_RESULT: Final = 300
_NOT_MODIFIED: Final = 304
_REFUSALS: Final = 400
_TIMED_OUT: Final = 408
PROXY_MAY_ANSWER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""What a proxy in between may say on its own, without request id and signature: nothing but that it did not work."""


class Answers:
    """Gives every transmission a new `X-Request-Id` and accepts only the answer that carries it.

    Args:
        echo_promised: asked when an answer carries none: whether this gateway promises the echo. A proxy in between
            that answers 429 or 5xx on its own is believed without. None where the wire knows no request ids: servers
            that number their answers in that very header, as many frameworks do, must not look like confused ones.

    Source: contract-v1 section 1, layers.md 1.9.
    """

    def __init__(self, echo_promised: Callable[[Exchange], Awaitable[bool]] | None) -> None:
        self._echo_promised = echo_promised

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        exchange.request_id = exchange.headers["x-request-id"] = request_id()
        try:
            response = await next(exchange)
            echoed = response.headers.get("x-request-id")
            bound = self._echo_promised is not None and echoed != exchange.request_id
            if bound and (echoed is not None or await self._missed(exchange, response)):
                response.condemn()
                raise UnexpectedReply(
                    "the answer does not carry this request's X-Request-Id",
                    code="unbound_answer",
                    hint="Its connection was dropped. If the gateway never echoes the id, set request_id_echo = false",
                    sent="yes",
                )
            if response.status >= _NOT_A_RESULT:
                self._refuse(exchange, response)
        except EgovError as error:
            exchange.note(error)  # here: the layers around this one repeat some refusals on their own
            raise
        return response

    def _refuse(self, exchange: Exchange, response: Response) -> None:
        status = response.status
        if status >= _REFUSALS:
            if status == _TIMED_OUT:  # it may have read half of the request, and take the rest for another one
                response.condemn()
            raise exchange.call.read_error(response)
        if not (status == _NOT_MODIFIED and "if-none-match" in exchange.headers):
            host = urlsplit(response.headers.get("location", "")).hostname
            raise UnexpectedReply(
                f"the gateway redirects to {host or 'elsewhere'}; redirects are never followed",
                code="redirect",
                hint="Configure the gateway's final address",
                sent="yes",
            )

    async def _missed(self, exchange: Exchange, response: Response) -> bool:
        if self._echo_promised is None or not exchange.call.authenticated or response.status in PROXY_MAY_ANSWER:
            return False
        return await self._echo_promised(exchange)
