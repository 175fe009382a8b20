"""The fast transport for tasks, over pyreqwest. See `reqwest` and `reqwest_messages` for what it guards against."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response as Answer

from egov_serang.core.message import Limits, Request, Response, Stream
from egov_serang.transport.agate import AsyncGate
from egov_serang.transport.answer import Intake, is_streamed
from egov_serang.transport.outgoing import Pieces, in_one_piece, refused
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

T = TypeVar("T")


class _Left:
    """Work of pyreqwest's whose caller is gone, driven to its end."""

    def __init__(self, work: Coroutine[Any, Any, Any], ended: Callable[[_Left], None]) -> None:
        self.work = work
        self._ended = ended

    def go_on(self, _: object = None) -> None:
        try:
            waiter: asyncio.Future[Any] | None = self.work.send(None)
        except (StopIteration, Exception):  # nobody is left to hear how it ended
            self._ended(self)
        except BaseException:
            self._ended(self)
            raise
        else:
            if waiter is None:
                asyncio.get_running_loop().call_soon(self.go_on)
            else:
                waiter.add_done_callback(self.go_on)


class _Gate(AsyncGate):
    """The slots of one loop. pyreqwest's own limit would send what its caller has given up."""

    def __init__(self, loop: asyncio.AbstractEventLoop, slots: int) -> None:
        super().__init__(loop, slots)
        self.left: set[_Left] = set()

    def leave(self, work: Coroutine[Any, Any, Any]) -> None:
        """Have this done though nobody waits, and free a slot when it is."""
        left = _Left(work, self._end)
        self.left.add(left)
        left.go_on()

    def _end(self, left: _Left) -> None:
        self.left.discard(left)
        self.free()


class _Driven(Generic[T]):
    """Waits for pyreqwest. When the caller is cancelled, the request goes on and keeps its slot.

    pyreqwest does not stop what is under way, and would not say when it ends. So nothing is thrown into its coroutine,
    and somebody else goes on asking it.
    """

    __slots__ = ("_gate", "_work", "left")

    def __init__(self, work: Coroutine[Any, Any, T], gate: _Gate) -> None:
        self._work = work
        self._gate = gate
        self.left = False

    def __await__(self) -> Generator[Any, None, T]:
        work = self._work
        try:
            while True:
                waiter = work.send(None)
                try:
                    yield waiter
                except asyncio.CancelledError:
                    self.left = True
                    self._gate.leave(work)
                    raise
        except StopIteration as done:
            result: T = done.value
            return result


class _Download(Stream):
    """The body of an answer, with the slot it gives back.

    Raises:
        TransportFault: it is longer than allowed, or in a coding nobody asked for; then the slot is still the caller's.
    """

    _open = False

    def __init__(
        self,
        call: Hidden[StreamRequest],
        answer: Answer,
        intake: Intake,
        promised: int | None,
        *,
        gate: _Gate,
        condemn: Callable[[], None],
    ) -> None:
        self._call, self._reader = call, answer.body_reader
        self._intake, self._promised, self._received = intake, promised, 0
        self._gate, self._condemn = gate, condemn
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
                    self._gate.free()
                    break
                self._received += len(piece)
                if data := self._intake.feed(bytes(piece)):
                    return data
        except BaseException as error:
            await self.close()
            self._condemn()  # where the length was right and the content was not, it has come to rest already
            fault = explained(error)
            if fault is None:
                raise
        else:
            return b""
        raise fault

    async def close(self) -> None:
        if self._open:
            self._open = False
            self._gate.leave(self._call.it.__aexit__(None, None, None))

    def __del__(self) -> None:
        # A download nobody closed must not keep its slot for ever. The collector may run in any thread: the loop frees.
        if self._open and not self._gate.loop.is_closed():
            self._gate.loop.call_soon_threadsafe(self._gate.free)


async def _read(download: _Download) -> bytes:
    whole = io.BytesIO()
    while whole.write(await download.read()):
        pass
    return whole.getvalue()


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
        self._gates: dict[asyncio.AbstractEventLoop, _Gate] = {}
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
        self._pools.check()
        gate = self._gates.get(asyncio.get_running_loop()) or self._new_gate()
        if gate.busy < gate.slots:
            gate.busy += 1
        else:
            await gate.wait(limits.deadline)
        call: Hidden[StreamRequest] | None = None
        driven: _Driven[Answer] | None = None
        answer: Answer | None = None
        try:
            call = self._prepared(request, limits)
            driven = _Driven(call.it.__aenter__(), gate)
            answer = await driven
            status = answer.status
            headers = head(request.method, status, answer)
            download, body = None, b""
            length = None if request.stream else plain_length(request.method, status, headers, limits.max_body)
            if length is None:
                intake = Intake(request.method, status, headers, limits.max_body)
                promised = promised_length(request.method, status, headers, limits.max_body)
                download = _Download(call, answer, intake, promised, gate=gate, condemn=self._pools.clear)
            else:
                body = bytes(await answer.body_reader.bytes())
                check_length(length, len(body))
        except BaseException as error:  # everything, a cancellation too: the slot must be given back
            if call is not None and answer is not None:
                gate.leave(call.it.__aexit__(None, None, None))
                self._pools.clear()  # it may have come to rest already, and there is no way to tell which one it was
            elif driven is None or not driven.left:
                gate.free()
            fault = explained(error)
            if fault is None:
                raise
        else:
            if download is None:
                gate.free()
            elif is_streamed(request.stream, status):
                return Response(status, headers, stream=download, condemn=self._pools.clear)
            else:
                body = await _read(download)
            return Response(status, headers, body, condemn=self._pools.clear)
        raise fault

    async def close(self) -> None:
        """Close the connections at rest. Calls under way end as they would."""
        self._pools.close()

    def settle(self) -> None:
        """Stop asking after calls whose callers are gone."""
        for gate in list(self._gates.values()):
            for left in list(gate.left):
                left.work.close()

    def _prepared(self, request: Request, limits: Limits) -> Hidden[StreamRequest]:
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
            builder = builder.body_stream(Pieces(request.body))
        at_once = 0 if request.stream else limits.max_body + 1
        return Hidden(builder.streamed_read_buffer_limit(at_once).build_streamed())

    def _new_gate(self) -> _Gate:
        loop = asyncio.get_running_loop()
        for dead in [known for known in list(self._gates) if known.is_closed()]:
            self._gates.pop(dead, None)
        return self._gates.setdefault(loop, _Gate(loop, self._slots))
