"""What a flow sends its calls with: keys derived from one key, one deadline for all of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self, TypeVar

from egov_serang.core.call import RISK, Call, Safety
from egov_serang.core.engine import Engine
from egov_serang.core.ids import random_id, step_key
from egov_serang.core.reply import Reply
from egov_serang.errors import DeadlineExceeded

T = TypeVar("T")


class Steps:
    """What a flow sends its calls with. Every step's key derives from the flow's, so a re-run repeats no effect.

    Args:
        engine: carries the calls out.
        flow: the name of the flow's method, for observers.
        key: the flow's idempotency key, where it is run again; the options', or a new one, by default.
    """

    def __init__(self, engine: Engine, flow: str, key: str | None = None) -> None:
        self._engine = engine
        self._flow = flow
        self._observed = ExitStack()
        self._count = 0
        self.key = key or engine.options.idempotency_key or random_id()
        self.deadline = engine.runtime.now() + engine.options.deadline
        self.last: Reply[Any] | None = None
        self.safety: Safety = "safe"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._observed.__exit__(kind, error, tb)

    async def __call__(self, call: Call[T], name: str | None = None) -> Reply[T]:
        """Carry one call of the flow out.

        Args:
            call: what to do.
            name: of the step, stable over re-runs; its operation and position by default.
        """
        self._count += 1
        if self._count == 1:  # a flow whose arguments are refused has no call to observe, like any refused operation
            service = call.operation.rpartition(".")[0]
            self._observed.enter_context(self._engine.observer.flow(f"{service}.{self._flow}"))
        self.safety = max(self.safety, call.safety, key=RISK.__getitem__)
        key = step_key(self.key, name or f"{self._count}:{call.operation}")
        reply = await self._engine.perform(call, key=key, deadline=self.deadline)
        self.last = reply
        return reply

    def within(self, seconds: float) -> None:
        """Give the whole flow this long from now, in place of the options' deadline."""
        self.deadline = self._engine.runtime.now() + seconds

    def remaining(self) -> float:
        """Seconds left to the flow, at least 0."""
        return max(0.0, self.deadline - self._engine.runtime.now())

    @property
    def retries(self) -> int:
        """Repetitions the caller allows, for a flow that repeats something of its own."""
        return self._engine.options.retries

    async def offload(self, work: Callable[[], T]) -> T:
        """Do something of this machine that takes a while; an event loop goes on meanwhile."""
        return await self._engine.runtime.offload(work)

    async def sleep(self, seconds: float) -> None:
        """Wait between two steps.

        Raises:
            DeadlineExceeded: the wait would outlast the flow; raised at once, without waiting.
        """
        if seconds >= self.remaining():
            raise DeadlineExceeded(
                "the time given is over before the state was reached",
                code="deadline",
                hint="Nothing is lost: ask again later with the same arguments",
                sent="yes",
            )
        await self._engine.runtime.sleep(seconds)
