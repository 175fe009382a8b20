"""Real threads and event loops around one token source, held still by events where a test needs it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from tests.layers.keys import ISSUER, token

from egov_serang.auth.credentials import ClientSecret
from egov_serang.auth.tokens import Token, TokenSource
from egov_serang.core.message import Limits, Request, Response
from egov_serang.core.runtime import AsyncRuntime, SyncRuntime, run_sync

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which a test that hangs fails; nothing is timed with it."""


class Clock:
    """Monotonic seconds that move when told to."""

    def __init__(self) -> None:
        self.value = 1_000.0

    def __call__(self) -> float:
        return self.value


class HeldIssuer:
    """Counts token requests; holds them until `release` when `hold` is set. For threads and for tasks."""

    def __init__(self, lifetime: float = 100) -> None:
        self.lifetime = lifetime
        self.count = 0
        self.hold = False
        self.arrived = threading.Semaphore(0)
        self._gate: Future[None] = Future()
        self._lock = threading.Lock()

    def release(self) -> None:
        self._gate.set_result(None)

    def _token(self) -> tuple[Response, bool]:
        with self._lock:
            self.count += 1
            held = self.hold
            response = token(f"token-{self.count}", self.lifetime)
        self.arrived.release()
        return response, held

    def send(self, request: Request, limits: Limits) -> Response:
        response, held = self._token()
        if held:
            self._gate.result(PATIENCE)
        return response

    async def asend(self, request: Request, limits: Limits) -> Response:
        response, held = self._token()
        if held:
            await asyncio.shield(asyncio.wrap_future(self._gate))
        return response


class Threads(SyncRuntime):
    """The real synchronous runtime on a clock of ours; counts who waits for another's flight."""

    def __init__(self, issuer: HeldIssuer, clock: Clock) -> None:
        super().__init__(issuer)
        self.clock = clock
        self.waiting = threading.Semaphore(0)

    def now(self) -> float:
        return self.clock()

    async def gate(self, flight: Future[T], timeout: float) -> T:
        self.waiting.release()
        return await super().gate(flight, timeout)


class _Sender:
    def __init__(self, issuer: HeldIssuer) -> None:
        self._issuer = issuer

    async def send(self, request: Request, limits: Limits) -> Response:
        return await self._issuer.asend(request, limits)


class Tasks(AsyncRuntime):
    """The real asynchronous runtime likewise."""

    def __init__(self, issuer: HeldIssuer, clock: Clock) -> None:
        super().__init__(_Sender(issuer))
        self.clock = clock
        self.waiting = threading.Semaphore(0)

    def now(self) -> float:
        return self.clock()

    async def gate(self, flight: Future[T], timeout: float) -> T:
        self.waiting.release()
        return await super().gate(flight, timeout)


class Office:
    """One token source, its issuer, a clock, and a first token that has just expired."""

    def __init__(self, *, age: float = 200) -> None:
        self.clock = Clock()
        self.issuer = HeldIssuer()
        self.source = TokenSource(ISSUER, ClientSecret("app", "s3cret"))
        self.threads = Threads(self.issuer, self.clock)
        self.tasks = Tasks(self.issuer, self.clock)
        assert self.get_now() == "Bearer token-1"
        self.clock.value += age
        self.issuer.count = 0
        self.issuer.arrived = threading.Semaphore(0)
        self.issuer.hold = True

    def get_now(self) -> str:
        return run_sync(self.source.get(self.threads, self.clock() + 60)).header()

    async def get(self) -> str:
        found: Token = await self.source.get(self.tasks, self.clock() + 60)
        return found.header()


def acquire(semaphore: threading.Semaphore, times: int) -> None:
    for _ in range(times):
        assert semaphore.acquire(timeout=PATIENCE), "somebody never came"


async def came(semaphore: threading.Semaphore, times: int) -> None:
    """`acquire` beside a running loop, which goes on meanwhile."""
    await asyncio.get_running_loop().run_in_executor(None, acquire, semaphore, times)


def started(*works: Callable[[], Any]) -> list[Future[Any]]:
    """Each in a thread of its own, all at once; their results."""
    barrier = threading.Barrier(len(works))
    results: list[Future[Any]] = []

    def run(work: Callable[[], Any], result: Future[Any]) -> None:
        barrier.wait(PATIENCE)
        try:
            result.set_result(work())
        # Everything, for a test must see what its thread saw.
        except BaseException as error:
            result.set_exception(error)

    for work in works:
        result: Future[Any] = Future()
        results.append(result)
        threading.Thread(target=run, args=(work, result), daemon=True).start()
    return results


def loop_of(work: Callable[[], Coroutine[Any, Any, T]]) -> Callable[[], T]:
    """A function that runs a coroutine on an event loop of its own."""
    return lambda: asyncio.run(work())
