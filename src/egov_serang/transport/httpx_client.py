"""A user's own httpx client as our transport. An httpx2 client fits as well, for nothing here depends on its class.

Connections, proxies, trust and mocks are then the user's. Ours stay: exact headers and target, no redirects, the checks
of framing and size, the deadline. What goes: a deadline on a dripped head (threads), and proof against stray answers
and cancelled calls, which are the affair of the client's pool.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from egov_serang.core.message import Body, Headers, Limits, Request, Response, Stream, TransportFault
from egov_serang.transport.answer import Intake, check_framing, fields, is_streamed
from egov_serang.transport.faults import Proof, translated
from egov_serang.transport.outgoing import header_fields, in_one_piece, locate, refused

if TYPE_CHECKING:
    import httpx
    import httpx2


def _left(limits: Limits, sent: Proof = "maybe") -> float:
    seconds = limits.deadline - time.monotonic()
    if seconds <= 0:
        raise _late(sent)
    return seconds


def _late(sent: Proof = "maybe") -> TransportFault:
    return TransportFault("timeout", sent=sent, reason="no complete answer in time")


def _chunks(body: Body) -> Iterator[bytes]:
    return body.chunks()


async def _achunks(body: Body) -> AsyncIterator[bytes]:
    for chunk in body.chunks():
        yield chunk


def _message(
    client: httpx.Client | httpx.AsyncClient, request: Request, limits: Limits, stream: Callable[[Body], Any]
) -> httpx.Request:
    """The content is read in here, in a frame that has ended when the request is under way."""
    if client.is_closed:
        raise refused("the client is closed")
    address, target = locate(request.url)
    left = _left(limits, sent="no")
    content = in_one_piece(request.body)
    if content is None and request.body is not None:
        content = stream(request.body)
    message = client.build_request(request.method, request.url, content=content)
    # Replaced, not merged: the client's default fields are not signed, and its cookies are somebody else's.
    message.headers = type(message.headers)(header_fields(request, address))
    read = min(limits.read, left)
    timeout = {"connect": min(limits.connect, left), "read": read, "write": read, "pool": left}
    # httpx normalises addresses; `target` keeps the bytes that were signed.
    message.extensions = {**message.extensions, "timeout": timeout, "target": target}
    return message


class _Received:
    """What both worlds do with an answer before its body."""

    def __init__(self, request: Request, answer: httpx.Response, limits: Limits) -> None:
        self.answer = answer
        self.limits = limits
        self.status = answer.status_code
        self.headers = fields(answer.headers.raw)
        if "network_stream" in answer.extensions:  # else a mock answered, whose bytes need no framing
            check_framing(request.method, self.status, self.headers)
        self.whole = answer.is_stream_consumed
        """The answer came with its content read and decoded already, as a mock's does."""
        self.intake = Intake(request.method, self.status, Headers() if self.whole else self.headers, limits.max_body)
        self.streamed = is_streamed(request.stream, self.status)

    def taken(self, piece: bytes | None) -> bytes:
        """One piece decoded, b"" at the end (None); b"" for a piece that decodes to nothing as well."""
        _left(self.limits)
        if piece is None:
            self.intake.finish()
            return b""
        return self.intake.feed(piece)


class _Download(Stream):
    def __init__(self, received: _Received) -> None:
        answer = received.answer
        self._received = received
        self._pieces: Iterator[bytes] = iter([answer.content]) if received.whole else answer.iter_raw()

    async def read(self) -> bytes:
        return self.piece()

    async def close(self) -> None:
        self._received.answer.close()

    def piece(self) -> bytes:
        try:
            for piece in self._pieces:
                if data := self._received.taken(piece):
                    return data
            return self._received.taken(None)
        except Exception as error:  # told by name, for the errors of httpx and httpx2 share no base
            fault = translated(error)
            if fault is None:
                raise
        raise fault


class HttpxTransport:
    """`Client(http_client=...)`: sends over a `httpx.Client`, or httpx2's, that stays the caller's affair."""

    def __init__(self, client: httpx.Client | httpx2.Client) -> None:
        self._client = cast("httpx.Client", client)  # httpx2's is like it in all that is used here

    def send(self, request: Request, limits: Limits) -> Response:
        """Send once and read the answer. The deadline clamps each phase and is checked between pieces of the body.

        Raises:
            TransportFault: no complete, well-framed answer within the limits.
        """
        message = _message(self._client, request, limits, _chunks)
        answer: httpx.Response | None = None
        try:
            answer = self._client.send(message, stream=True, auth=None, follow_redirects=False)
            received = _Received(request, answer, limits)
            download = _Download(received)
            if received.streamed:
                return Response(received.status, received.headers, stream=download)
            body = b"".join(iter(download.piece, b""))
            answer.close()
            return Response(received.status, received.headers, body)
        except BaseException as error:  # everything, for the answer must be closed whatever happened
            if answer is not None:
                answer.close()
            fault = translated(error)
            if fault is None:
                raise
        raise fault

    def close(self) -> None:
        """Nothing: whoever made the client closes it."""


class _AsyncDownload(Stream):
    def __init__(self, received: _Received) -> None:
        self._received = received
        self._pieces = _content(received.answer) if received.whole else received.answer.aiter_raw()

    async def read(self) -> bytes:
        try:
            async with asyncio.timeout(_left(self._received.limits)):
                async for piece in self._pieces:
                    if data := self._received.taken(piece):
                        return data
                return self._received.taken(None)
        except Exception as error:  # told by name, for the errors of httpx and httpx2 share no base
            fault = _late() if isinstance(error, TimeoutError) else translated(error)
            if fault is None:
                raise
        raise fault

    async def close(self) -> None:
        await self._received.answer.aclose()


class AsyncHttpxTransport:
    """`AsyncClient(http_client=...)`: sends over a `httpx.AsyncClient`, or httpx2's, that stays the caller's."""

    def __init__(self, client: httpx.AsyncClient | httpx2.AsyncClient) -> None:
        self._client = cast("httpx.AsyncClient", client)

    async def send(self, request: Request, limits: Limits) -> Response:
        """Send once and read the answer, the whole within the deadline.

        Raises:
            TransportFault: no complete, well-framed answer within the limits.
        """
        message = _message(self._client, request, limits, _achunks)
        answer: httpx.Response | None = None
        try:
            async with asyncio.timeout(_left(limits)):
                answer = await self._client.send(message, stream=True, auth=None, follow_redirects=False)
            received = _Received(request, answer, limits)
            download = _AsyncDownload(received)
            if received.streamed:
                return Response(received.status, received.headers, stream=download)
            body = io.BytesIO()
            while body.write(await download.read()):
                pass
            await answer.aclose()
            return Response(received.status, received.headers, body.getvalue())
        except BaseException as error:  # everything, for the answer must be closed whatever happened
            if answer is not None:
                await answer.aclose()
            fault = _late() if isinstance(error, TimeoutError) else translated(error)
            if fault is None:
                raise
        raise fault

    async def close(self) -> None:
        """Nothing: whoever made the client closes it."""


async def _content(answer: httpx.Response) -> AsyncIterator[bytes]:
    yield answer.content
