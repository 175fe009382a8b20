"""The default transport for tasks: the same lanes as in `lanes`, for each event loop its own."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any, Final

import httpcore

from egov_serang.core.message import Limits, Request, Response, Stream
from egov_serang.transport.agate import AsyncGate
from egov_serang.transport.anetwork import AsyncWire
from egov_serang.transport.answer import Intake, check_framing, fields, is_streamed
from egov_serang.transport.outgoing import Address, locate, outgoing, refused
from egov_serang.transport.stack import KEEP, Count, Keep, Lane, Stacks
from egov_serang.transport.tls import Shown, TlsOptions, context_for

AsyncLane = Lane[httpcore.AsyncHTTPConnection, AsyncWire]


class _Alone:
    """In place of httpcore's locks, three a call that each give the loop a turn: a lane has one call at a time."""

    async def __aenter__(self) -> None: ...
    async def __aexit__(self, *_: object) -> None: ...

    def keep(self, connection: Any) -> None:
        """Take the place of both locks of a connection; it has the second one when it has answered."""
        connection._request_lock = self
        if connection._connection is not None:
            connection._connection._state_lock = self


_ALONE: Final = _Alone()


class _Pool(AsyncGate):
    """Slots and resting lanes of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, slots: int, tls: TlsOptions, keep: Keep) -> None:
        super().__init__(loop, slots)
        self._tls = tls
        self._resting: Stacks[AsyncLane] = Stacks(keep)
        self._ending = self._until_the_loop_ends()

    @property
    def count(self) -> Count:
        return Count(self.busy, len(self._resting), self.slots)

    async def watch(self) -> None:
        """Have the lanes closed when the loop shuts down, should nobody close the client."""
        await anext(self._ending)

    async def take(self, address: Address, deadline: float) -> AsyncLane:
        """A lane to the address, its slot taken; waits for the slot until the deadline, in order of arrival."""
        if self.busy < self.slots:
            self.busy += 1
        else:
            await self.wait(deadline)
        try:
            shown = self._tls.shown()
            lane = self._resting.pop(address, shown)
            return self._open(address, shown) if lane is None else lane
        except BaseException:  # whatever happened, Ctrl-C too: the slot was taken and no lane will give it back
            self.free()
            raise

    def give(self, lane: AsyncLane) -> None:
        """Take a lane back after its answer was read to the end."""
        if lane.is_reusable():
            _ALONE.keep(lane.connection)
            self._resting.push(lane)
        else:
            lane.line.cut()
        self.free()

    def drop(self, lane: AsyncLane) -> None:
        """Throw a lane away with whatever is under way on it."""
        lane.line.cut()
        self.free()

    def condemn(self, lane: AsyncLane) -> None:
        self._resting.condemn(lane)

    def clear(self) -> None:
        self._resting.clear()

    def _open(self, address: Address, shown: Shown | None) -> AsyncLane:
        context = context_for(address.scheme, self._tls, shown)
        origin = httpcore.Origin(address.scheme, address.host, address.port)
        wire = AsyncWire()
        return Lane(address, httpcore.AsyncHTTPConnection(origin, context, network_backend=wire), wire, shown)

    async def _until_the_loop_ends(self) -> AsyncGenerator[None, None]:
        # An asynchronous generator is the one thing every loop closes while it can still close connections.
        try:
            yield
        finally:
            self.clear()


class _Download(Stream):
    """The body of an answer on a lane of its own, which it gives back."""

    def __init__(self, pool: _Pool, lane: AsyncLane, answer: httpcore.Response, intake: Intake) -> None:
        self._pool, self._lane = pool, lane
        self._answer, self._intake = answer, intake
        self._pieces = answer.aiter_stream()
        self._open = True

    async def read(self) -> bytes:
        try:
            while self._open:
                piece = await anext(self._pieces, None)
                if piece is None:
                    self._intake.finish()
                    await self._answer.aclose()
                    self._open = False
                    self._pool.give(self._lane)
                elif data := self._intake.feed(piece):
                    return data
        except BaseException as error:
            self._drop()
            fault = self._lane.line.explained(error)
            if fault is None:
                raise
        else:
            return b""
        raise fault

    async def close(self) -> None:
        if self._open:
            self._drop()
            await self._answer.aclose()

    def __del__(self) -> None:
        # A download nobody closed must not keep its slot for ever. The collector may run in any thread: the loop drops.
        if self._open and not self._pool.loop.is_closed():
            self._pool.loop.call_soon_threadsafe(self._pool.drop, self._lane)

    def _drop(self) -> None:
        if self._open:
            self._open = False
            self._pool.drop(self._lane)


class AsyncLanes:
    """Sends requests over connections of its own, from any number of event loops. Never follows a redirect.

    Takes no proxy from the environment: an httpx client of the user's own goes through one.

    Args:
        tls: whom to trust; the context is made when the first https address is dialled.
        slots: calls at once on each loop; further ones wait for a free slot until their deadline.
        keep: how long a connection is kept.
    """

    def __init__(self, *, tls: TlsOptions | None = None, slots: int = 64, keep: Keep = KEEP) -> None:
        self._tls = TlsOptions() if tls is None else tls
        self._slots = slots
        self._keep = keep
        self._pools: dict[asyncio.AbstractEventLoop, _Pool] = {}
        self._closed = False

    @property
    def count(self) -> Count:
        """Lanes of all loops that live."""
        counts = [pool.count for pool in list(self._pools.values()) if not pool.loop.is_closed()]
        return Count(sum(count.busy for count in counts), sum(count.idle for count in counts), self._slots)

    async def send(self, request: Request, limits: Limits) -> Response:
        """Send once and read the answer. Cancellation throws the connection away and frees the slot.

        Raises:
            TransportFault: no complete, well-framed answer within the limits.
        """
        if self._closed:
            raise refused("the client is closed")
        address, target = locate(request.url)
        pool = self._pools.get(asyncio.get_running_loop()) or await self._new_pool()
        lane = await pool.take(address, limits.deadline)
        try:
            response = await self._exchange(pool, lane, request, outgoing(request, address, target), limits)
        # Everything, for the lane must go whatever happened: a cancellation, a mock's error, a fault of ours.
        except BaseException as error:
            pool.drop(lane)
            fault = lane.line.explained(error)
            if fault is None:
                raise
        else:
            if response.stream is None:
                pool.give(lane)
                if self._closed:  # while this was under way: nobody takes it again
                    pool.clear()
            return response
        raise fault

    async def close(self) -> None:
        """Close the lanes at rest, on every loop that lives. Calls under way end as they would."""
        self._closed = True
        here = asyncio.get_running_loop()
        for loop, pool in list(self._pools.items()):
            if loop is here:
                pool.clear()
            elif not loop.is_closed():
                loop.call_soon_threadsafe(pool.clear)

    @staticmethod
    async def _exchange(
        pool: _Pool, lane: AsyncLane, request: Request, message: httpcore.Request, limits: Limits
    ) -> Response:
        lane.line.arm(limits)
        answer = await lane.connection.handle_async_request(message)
        headers = fields(answer.headers)
        if lane.line.heard:  # else a mock answered, whose bytes need no framing
            check_framing(request.method, answer.status, headers)
        intake = Intake(request.method, answer.status, headers, limits.max_body)
        condemn = partial(pool.condemn, lane)
        if is_streamed(request.stream, answer.status):
            return Response(answer.status, headers, stream=_Download(pool, lane, answer, intake), condemn=condemn)
        body = io.BytesIO()
        async for piece in answer.aiter_stream():
            body.write(intake.feed(piece))
            del piece  # a cancellation while the next one is awaited must find nothing of the answer in this frame
        intake.finish()
        await answer.aclose()
        return Response(answer.status, headers, body.getvalue(), condemn=condemn)

    async def _new_pool(self) -> _Pool:
        loop = asyncio.get_running_loop()
        for dead in [known for known in list(self._pools) if known.is_closed()]:
            self._pools.pop(dead, None)
        pool = self._pools.setdefault(loop, _Pool(loop, self._slots, self._tls, self._keep))
        await pool.watch()
        return pool
