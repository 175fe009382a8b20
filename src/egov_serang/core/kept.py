"""Something fetched once for everybody, and kept for a while."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Final, Generic, TypeVar

from egov_serang.core import forks
from egov_serang.core.runtime import Runtime
from egov_serang.errors import DeadlineExceeded, EgovError

T = TypeVar("T")

_BACKOFF: Final = 5.0
_ELECTIONS: Final = 8  # leaders that may give up, one after another, before a caller does
_LONG_AGO: Final = float("-inf")


class Kept(Generic[T]):
    """Threads share a flight among threads, tasks among tasks. What cannot be renewed stays in use.

    Args:
        fetch: gets it, on the runtime and within the deadline of the call that asks first.
        fresh: seconds it counts without asking again.
    """

    def __init__(self, fetch: Callable[[Runtime, float], Awaitable[T]], fresh: float) -> None:
        self._fetch, self._fresh = fetch, fresh
        self._lock = forks.lock()
        self._flights: dict[str, Future[None]] = {}
        self._value: T | None = None
        self._failed_at = self._stale_at = _LONG_AGO
        self._failure: EgovError | None = None
        forks.watch(self)

    def after_fork(self) -> None:
        """Forget what threads were fetching that this process does not have; what is kept stays."""
        self._flights = {}

    async def get(self, runtime: Runtime, deadline: float) -> T:
        """It, fetched if need be.

        Raises:
            EgovError: what the fetch raised, for five seconds for everybody, where there is nothing from before.
            DeadlineExceeded: the call's time is over.
        """
        for _ in range(_ELECTIONS):
            now = runtime.now()
            with self._lock:
                tired = now - self._failed_at < _BACKOFF
                if self._value is not None and (now < self._stale_at or tired or now >= deadline):
                    return self._value
                if self._failure is not None and tired:
                    raise copy.copy(self._failure)
                flight = self._flights.get(runtime.flow)
                leads = flight is None
                if flight is None:
                    flight = self._flights[runtime.flow] = Future()
            if leads:
                await self._lead(runtime, deadline, flight)
                continue
            try:
                await runtime.gate(flight, max(0.0, deadline - now))
            except TimeoutError:
                break
        raise DeadlineExceeded("the call's time is over", code="deadline", sent="no")

    async def _lead(self, runtime: Runtime, deadline: float, flight: Future[None]) -> None:
        try:
            value = await self._fetch(runtime, deadline)
        except EgovError as error:
            if runtime.now() < deadline:
                with self._lock:
                    self._failure, self._failed_at = error, runtime.now()
            elif self._value is None:
                raise  # a leader out of its own time says nothing about the others': they elect a new one
        else:
            with self._lock:
                self._value, self._failure = value, None
                self._failed_at, self._stale_at = _LONG_AGO, runtime.now() + self._fresh
        finally:
            # Also reached by cancellation and Ctrl-C, which must not leave the others waiting.
            with self._lock:
                del self._flights[runtime.flow]
            flight.set_result(None)
