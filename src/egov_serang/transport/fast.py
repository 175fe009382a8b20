"""The fast transport for threads, over pyreqwest. See `reqwest` and `reqwest_messages` for what it guards against."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Final

from pyreqwest.client import SyncClient, SyncClientBuilder
from pyreqwest.request import SyncStreamRequest
from pyreqwest.response import SyncResponse, SyncResponseBodyReader

from egov_serang.core.message import Limits, Request, Response, Stream
from egov_serang.transport.answer import Intake, is_streamed
from egov_serang.transport.outgoing import crowded, in_one_piece, refused
from egov_serang.transport.reqwest import Key, Pools, built, configured, remember
from egov_serang.transport.reqwest_messages import (
    Hidden,
    check_length,
    destination,
    explained,
    head,
    outgoing_fields,
    plain_length,
    promised_length,
    time_left,
)
from egov_serang.transport.stack import KEEP, Count, Keep
from egov_serang.transport.tls import TlsOptions

_PATIENCE: Final = 0.5
"""Seconds the interpreter's end may be held up by calls of threads that nobody waits for."""


class _Gate:
    """So many calls at once. pyreqwest's own limit would send what its caller has given up."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.busy = 0
        self._changed = threading.Condition()  # re-entrant: the collector may drop a download while a thread holds it

    def take(self, deadline: float) -> None:
        with self._changed:
            if self.busy >= self.slots and not self._changed.wait_for(
                lambda: self.busy < self.slots, max(0.0, deadline - time.monotonic())
            ):
                raise crowded(self.slots)
            self.busy += 1

    def free(self) -> None:
        with self._changed:
            self.busy -= 1
            self._changed.notify_all()

    def rest(self, seconds: float) -> None:
        """Wait until no call is under way."""
        with self._changed:
            self._changed.wait_for(lambda: not self.busy, seconds)


def _decoded(reader: SyncResponseBodyReader, intake: Intake, promised: int | None) -> Iterator[bytes]:
    received = 0
    while (piece := reader.read_chunk()) is not None:
        received += len(piece)
        yield intake.feed(bytes(piece))
    intake.finish()
    if promised is not None:
        check_length(promised, received)


class _Download(Stream):
    """The body of an answer, with the slot it gives back."""

    def __init__(self, gate: _Gate, call: Hidden[SyncStreamRequest], pieces: Iterator[bytes]) -> None:
        self._gate, self._call, self._pieces = gate, call, pieces
        self._open = True

    async def read(self) -> bytes:
        try:
            while self._open:
                piece = next(self._pieces, None)
                if piece is None:
                    self._free()
                elif piece:
                    return piece
        except BaseException as error:
            await self.close()
            fault = explained(error)
            if fault is None:
                raise
        else:
            return b""
        raise fault

    async def close(self) -> None:
        if self._open:
            self._free()
            self._call.it.__exit__(None, None, None)

    def __del__(self) -> None:
        # A download nobody closed must not keep its slot for ever. Its connection ends with the objects; to wait for
        # that here, in whichever thread the collector runs, could be to wait for oneself.
        self._free()

    def _free(self) -> None:
        if self._open:
            self._open = False
            self._gate.free()


class Fast:
    """Sends requests over pyreqwest. Thread-safe; never follows a redirect; refuses to go on after a fork.

    Takes no proxy from the environment. Ctrl-C is heard when the answer is in, or the read limit is over.

    Args:
        tls: whom to trust; `ca_file` counts beside the machine's store, not in its place.
        slots: calls at once; further ones wait for a free slot until their deadline.
        keep: how long a connection is kept.
        proxy: address of the proxy all requests go through.
    """

    def __init__(
        self, *, tls: TlsOptions | None = None, slots: int = 64, keep: Keep = KEEP, proxy: str | None = None
    ) -> None:
        tls = TlsOptions() if tls is None else tls

        def build(key: Key) -> SyncClient:
            builder = configured(SyncClientBuilder(), key, tls, keep, proxy)
            return built(builder.build)

        self._pools: Pools[SyncClient] = Pools(build, tls, keep)
        self._gate = _Gate(slots)
        remember(self)

    @property
    def count(self) -> Count:
        """Calls under way. How many connections rest is pyreqwest's own knowledge: 0 here."""
        return Count(self._gate.busy, 0, self._gate.slots)

    def send(self, request: Request, limits: Limits) -> Response:
        """Send once and read the answer.

        Raises:
            TransportFault: no complete, well-framed answer within the limits.
        """
        self._pools.check()
        self._gate.take(limits.deadline)
        try:
            response = self._exchange(request, limits)
        except BaseException as error:  # everything, Ctrl-C too: the slot must be given back
            self._gate.free()
            fault = explained(error)
            if fault is None:
                raise
        else:
            if response.stream is None:
                self._gate.free()
            return response
        raise fault

    def close(self) -> None:
        """Close the connections at rest. Calls under way end as they would."""
        self._pools.close()

    def settle(self) -> None:
        """Let calls of threads that nobody waits for come to their end, for a moment."""
        self._gate.rest(_PATIENCE)

    def _exchange(self, request: Request, limits: Limits) -> Response:
        call = self._prepared(request, limits)
        answer = call.it.__enter__()
        try:
            return self._received(request, limits, call, answer)
        except BaseException:
            call.it.__exit__(None, None, None)
            self._pools.clear()  # it may have come to rest already, and there is no way to tell which one it was
            raise

    def _prepared(self, request: Request, limits: Limits) -> Hidden[SyncStreamRequest]:
        address, url = destination(request.url)
        fields = outgoing_fields(request)
        body = in_one_piece(request.body)
        client = self._pools.get(address, limits, patient=body is None)
        try:
            builder = client.request(request.method, url).headers(fields).timeout(time_left(limits))
        except ValueError:  # names the field and its value
            builder = None
        if builder is None:
            raise refused("the request is not valid HTTP")
        if body:
            builder = builder.body_bytes(body)
        elif body is None and request.body is not None:
            builder = builder.body_stream(request.body.chunks())
        at_once = 0 if request.stream else limits.max_body + 1
        return Hidden(builder.streamed_read_buffer_limit(at_once).build_streamed())

    def _received(
        self, request: Request, limits: Limits, call: Hidden[SyncStreamRequest], answer: SyncResponse
    ) -> Response:
        status = answer.status
        headers = head(request.method, status, answer)
        plain = None if request.stream else plain_length(request.method, status, headers, limits.max_body)
        if plain is not None:
            whole = bytes(answer.body_reader.bytes())
            check_length(plain, len(whole))
            return Response(status, headers, whole, condemn=self._pools.clear)
        intake = Intake(request.method, status, headers, limits.max_body)
        promised = promised_length(request.method, status, headers, limits.max_body)
        condemn = self._pools.clear
        if is_streamed(request.stream, status):
            pieces = _decoded(answer.body_reader, intake, promised)
            return Response(status, headers, stream=_Download(self._gate, call, pieces), condemn=condemn)
        body = b"".join(_decoded(answer.body_reader, intake, promised))
        return Response(status, headers, body, condemn=condemn)
