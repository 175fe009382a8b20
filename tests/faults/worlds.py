"""Every transport behind one face, so that each fault is tried from a thread and from a task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from egov_serang.core.message import Limits, Request, Response
from egov_serang.transport.afast import AsyncFast
from egov_serang.transport.alanes import AsyncLanes
from egov_serang.transport.fast import Fast
from egov_serang.transport.lanes import Lanes
from egov_serang.transport.port import AsyncTransport, Transport
from egov_serang.transport.stack import Count

T = TypeVar("T")


@dataclass(frozen=True)
class Json:
    """A body; in pieces of `step` bytes."""

    data: bytes = b'{"a": 1}'
    step: int = 65536
    content_type: str = "application/json"

    @property
    def length(self) -> int:
        return len(self.data)

    def chunks(self) -> Iterator[bytes]:
        for start in range(0, len(self.data), self.step):
            yield self.data[start : start + self.step]


def within(seconds: float = 10.0, **more: Any) -> Limits:
    return Limits(deadline=time.monotonic() + seconds, **more)


def post(url: str, path: str = "/x", **more: Any) -> Request:
    return Request("POST", url + path, [("x-request-id", "r-1")], Json(), **more)


def get(url: str, path: str = "/x", **more: Any) -> Request:
    return Request("GET", url + path, [("x-request-id", "r-1")], **more)


class World(Protocol):
    def send(self, request: Request, limits: Limits | None = None) -> Response: ...
    def run(self, work: Coroutine[Any, Any, T]) -> T: ...
    def close(self) -> None: ...
    def end(self) -> None: ...
    def settle(self) -> None:
        """Let what is due now be done."""
        ...

    @property
    def count(self) -> Count: ...
    @property
    def fast(self) -> bool:
        """Whether it is pyreqwest that sends, which tells less of what happens on a connection."""
        ...

    def at_rest(self, idle: int) -> bool:
        """Whether no call is under way and so many connections are kept, as far as the transport knows."""
        ...


class Threads:
    """Finishes coroutines as the engine's synchronous runtime does: they must never suspend."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def send(self, request: Request, limits: Limits | None = None) -> Response:
        return self.transport.send(request, limits or within())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            work.send(None)
        except StopIteration as done:
            result: T = done.value
            return result
        work.close()
        raise AssertionError("a synchronous stream suspended")

    @property
    def count(self) -> Count:
        assert isinstance(self.transport, Lanes | Fast)
        return self.transport.count

    @property
    def fast(self) -> bool:
        return isinstance(self.transport, Fast)

    def at_rest(self, idle: int) -> bool:
        return self.count.busy == 0 and (self.fast or self.count.idle == idle)

    def close(self) -> None:
        self.transport.close()

    def end(self) -> None:
        self.close()

    def settle(self) -> None:
        """Nothing is ever put off here."""


class Tasks:
    def __init__(self, transport: AsyncTransport) -> None:
        self.transport = transport
        self.runner = asyncio.Runner()

    def send(self, request: Request, limits: Limits | None = None) -> Response:
        return self.runner.run(self.transport.send(request, limits or within()))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @property
    def count(self) -> Count:
        assert isinstance(self.transport, AsyncLanes | AsyncFast)
        return self.transport.count

    def at_rest(self, idle: int) -> bool:
        self.settle()
        return self.count.busy == 0 and (self.fast or self.count.idle == idle)

    @property
    def fast(self) -> bool:
        return isinstance(self.transport, AsyncFast)

    def close(self) -> None:
        self.runner.run(self.transport.close())

    def end(self) -> None:
        self.close()
        self.runner.close()

    def settle(self) -> None:
        self.runner.run(asyncio.sleep(0))


WORLDS: dict[str, Callable[..., World]] = {
    "threads": lambda **options: Threads(Lanes(**options)),
    "tasks": lambda **options: Tasks(AsyncLanes(**options)),
    "fast threads": lambda **options: Threads(Fast(**options)),
    "fast tasks": lambda **options: Tasks(AsyncFast(**options)),
}
"""Each way of sending, by name; made with the options of its transport."""

Make = Callable[..., World]
