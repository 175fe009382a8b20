"""Static credentials on each attempt: the gateway's own way in, or a second one for the service behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from egov_serang.auth.static import StaticCredential
from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response

Current = Callable[[float], StaticCredential]
"""What is to be sent at a time, in seconds since the epoch."""


class Static:
    """Puts credentials on the request that are sent as they are. A refused one is not tried again: it is the same.

    Args:
        credentials: each in a place of its own.

    Source: contract-v1 section 1, national-systems.md section 3.
    """

    def __init__(self, credentials: Sequence[Current]) -> None:
        self._credentials = tuple(credentials)

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        if not exchange.call.authenticated:
            return await next(exchange)
        bare, exchange.secrets = exchange.url, ()
        try:
            for current in self._credentials:
                self._put(exchange, current(exchange.runtime.wall()))
            return await next(exchange)
        finally:
            exchange.url = bare  # the next attempt adds it anew, and whoever sees the exchange later finds no key

    @staticmethod
    def _put(exchange: Exchange, credential: StaticCredential) -> None:
        if credential.in_query:
            sign = "&" if "?" in exchange.url else "?"
            exchange.url += f"{sign}{credential.name}={quote(credential.text(), safe='')}"
        else:
            exchange.headers[credential.name] = credential.text()
        exchange.secrets += credential.secrets()
