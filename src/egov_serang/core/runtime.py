"""The runtime port: the four things the engine needs from the world, once for threads and once for event loops.

On `SyncRuntime` no coroutine ever suspends, so one `send(None)` finishes it: no event loop, no thread. It therefore
works inside a running loop, a notebook or gevent. `asyncio` is imported here and in the asynchronous transports alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from egov_serang.core.message import Limits, Request, Response

T = TypeVar("T")


class SyncSender(Protocol):
    """What a thread sends with: `transport.port.Transport` without its end of life."""

    def send(self, request: Request, limits: Limits) -> Response: ...


class AsyncSender(Protocol):
    """What a task sends with."""

    async def send(self, request: Request, limits: Limits) -> Response: ...


class Runtime(Protocol):
    """What the engine, the layers and the token source may ask of the world."""

    @property
    def flow(self) -> Literal["threads", "tasks"]:
        """Who shares a single flight: threads among themselves, tasks among themselves."""
        ...

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch, for what other machines read."""
        ...

    async def send(self, request: Request, limits: Limits) -> Response: ...

    async def sleep(self, seconds: float) -> None: ...

    async def gate(self, flight: Future[T], timeout: float) -> T:
        """Wait for what somebody else is fetching; cancelling the wait leaves the flight alone.

        Raises:
            TimeoutError: it did not land in time.
        """
        ...

    async def offload(self, work: Callable[[], T]) -> T:
        """Do something of this machine that takes a while, such as hashing or flushing a large file.

        It is finished whatever happens: a caller that is cancelled meanwhile leaves after it.
        """
        ...

    def launch(self, work: Coroutine[Any, Any, None], *, aside: bool = False) -> None:
        """Carry out work that must outlive a cancelled caller; it reports through a future of its own.

        Args:
            work: what is to be done.
            aside: nobody waits for it: a thread goes on meanwhile, as a task always does.
        """
        ...


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Finish a coroutine that never suspends. No event loop involved."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    finally:
        coroutine.close()
    raise RuntimeError("a layer suspended while running on the synchronous client")


class SyncRuntime:
    """Blocks the calling thread."""

    flow: Literal["threads"] = "threads"

    def __init__(self, sender: SyncSender) -> None:
        self._sender = sender

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def send(self, request: Request, limits: Limits) -> Response:
        return self._sender.send(request, limits)

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - there is no event loop on this side

    async def gate(self, flight: Future[T], timeout: float) -> T:
        return flight.result(timeout)

    async def offload(self, work: Callable[[], T]) -> T:
        return work()

    def launch(self, work: Coroutine[Any, Any, None], *, aside: bool = False) -> None:
        if aside:
            try:
                # A daemon: a program that ends does not wait for it.
                threading.Thread(target=run_sync, args=(work,), name="egov-renewal", daemon=True).start()
            except RuntimeError:  # no more threads, or the interpreter ends: the caller does it
                pass
            else:
                return
        run_sync(work)


class AsyncRuntime:
    """Suspends the calling task, on whichever event loop it runs."""

    flow: Literal["tasks"] = "tasks"

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender
        self._background: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def send(self, request: Request, limits: Limits) -> Response:
        return await self._sender.send(request, limits)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def gate(self, flight: Future[T], timeout: float) -> T:
        loop = asyncio.get_running_loop()
        landed = asyncio.Event()

        def wake(_: Future[T]) -> None:
            # A loop that was closed while it waited has nobody left to wake.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(landed.set)

        flight.add_done_callback(wake)
        async with asyncio.timeout(timeout):
            await landed.wait()
        return flight.result(0)

    async def offload(self, work: Callable[[], T]) -> T:
        done = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait({done})
            raise

    def launch(self, work: Coroutine[Any, Any, None], *, aside: bool = False) -> None:
        # A loop holds its tasks weakly: without this set the work could be collected half way.
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
