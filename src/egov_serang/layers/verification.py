"""Checks the signatures of answers, before anything of them is believed."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from egov_serang.core.clock import Clock, date_of
from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response, Stream
from egov_serang.core.runtime import Runtime
from egov_serang.errors import EgovError, SignatureInvalid
from egov_serang.layers.answers import PROXY_MAY_ANSWER
from egov_serang.signing.algorithms import VerifyKey
from egov_serang.signing.base import Message
from egov_serang.signing.messages import LABEL
from egov_serang.signing.verifier import MessageVerifier, keyid_of

KeySource = Callable[[str, Runtime, float], Awaitable[VerifyKey | None]]
"""Finds the gateway's key of a name, on this runtime and before this deadline; None where it has no such key."""

_MARK: Final = f"{LABEL}="


class Verification:
    """Accepts only answers whose signature holds; unsigned ones where the gateway promises no signatures.

    Asks for bodies as they are (`accept-encoding: identity`), since a digest covers what was sent, compressed or not.

    Args:
        keys: the gateway's.
        clock: the gateway's.
        promised: asked when an answer is unsigned: whether this gateway promises to sign.

    Source: contract-v1 section 1, RFC 9421 section 2.4 (binding an answer to its request).
    """

    def __init__(self, keys: KeySource, clock: Clock, promised: Callable[[Exchange], Awaitable[bool]]) -> None:
        self._keys, self._clock, self._promised = keys, clock, promised

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        if not exchange.call.signed:
            return await next(exchange)
        exchange.headers["accept-encoding"] = "identity"
        response = await next(exchange)
        signed = _MARK in response.headers.get("signature-input", "")
        if not signed and (response.status in PROXY_MAY_ANSWER or not await self._promised(exchange)):
            return response
        try:
            await self._check(exchange, response)
        except EgovError as error:  # also where the keys cannot be had: nobody will read this answer
            refused = error
        else:
            return response
        await _drop(response)
        raise _refusal(refused) if isinstance(refused, SignatureInvalid) else refused

    async def _check(self, exchange: Exchange, response: Response) -> None:
        request = Message(exchange.headers, exchange.call.method, exchange.url)
        answer = Message(response.headers, status=response.status, request=request)
        keyid = keyid_of(answer)
        key = await self._keys(keyid, exchange.runtime, exchange.deadline)
        verifier = MessageVerifier({keyid: key}.get)
        # By the gateway's own clock, wrong as it may be: a refusal of our time must be readable. That the answer is
        # fresh follows from what it covers, the signature of a request that has just left.
        now = date_of(response.headers) or exchange.runtime.wall() + self._clock.offset
        if response.stream is None:
            verifier.answer(answer, response.body, now=now)
        else:
            expected = verifier.answer_head(answer, now=now)
            response.stream = _Checked(exchange, response, response.stream, expected)


class _Checked(Stream):
    """Hands pieces on, and says only then that this was all when the digest of all of them holds."""

    def __init__(self, exchange: Exchange, response: Response, stream: Stream, expected: Mapping[str, bytes]) -> None:
        self._exchange, self._response, self._stream = exchange, response, stream
        self._expected = expected
        self._digests = {name: hashlib.new(name.replace("-", "")) for name in expected}
        self._size = 0

    async def read(self) -> bytes:
        piece = await self._stream.read()
        if piece:
            self._size += len(piece)
            for digest in self._digests.values():
                digest.update(piece)
            return piece
        held = all(digest.digest() == self._expected[name] for name, digest in self._digests.items())
        if held and bool(self._digests) == bool(self._size):
            return piece
        await _drop(self._response)
        error = _refusal(SignatureInvalid("Content-Digest does not hold for the body", code="digest"))
        error.operation, error.request_id = self._exchange.call.operation, self._exchange.request_id
        raise error

    async def close(self) -> None:
        await self._stream.close()


async def _drop(response: Response) -> None:
    response.condemn()
    if response.stream is not None:
        await response.stream.close()


def _refusal(error: SignatureInvalid) -> SignatureInvalid:
    """The error, with what it means for a call."""
    error.hint = "The answer was not used and its connection was dropped. Report the request id to the gateway"
    error.sent = "yes"
    return error
