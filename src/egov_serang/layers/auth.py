"""The token on each attempt, and the one renewal a refused token gets."""

from __future__ import annotations

from egov_serang.auth.dpop import USE_NONCE
from egov_serang.auth.tokens import TokenSource
from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response
from egov_serang.errors import Unauthorized


class Auth:
    """Puts the token on the request. A 401 drops that token, fetches another and repeats once.

    The repetition is free: a request refused for its token was not executed.

    Source: layers.md 2.2 rule 5.
    """

    def __init__(self, tokens: TokenSource) -> None:
        self._tokens = tokens

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        if not exchange.call.authenticated:
            return await next(exchange)
        token = self._tokens.ready(exchange.runtime.now()) or await self._tokens.get(
            exchange.runtime, exchange.deadline
        )
        exchange.headers["authorization"] = token.header()
        try:
            return await next(exchange)
        except Unauthorized as error:
            if error.code == USE_NONCE:  # a service that is content with no nonce has nothing against the token
                raise
            self._tokens.drop(token)
        token = await self._tokens.get(exchange.runtime, exchange.deadline)
        exchange.headers["authorization"] = token.header()
        return await next(exchange)
