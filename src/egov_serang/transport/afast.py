"""The fast transport for tasks, over pyreqwest. See `reqwest` for what it guards against."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response as Answer

from egov_serang.core.message import Headers, Limits, Request, Response, Stream
from egov_serang.transport.agate import AsyncGate
from egov_serang.transport.answer import Intake, is_streamed
from egov_serang.transport.outgoing import Pieces, in_one_piece, refused
from egov_serang.transport.reqwest import (
    Key,
    Pools,
    built,
    check_length,
    configured,
    destination,
    explained,
    head,
    outgoing_fields,
    promised_length,
    remember,
    time_left,
)
from egov_serang.transport.stack import KEEP, Count, Keep
from egov_serang.transport.tls import TlsOptions

T = TypeVar("T")


class _Left:
    """Work of pyreqwest's whose caller is gone, driven to its end; then its slot is free."""

    def __init__(self, slot: _Slot, work: Coroutine[Any, Any, Any]) -> None:
        self._slot = slot
        self.work = work

    def go_on(self, _: object = None) -> None:
        try:
            waiter: asyncio.Future[Any] | None = self.work.send(None)
        except (StopIteration, Exception):  # nobody is left to hear how it ended
            self._slot.end(self)
        except BaseException:
            self._slot.end(self)
            raise
        else:
            if waiter is None:
                asyncio.get_running_loop().call_soon(self.go_on)
            else:
                waiter.add_done_callback(self.go_on)


class _Slot:
    """The slot of one call."""

    __slots__ = ("_gate", "_held", "_left")

    def __init__(self, gate: AsyncGate, left: set[_Left]) -> None:
        self._gate = gate
        self._left = left
        self._held = True

    def free(self) -> None:
        """Give it back, unless it is given back already or kept for what was left."""
        if self._held:
            self._held = False
            self._gate.free()

    def leave(self, work: Coroutine[Any, Any, Any]) -> None:
        """Keep it until this is done, though nobody waits."""
        left = _Left(self, work)
        if self._held:
            self._held = False
            self._left.add(left)
        left.go_on()

    def end(self, left: _Left) -> None:
        if left in self._left:
            self._left.remove(left)
            self._gate.free()

    def free_later(self) -> None:
        """Give it back from another thread."""
        if self._held and not self._gate.loop.is_closed():
            self._gate.loop.call_soon_threadsafe(self.free)


class _Driven(Generic[T]):
    """Waits for pyreqwest. When the caller is cancelled, the request goes on and keeps its slot.

    pyreqwest does not stop what is under way, and would not say when it ends. So nothing more is thrown into its
    coroutine, and somebody else goes on asking it.
    """

    __slots__ = ("_slot", "_work")

    def __init__(self, work: Coroutine[Any, Any, T], slot: _Slot) -> None:
        self._work = work
        self._slot = slot

    def __await__(self) -> Generator[Any, None, T]:
        work = self._work
        try:
            while True:
                waiter = work.send(None)
                try:
                    yield waiter
                except asyncio.CancelledError:
                    self._slot.leave(work)
                    raise
        except StopIteration as done:
            result: T = done.value
            return result


class _Download(Stream):
    """The body of an answer, with the slot it gives back."""

    def __init__(self, slot: _Slot, call: StreamRequest, answer: Answer, intake: Intake, promised: int | None) -> None:
        self._slot, self._call = slot, call
        self._reader, self._intake = answer.body_reader, intake
        self._promised, self._received = promised, 0
        self._open = True

    async def read(self) -> bytes:
        try:
            while self._open:
                piece = await self._reader.read_chunk()
                if piece is None:
                    self._intake.finish()
                    if self._promised is not None:
                        check_length(self._promised, self._received)
                    self._open = False
                    self._slot.free()
                    break
                self._received += len(piece)
                if data := self._intake.feed(bytes(piece)):
                    return data
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
            self._open = False
            self._slot.leave(self._call.__aexit__(None, None, None))

    def __del__(self) -> None:
        if self._open:  # a download nobody closed must not keep its slot for ever
            self._slot.free_later()


class AsyncFast:
    """Sends requests over pyreqwest, from any number of event loops. Never follows a redirect; refuses after a fork.

    Takes no proxy from the environment. A request whose caller is cancelled is not stopped: it keeps its slot until it
    has ended, at its deadline at the latest.

    Args:
        tls: whom to trust; `ca_file` counts beside the machine's store, not in its place.
        slots: calls at once on each loop; further ones wait for a free slot until their deadline.
        keep: how long a connection is kept.
        proxy: address of the proxy all requests go through.
    """

    def __init__(
        self, *, tls: TlsOptions | None = None, slots: int = 64, keep: Keep = KEEP, proxy: str | None = None
    ) -> None:
        tls = TlsOptions() if tls is None else tls

        def build(key: Key) -> Client:
            builder = configured(ClientBuilder(), key, tls, keep, proxy)
            return built(builder.build)

        self._pools: Pools[Client] = Pools(build, tls, keep)
        self._slots = slots
        self._gates: dict[asyncio.AbstractEventLoop, AsyncGate] = {}
        self._left: set[_Left] = set()
        self._closed = False
        remember(self)

    @property
    def count(self) -> Count:
        """Calls under way on all loops that live. How many connections rest is pyreqwest's own knowledge: 0 here."""
        gates = [gate for gate in list(self._gates.values()) if not gate.loop.is_closed()]
        return Count(sum(gate.busy for gate in gates), 0, self._slots)

    async def send(self, request: Request, limits: Limits) -> Response:
        """Send once and read the answer. After cancellation the request goes on, and keeps its slot to its end.

        Raises:
            TransportFault: no complete, well-framed answer within the limits.
        """
        if self._closed:
            raise refused("the client is closed")
        self._pools.check_process()
        gate = self._gates.get(asyncio.get_running_loop()) or self._new_gate()
        if gate.busy < gate.slots:
            gate.busy += 1
        else:
            await gate.wait(limits.deadline)
        slot = _Slot(gate, self._left)
        call: StreamRequest | None = None
        entered = False
        try:
            call = self._prepared(request, limits)
            answer = await _Driven(call.__aenter__(), slot)
            entered = True
            response = await self._received(request, limits, slot, call, answer)
        except BaseException as error:
            if call is not None and entered:
                slot.leave(call.__aexit__(None, None, None))
                self._pools.clear()  # it may have come to rest already, and there is no way to tell which one it was
            slot.free()
            fault = explained(error)
            if fault is None:
                raise
        else:
            if response.stream is None:
                slot.free()
            return response
        raise fault

    async def close(self) -> None:
        """Close the connections at rest. Calls under way end as they would."""
        self._closed = True
        self._pools.clear()

    def settle(self) -> None:
        """Stop asking after calls whose callers are gone."""
        for left in list(self._left):
            left.work.close()

    def _prepared(self, request: Request, limits: Limits) -> StreamRequest:
        address, url = destination(request)
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
            builder = builder.body_stream(Pieces(request.body))
        return builder.streamed_read_buffer_limit(0 if request.stream else limits.max_body + 1).build_streamed()

    @staticmethod
    async def _whole(answer: Answer, intake: Intake, promised: int | None) -> bytes:
        if promised is not None:
            wire = bytes(await answer.body_reader.bytes()) if promised else b""
            check_length(promised, len(wire))
            body = intake.feed(wire)
            intake.finish()
            return body
        decoded = io.BytesIO()
        while (piece := await answer.body_reader.read_chunk()) is not None:
            decoded.write(intake.feed(bytes(piece)))
        intake.finish()
        return decoded.getvalue()

    async def _received(
        self, request: Request, limits: Limits, slot: _Slot, call: StreamRequest, answer: Answer
    ) -> Response:
        status = answer.status
        headers: Headers = head(request.method, answer)
        intake = Intake(request.method, status, headers, limits.max_body)
        promised = promised_length(request.method, status, headers, limits.max_body)
        condemn = self._pools.clear
        if is_streamed(request.stream, status):
            return Response(status, headers, stream=_Download(slot, call, answer, intake, promised), condemn=condemn)
        return Response(status, headers, await self._whole(answer, intake, promised), condemn=condemn)

    def _new_gate(self) -> AsyncGate:
        loop = asyncio.get_running_loop()
        for dead in [known for known in list(self._gates) if known.is_closed()]:
            self._gates.pop(dead, None)
        return self._gates.setdefault(loop, AsyncGate(loop, self._slots))
