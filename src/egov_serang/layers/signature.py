"""Signs each transmission last, over its final bytes, with a fresh time and nonce."""

from __future__ import annotations

from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response
from egov_serang.signing.profiles import SignatureProfile


class Signature:
    """Lets the client's profile sign. Source: contract-v1 section 1."""

    def __init__(self, profile: SignatureProfile) -> None:
        self._profile = profile

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        call = exchange.call
        if not call.signed:
            return await next(exchange)
        if call.body is not None and exchange.digest is None:
            exchange.digest = self._profile.digest(call.body.chunks())
        # The headers get no name here: this frame lives while the request is under way, and they hold the token.
        at = exchange.runtime.wall()
        self._profile.sign(call.method, exchange.url, exchange.headers, digest=exchange.digest, at=at)
        return await next(exchange)
