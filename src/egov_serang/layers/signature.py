"""Signs each transmission last, over its final bytes, with a fresh time and nonce."""

from __future__ import annotations

from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response
from egov_serang.signing.digests import content_digest
from egov_serang.signing.messages import MessageSigner


class Signature:
    """Puts Content-Digest, Signature-Input and Signature on the request. Source: contract-v1 section 1, RFC 9421."""

    def __init__(self, signer: MessageSigner) -> None:
        self._signer = signer

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        call = exchange.call
        if not call.signed:
            return await next(exchange)
        if call.body is not None:
            if exchange.digest is None:
                exchange.digest = content_digest(call.body.chunks())
            exchange.headers["content-digest"] = exchange.digest
        # The headers get no name here: this frame lives while the request is under way, and they hold the token.
        self._signer.sign(call.method, exchange.url, exchange.headers, created=int(exchange.runtime.wall()))
        return await next(exchange)
