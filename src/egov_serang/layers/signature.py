"""Signs each transmission last, over its final bytes, with a fresh time and nonce."""

from __future__ import annotations

from egov_serang.core.clock import Clock, skew
from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response
from egov_serang.signing.profiles import SignatureProfile

_REFUSALS = 400


class Signature:
    """Lets the client's profile sign, by the gateway's clock as far as it is known.

    Args:
        profile: how.
        clock: the gateway's; every answer that is no refusal tells it more.

    Source: contract-v1 section 1.
    """

    def __init__(self, profile: SignatureProfile, clock: Clock) -> None:
        self._profile, self._clock = profile, clock

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        call = exchange.call
        if not call.signed:
            return await next(exchange)
        if call.body is not None and exchange.digest is None:
            exchange.digest = self._profile.digest(call.body.chunks())
        # The headers get no name here: this frame lives while the request is under way, and they hold the token.
        before, exchange.correction = exchange.runtime.wall(), self._clock.offset
        at = before + exchange.correction
        self._profile.sign(call.method, exchange.url, exchange.headers, digest=exchange.digest, at=at)
        response = await next(exchange)
        after = exchange.runtime.wall()
        exchange.skew = skew(response.headers, before, after)
        if response.status < _REFUSALS:  # a proxy that refuses on the gateway's behalf has a clock of its own
            self._clock.observe(exchange.skew, after - before)
        return response
