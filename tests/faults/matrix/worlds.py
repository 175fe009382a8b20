"""The clients the matrix is measured on: threads and tasks, over each transport, behind one face."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from egov_serang import AsyncClient, Client, Config, EgovError, RetryPolicy
from egov_serang.core.bind import M, Service, operation
from egov_serang.core.call import Call
from egov_serang.core.reply import Reply
from egov_serang.core.runtime import AsyncRuntime, SyncRuntime
from egov_serang.models.complaints import Complaint, Location
from egov_serang.transport.stack import Count
from egov_serang.wires.gateway.complaints import ComplaintsGateway

Kind = Literal["write", "read", "unkeyed", "lookup"]
HERE: Final = Location(area_code="36.73.01.1001")
TEXT: Final = "Jalan berlubang di depan pasar."


class Unkeyed(Service[M]):
    """A wire that sends the key but is not promised that anybody honours it."""

    @operation
    def submit(self) -> Call[Complaint]:
        """Submit once, at most."""
        call = ComplaintsGateway().submit(
            "jalan_rusak",
            TEXT,
            location=HERE,
            attributes=None,
            reporter=None,
            confidential=False,
            anonymous=False,
            client_reference=None,
        )
        return replace(call, safety="never_repeat")


@dataclass(frozen=True)
class Outcome:
    """What a caller learns of one call, and what the service holds after it."""

    outcome: str
    sent: str
    attempts: int
    effects: int = 0

    @classmethod
    def of(cls, error: EgovError) -> Outcome:
        """The outcome an error is."""
        kind = type(error).__name__
        return cls(f"{kind} ({error.code})" if error.code else kind, error.sent, error.attempts)

    def cells(self) -> tuple[str, str, str, str]:
        """The cells of a table."""
        return self.outcome, self.sent, str(self.attempts), str(self.effects)


class Waits:
    """Waits that are over at once: the runtime's clock goes on by them instead, and they are written down."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.waits: list[float] = []

    def pass_by(self, seconds: float) -> None:
        self.ahead += seconds
        self.waits.append(seconds)


class SwiftThreads(SyncRuntime):
    def __init__(self, sender: Any, clock: Waits) -> None:
        super().__init__(sender)
        self._clock = clock

    def now(self) -> float:
        return super().now() + self._clock.ahead

    async def sleep(self, seconds: float) -> None:
        self._clock.pass_by(seconds)


class SwiftTasks(AsyncRuntime):
    def __init__(self, sender: Any, clock: Waits) -> None:
        super().__init__(sender)
        self._clock = clock

    def now(self) -> float:
        return super().now() + self._clock.ahead

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self._clock.pass_by(seconds)


class Driver:
    """One client: calls are made one after the other, and none waits between attempts."""

    def __init__(self, client: Any, runner: asyncio.Runner | None) -> None:
        self.client = client
        self.runner = runner
        self.clock = Waits()
        self._transport: Any = client._transport
        engine = client.complaints.engine
        engine.runtime = (SwiftThreads if runner is None else SwiftTasks)(self._transport, self.clock)

    @property
    def count(self) -> Count:
        """The lanes."""
        count: Count = self._transport.count
        return count

    def until_at_rest(self) -> None:
        """Let what goes on in the background end, now that nothing holds it."""
        for _ in range(1000):
            if not self.count.busy:
                return
            if self.runner is None:
                threading.Event().wait(0.01)
            else:
                self.runner.run(asyncio.sleep(0.01))

    def call(self, kind: Kind, complaint_id: str = "c-read") -> Outcome:
        """Make a call; an outcome without effects, which only the service knows."""
        try:
            reply = self._run(self.work(kind, complaint_id))
        except EgovError as error:
            failed = error
        else:
            return self._whole(kind, complaint_id, reply)
        assert failed.__cause__ is failed.__context__ is None
        return Outcome.of(failed)

    def work(self, kind: Kind, complaint_id: str = "c-read") -> Any:
        """The call: made when this is called (threads), or a coroutine (tasks)."""
        services = self.client.raw.complaints
        if kind == "read":
            return services.get(complaint_id)
        if kind == "lookup":
            return self.client.raw.identity.verification("t-read")
        if kind == "unkeyed":
            return Unkeyed(services.engine, None, services.mode).submit()
        return services.submit("jalan_rusak", TEXT, location=HERE)

    def _run(self, work: Any) -> Any:
        return work if self.runner is None else self.runner.run(work)

    @staticmethod
    def _whole(kind: Kind, complaint_id: str, reply: Reply[Any]) -> Outcome:
        """A success is one only with the whole answer to this very call."""
        if kind == "lookup":
            return Outcome("success", "yes", reply.attempts)
        complaint = reply.data
        assert (complaint.service_code, complaint.version) == ("jalan_rusak", 1)
        if kind == "read":
            assert complaint.complaint_id == complaint_id
        else:
            assert complaint.complaint_id.startswith("c-")
        return Outcome("success", "yes", reply.attempts)


@dataclass(frozen=True)
class World:
    """A kind of client."""

    flow: Literal["sync", "async"]
    transport: Literal["lanes", "fast"]

    @property
    def name(self) -> str:
        return f"{self.flow} {self.transport}"

    @contextmanager
    def client(self, config: Config) -> Iterator[Driver]:
        """A client of this kind, closed at the end."""
        # Waits are drawn alike in every run: how often a call is repeated until its deadline depends on them.
        how: dict[str, Any] = {"transport": self.transport, "retry": RetryPolicy(random=lambda: 0.5)}
        if self.flow == "sync":
            with Client(config, **how) as client:
                yield Driver(client, None)
            return
        with asyncio.Runner() as runner:
            client = AsyncClient(config, **how)
            try:
                yield Driver(client, runner)
            finally:
                runner.run(client.close())


WORLDS: Final = tuple(World(flow, transport) for transport in ("lanes", "fast") for flow in ("sync", "async"))
