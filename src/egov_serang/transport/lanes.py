"""The default transport for threads: one httpcore connection for each concurrent call, thrown away on any fault."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from functools import partial

import httpcore

from egov_serang.core.message import Limits, Request, Response, Stream
from egov_serang.transport.answer import Intake, check_framing, fields, is_streamed
from egov_serang.transport.network import Wire
from egov_serang.transport.outgoing import Address, crowded, locate, outgoing, refused
from egov_serang.transport.stack import KEEP, Count, Keep, Lane, Stacks
from egov_serang.transport.tls import TlsOptions, context_for

SyncLane = Lane[httpcore.HTTPConnection, Wire]


class _Pool:
    """Slots and resting lanes of one process."""

    def __init__(self, slots: int, tls: TlsOptions, keep: Keep) -> None:
        self._slots = slots
        self._tls = tls
        self._busy = 0
        self._resting: Stacks[SyncLane] = Stacks(keep)
        self._changed = threading.Condition()  # re-entrant: the collector may drop a download while a thread holds it

    @property
    def count(self) -> Count:
        with self._changed:
            return Count(self._busy, len(self._resting), self._slots)

    def take(self, address: Address, deadline: float) -> SyncLane:
        """A lane to the address, its slot taken; waits for the slot until the deadline."""
        shown = self._tls.shown()
        with self._changed:
            if self._busy >= self._slots and not self._changed.wait_for(
                lambda: self._busy < self._slots, max(0.0, deadline - time.monotonic())
            ):
                raise crowded(self._slots)
            lane = self._resting.pop(address, shown)
            self._busy += 1
        if lane is not None:
            return lane
        try:
            context = context_for(address.scheme, self._tls, shown)
            origin = httpcore.Origin(address.scheme, address.host, address.port)
            wire = Wire()
            return Lane(address, httpcore.HTTPConnection(origin, context, network_backend=wire), wire, shown)
        except BaseException:  # whatever happened, Ctrl-C too: the slot was taken and no lane will give it back
            self._free()
            raise

    def give(self, lane: SyncLane) -> None:
        """Take a lane back after its answer was read to the end."""
        with self._changed:
            if lane.is_reusable():
                self._resting.push(lane)
            else:
                lane.line.cut()
            self._busy -= 1
            self._changed.notify()

    def drop(self, lane: SyncLane) -> None:
        """Throw a lane away with whatever is under way on it."""
        lane.line.cut()
        self._free()

    def condemn(self, lane: SyncLane) -> None:
        with self._changed:
            self._resting.condemn(lane)

    def clear(self) -> None:
        with self._changed:
            self._resting.clear()

    def abandon(self) -> None:
        """Close a parent's sockets in its child; the parent goes on with them.

        Without the lock, for whoever held it at the fork does not exist here.
        """
        self._resting.clear()

    def _free(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify()


class _Download(Stream):
    """The body of an answer on a lane of its own, which it gives back."""

    def __init__(self, pool: _Pool, lane: SyncLane, answer: httpcore.Response, intake: Intake) -> None:
        self._pool, self._lane = pool, lane
        self._answer, self._intake = answer, intake
        self._pieces: Iterator[bytes] = answer.iter_stream()
        self._open = True

    async def read(self) -> bytes:
        try:
            while self._open:
                piece = next(self._pieces, None)
                if piece is None:
                    self._intake.finish()
                    self._answer.close()
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
        self._drop()

    def __del__(self) -> None:
        self._drop()  # a download nobody closed must not keep its slot for ever

    def _drop(self) -> None:
        if self._open:
            self._open = False
            self._pool.drop(self._lane)


class Lanes:
    """Sends requests over connections of its own. Thread-safe, survives a fork, never follows a redirect.

    Takes no proxy from the environment: an httpx client of the user's own goes through one.

    Args:
        tls: whom to trust; the context is made when the first https address is dialled.
        slots: calls at once; further ones wait for a free slot until their deadline.
        keep: how long a connection is kept.
    """

    def __init__(self, *, tls: TlsOptions | None = None, slots: int = 64, keep: Keep = KEEP) -> None:
        self._tls = TlsOptions() if tls is None else tls
        self._slots = slots
        self._keep = keep
        self._pools: dict[int, _Pool] = {}
        self._closed = False

    @property
    def count(self) -> Count:
        """Lanes of this process."""
        return self._pool().count

    def send(self, request: Request, limits: Limits) -> Response:
        """Send once and read the answer.

        Raises:
            TransportFault: no complete, well-framed answer within the limits.
        """
        if self._closed:
            raise refused("the client is closed")
        address, target = locate(request.url)
        pool = self._pool()
        lane = pool.take(address, limits.deadline)
        try:
            response = self._exchange(pool, lane, request, outgoing(request, address, target), limits)
        # Everything, for the lane must go whatever happened: a mock's error, Ctrl-C, a fault of ours.
        except BaseException as error:
            pool.drop(lane)
            fault = lane.line.explained(error)
            if fault is None:
                raise
        else:
            if response.stream is None:
                pool.give(lane)
                if self._closed:  # while this was under way, such as the renewal of a token: nobody takes it again
                    pool.clear()
            return response
        raise fault

    def close(self) -> None:
        """Close the lanes at rest. Calls under way end as they would."""
        self._closed = True
        self._pool().clear()

    @staticmethod
    def _exchange(pool: _Pool, lane: SyncLane, request: Request, message: httpcore.Request, limits: Limits) -> Response:
        lane.line.arm(limits)
        answer = lane.connection.handle_request(message)
        headers = fields(answer.headers)
        if lane.line.heard:  # else a mock answered, whose bytes need no framing
            check_framing(request.method, answer.status, headers)
        intake = Intake(request.method, answer.status, headers, limits.max_body)
        condemn = partial(pool.condemn, lane)
        if is_streamed(request.stream, answer.status):
            return Response(answer.status, headers, stream=_Download(pool, lane, answer, intake), condemn=condemn)
        body = b"".join(map(intake.feed, answer.iter_stream()))
        intake.finish()
        answer.close()
        return Response(answer.status, headers, body, condemn=condemn)

    def _pool(self) -> _Pool:
        pid = os.getpid()
        pool = self._pools.get(pid)
        if pool is None:
            pool = self._pools.setdefault(pid, _Pool(self._slots, self._tls, self._keep))
            for parent in [known for known in self._pools if known != pid]:
                inherited = self._pools.pop(parent, None)
                if inherited is not None:
                    inherited.abandon()
        return pool
