"""Holding attempts back where the service asked for it, or refuses: asleep, and free, while it says nothing.

One for each client, shared by its threads, its tasks on all loops, and the clients made of it by `with_options`.

Source: layers.md 3.3 and 5.1.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, NamedTuple

from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Headers, Response
from egov_serang.errors import ConnectionFailed, DeadlineExceeded, EgovError, RateLimited, ServerFault
from egov_serang.layers.limits import Bucket, Concurrency

if TYPE_CHECKING:
    from egov_serang.layers.quotas import Quota

_SPEAKS: Final = frozenset({"ratelimit", "ratelimit-remaining", "x-ratelimit-remaining"})
_UNAVAILABLE: Final = 503
_MOST_BUCKETS: Final = 64
_MOST_NAMES: Final = 8


class Permit(NamedTuple):
    """What an attempt was let through with: when, and the number of its token in each bucket."""

    at: float
    tokens: tuple[tuple[Bucket, int], ...]


class RateLimit:
    """Holds an attempt until there is a token for it in each announced limit, and room among the calls under way.

    An operation is held by the limits that answers to this very operation have spoken of: who has used up the searches
    of an hour may go on filing complaints.

    Args:
        slots: calls at once that are never exceeded.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self.awake = False
        """Whether there is anything to hold attempts for."""
        self._forget()

    def _forget(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._room = Concurrency(self._slots)
        self._buckets: dict[str, Bucket] = {}
        self._known: dict[str, tuple[str, ...]] = {}
        self._under_way = 0
        self._queue: OrderedDict[Future[None], None] = OrderedDict()
        self.awake = False

    @property
    def under_way(self) -> int:
        """Attempts that were let through and have not ended."""
        return self._under_way

    @property
    def allowed(self) -> int:
        """Attempts that may be under way."""
        return self._room.allowed

    async def carry(self, exchange: Exchange, next: Next) -> Response:
        """Send one attempt as soon as it may be sent.

        Raises:
            RateLimited: the service has announced that it takes nothing before the call's deadline; raised at once.
            DeadlineExceeded: there was no room among the calls under way in time.
        """
        if os.getpid() != self._pid:
            self._forget()  # the calls under way at the fork are the parent's, and so is whoever held the lock
        start = exchange.runtime.now()
        exchange.reason = "limit"
        try:
            permit = await self._admitted(exchange)
        finally:
            exchange.reason = "retry"
        exchange.waited += permit.at - start
        exchange.permit = permit
        try:
            return await next(exchange)
        finally:
            with self._lock:
                self._under_way -= 1
                turns = self._turns()
            _call(turns)

    async def _admitted(self, exchange: Exchange) -> Permit:
        runtime, operation = exchange.runtime, exchange.call.operation
        while True:
            with self._lock:
                now = runtime.now()
                buckets = self._of(operation, now)
                wait = max((bucket.wait(now) for bucket in buckets), default=0.0)
                if wait == 0:
                    tokens = tuple((bucket, bucket.take()) for bucket in buckets)
                    break
                late = wait >= exchange.remaining()
                for bucket in () if late else buckets:
                    bucket.queued += 1
            if late:
                raise _closed(wait)
            try:
                await runtime.sleep(wait)
            finally:
                with self._lock:
                    for bucket in buckets:
                        bucket.queued -= 1
        try:
            await self._enter(exchange)
        except BaseException:
            with self._lock:
                for bucket, _ in tokens:
                    bucket.give_back()
            raise
        return Permit(runtime.now(), tokens)

    async def _enter(self, exchange: Exchange) -> None:
        """Become one of the calls under way, in the order of asking."""
        with self._lock:
            if self._under_way < self._room.allowed and not self._queue:
                self._under_way += 1
                return
            turn: Future[None] = Future()
            self._queue[turn] = None
        try:
            await exchange.runtime.gate(turn, exchange.remaining())
            return
        except BaseException as left:
            with self._lock:
                waiting = self._queue.pop(turn, turn) is None
                if not waiting:  # it was this one's turn already: the next one's then
                    self._under_way -= 1
                turns = self._turns()
            _call(turns)
            if not isinstance(left, TimeoutError):
                raise
        raise DeadlineExceeded(
            f"the service refuses more than {self._room.allowed} calls at once, and none of them ended in time",
            code="congested",
            hint="Give the call a longer deadline, or make fewer at once",
        )

    def _turns(self) -> list[Future[None]]:
        """Those whose turn it is now, counted as under way; to be called outside the lock."""
        turns: list[Future[None]] = []
        while self._queue and self._under_way < self._room.allowed:
            turn, _ = self._queue.popitem(last=False)
            self._under_way += 1
            turns.append(turn)
        return turns

    def hear(self, exchange: Exchange, error: EgovError | None = None) -> None:
        """Learn from what became of an attempt.

        Args:
            exchange: of it.
            error: how it failed; None for a success.
        """
        headers = exchange.received
        speaks = headers is not None and headers.has_any(_SPEAKS)
        if speaks or error is not None or self.awake:
            self._learn(exchange, error, speaks=speaks)

    def _learn(self, exchange: Exchange, error: EgovError | None, *, speaks: bool) -> None:
        headers, operation = exchange.received, exchange.call.operation
        held = exchange.permit
        permit = held if isinstance(held, Permit) else Permit(exchange.began, ())
        exchange.received = exchange.permit = None  # heard: an attempt that fails before it is sent repeats nothing
        said = _said(headers if speaks else None, operation, error)
        busy = _is_busy(error)
        if os.getpid() != self._pid:
            self._forget()
        with self._lock:
            now = exchange.runtime.now()
            for quota in said:
                self._meet(operation, quota, permit, now)
            if busy:
                self._room.refused(permit.at, self._under_way + 1 if self.awake else self._slots, now)
            elif error is None:
                self._room.succeeded()
            self._drop_idle(now)
            self.awake = bool(self._buckets) or bool(self._queue) or self._room.limit < self._room.most
            turns = self._turns()
        _call(turns)

    def _meet(self, operation: str, quota: Quota, permit: Permit, now: float) -> None:
        bucket = self._buckets.get(quota.name)
        if bucket is None:
            if len(self._buckets) >= _MOST_BUCKETS:
                return
            bucket = self._buckets[quota.name] = Bucket()
        known = self._known.get(operation, ())
        if quota.name not in known:
            self._known[operation] = (*known[1 - _MOST_NAMES :], quota.name)
        number = next((number for held, number in permit.tokens if held is bucket), None)
        bucket.learn(quota, number, now)

    def _of(self, operation: str, now: float) -> list[Bucket]:
        names = self._known.get(operation, ())
        return [bucket for name in names if (bucket := self._buckets.get(name)) is not None and not bucket.spent(now)]

    def _drop_idle(self, now: float) -> None:
        gone = [name for name, bucket in self._buckets.items() if bucket.spent(now) or bucket.idle(now)]
        for name in gone:
            if self._buckets[name].queued == 0:
                del self._buckets[name]


def _said(headers: Headers | None, operation: str, error: EgovError | None) -> tuple[Quota, ...]:
    """What the answer says of limits; `Retry-After` is one that nobody but this operation need heed."""
    hint = error.retry_after if isinstance(error, RateLimited) and error.status is not None else None
    if headers is None and not hint:
        return ()
    from egov_serang.layers.quotas import Quota, announced  # noqa: PLC0415 - loads http_sf, which most never need

    said = () if headers is None else announced(headers)
    return (*said, Quota(f"retry-after {operation}", 0, hint)) if hint else said


def _call(turns: list[Future[None]]) -> None:
    """Outside the lock: whoever is called may come back in at once."""
    for turn in turns:
        turn.set_result(None)


def _is_busy(error: EgovError | None) -> bool:
    """Whether the service had no room for the attempt. What we held back ourselves has no status."""
    if isinstance(error, RateLimited):
        return error.status is not None
    if isinstance(error, ServerFault):
        return error.status == _UNAVAILABLE
    return isinstance(error, ConnectionFailed) and error.code == "timeout" and error.sent == "maybe"


def _closed(wait: float) -> RateLimited:
    return RateLimited(
        f"the service has announced that it takes no such call for {wait:.0f} s, and this one may not wait so long",
        code="limit_announced",
        hint="Come back after retry_after seconds, or give the call a longer deadline",
        sent="no",
        retry_after=wait,
    )
