"""Both runtimes with a clock of their own: time passes only when something sleeps or a handler says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, Literal, TypeVar

from egov_serang.core.call import Call
from egov_serang.core.engine import Engine, Options
from egov_serang.core.exchange import Layer, Observer
from egov_serang.core.message import Headers, Limits, Request, Response, TransportFault
from egov_serang.core.reply import Reply
from egov_serang.core.runtime import run_sync
from egov_serang.wires.gateway.problems import read_problem

T = TypeVar("T")

START = 1_000.0
EPOCH = 1_763_860_000
_SPINS = 200


class Sent:
    """One transmission as the service saw it."""

    def __init__(self, request: Request, limits: Limits, at: float) -> None:
        self.method = request.method
        self.url = request.url
        self.headers = Headers(request.headers)
        self.raw_headers = request.headers
        self.body = b"" if request.body is None else b"".join(request.body.chunks())
        self.limits = limits
        self.at = at
        self.stream = request.stream


Handler = Callable[[Sent], Response]


class FakeRuntime:
    """The Runtime port over a function, for threads or for tasks. Everything that would wait moves the clock."""

    def __init__(self, flow: Literal["threads", "tasks"], handler: Handler) -> None:
        self.flow: Literal["threads", "tasks"] = flow
        self.handler = handler
        self.clock = START
        self.sent: list[Sent] = []
        self.slept: list[float] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        return self.clock

    def wall(self) -> float:
        return EPOCH + self.clock - START

    async def _yield(self) -> None:
        if self.flow == "tasks":
            await asyncio.sleep(0)

    async def send(self, request: Request, limits: Limits) -> Response:
        await self._yield()
        sent = Sent(request, limits, self.clock)
        self.sent.append(sent)
        return self.handler(sent)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock += seconds
        await self._yield()

    async def gate(self, flight: Future[T], timeout: float) -> T:
        spins = 0
        while not flight.done():
            # Nobody flies this flight any more: the wait would last its whole timeout.
            if self.flow == "threads" or spins == _SPINS:
                self.clock += timeout
                raise TimeoutError
            spins += 1
            await asyncio.sleep(0)
        return flight.result(0)

    def launch(self, work: Coroutine[Any, Any, None], *, aside: bool = False) -> None:
        if self.flow == "threads":
            run_sync(work)
        else:
            task = asyncio.get_running_loop().create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Finish a coroutine in this world."""
        if self.flow == "threads":
            return run_sync(work)
        return asyncio.run(work)


class World:
    """An engine of some layers over a fake service."""

    def __init__(self, flow: Literal["threads", "tasks"]) -> None:
        self.runtime = FakeRuntime(flow, self._answer)
        self.answers: list[Any] = []
        """What the service does with each transmission in turn; the last one for ever."""

    def _answer(self, sent: Sent) -> Response:
        found = self.answers[min(len(self.sent), len(self.answers)) - 1]
        if callable(found):
            found = found(sent)
        if isinstance(found, BaseException):
            raise found
        if isinstance(found, Response):
            return found
        status, document = found
        return respond(sent, status, document)

    @property
    def sent(self) -> list[Sent]:
        return self.runtime.sent

    def engine(self, *layers: Layer, observer: Observer | None = None, **options: Any) -> Engine:
        return Engine(
            self.runtime,
            layers,
            base="https://gateway.test",
            headers={"user-agent": "test"},
            options=Options(**options),
            observer=observer,
        )

    def perform(self, call: Call[T], *layers: Layer, **options: Any) -> Reply[T]:
        """Carry a call out through these layers, as the public methods do."""
        engine = self.engine(*layers, **options)
        return self.finish(engine, engine.perform(call))

    def finish(self, engine: Engine, work: Coroutine[Any, Any, T]) -> T:
        if self.runtime.flow == "threads":
            return engine.finish(work)
        return asyncio.run(engine.finish_async(work))


def respond(sent: Sent | None, status: int, document: Any, **headers: str) -> Response:
    """An answer in JSON that echoes the request's id, unless it has one of its own."""
    fields = {"content-type": "application/json" if status < 400 else "application/problem+json"}
    if sent is not None and "x-request-id" in sent.headers:
        fields["x-request-id"] = sent.headers["x-request-id"]
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, Headers(fields.items()), json.dumps(document).encode())


def problem(status: int, code: str, **more: Any) -> tuple[int, dict[str, Any]]:
    return status, {"code": code, "title": "no", "status": status, **more}


def fault(kind: Any, sent: Any, *, permanent: bool = False) -> TransportFault:
    return TransportFault(kind, sent=sent, reason="it broke", permanent=permanent)


def body_of(response: Response) -> Any:
    return json.loads(response.body)


def call(method: str = "GET", **changes: Any) -> Call[Any]:
    safety = "safe" if method == "GET" else "keyed"
    fields: dict[str, Any] = {"safety": safety, **changes}
    return Call("test.operation", method, "/v1/test/{id}", body_of, read_problem, {"id": "x"}, **fields)


Layers = Sequence[Layer]
