"""The proof of possession on each transmission, and the repetitions a refused proof gets."""

from __future__ import annotations

from typing import Final

from egov_serang.auth.dpop import INVALID_PROOF, USE_NONCE, ProofKey, challenged
from egov_serang.core.clock import Clock, skew
from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response
from egov_serang.errors import EgovError, SignatureRefused, Unauthorized

_UNAUTHORIZED: Final = 401
_TOLERATED: Final = 30.0  # contract-v1 section 1


class Dpop:
    """Puts a new DPoP proof beside the token of each transmission, with the nonce the service asked for last.

    A refusal that brings a nonce is repeated with it once, one that is about our time once with the service's. Both
    repetitions are free and leave the token alone: a request refused for its proof was not executed.

    Args:
        key: what the tokens are bound to.
        clock: the gateway's.

    Source: RFC 9449 sections 7 and 9, layers.md 2.2 rules 5 and 6.
    """

    def __init__(self, key: ProofKey, clock: Clock) -> None:
        self._key, self._clock = key, clock

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        if not exchange.call.authenticated:
            return await next(exchange)
        causes = {USE_NONCE, INVALID_PROOF}
        while True:
            before, applied = exchange.runtime.wall(), self._clock.offset
            token = exchange.headers["authorization"].partition(" ")[2]
            exchange.headers["dpop"] = self._key.proof(exchange.call.method, exchange.url, before + applied, token)
            del token
            try:
                response = await next(exchange)
            except EgovError as error:
                failure = error
            else:
                self._key.learn(exchange.url, response.headers)
                return response
            cause = self._cause(exchange, failure, before, applied)
            if cause not in causes:
                raise failure
            causes.remove(cause)

    def _cause(self, exchange: Exchange, failure: EgovError, before: float, applied: float) -> str | None:
        """What of our proof was refused, where a repetition can do better."""
        headers = exchange.received
        if headers is None:
            return None
        nonce = self._key.learn(exchange.url, headers)
        if not _believed(exchange, failure):
            return None
        cause = challenged(headers)
        if USE_NONCE in {failure.code, cause}:
            return USE_NONCE if nonce else None
        if cause != INVALID_PROOF:
            return None
        ahead = skew(headers, before, exchange.runtime.wall())
        if self._clock.adopt(ahead, applied):
            return INVALID_PROOF
        if ahead is not None and abs(ahead - applied) > _TOLERATED:
            failure.hint = f"Set this machine's clock: the gateway's is {ahead:+.0f} s from it"
        return None


def _believed(exchange: Exchange, failure: EgovError) -> bool:
    """Whether this is a refusal of the service's own: bound to our request, and signed where that is promised.

    Services of other contracts refuse a proof without a problem document.
    """
    refused = isinstance(failure, Unauthorized | SignatureRefused) or failure.code == "not_a_problem"
    return refused and exchange.status == _UNAUTHORIZED
