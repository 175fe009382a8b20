"""The limiter as a whole, by a clock of ours: calls that start, wait, end, are refused and are cancelled in any order.

Nothing runs by itself here: every call is a coroutine that the machine takes a step further.
"""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import Coroutine, Generator
from concurrent.futures import Future
from typing import Any, Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.layers.worlds import problem, respond

from egov_serang.core.call import Call
from egov_serang.core.exchange import Exchange
from egov_serang.core.message import Response
from egov_serang.errors import DeadlineExceeded, EgovError, RateLimited
from egov_serang.layers.limits import HORIZON
from egov_serang.layers.ratelimit import RateLimit
from egov_serang.wires.gateway.problems import read_problem

DEADLINE = 40.0
OPERATIONS = ("one", "other")


@types.coroutine
def pause() -> Generator[None, None, None]:
    yield


class Stepped:
    """A runtime whose waits end when the machine's clock says so."""

    flow: Literal["tasks"] = "tasks"

    def __init__(self) -> None:
        self.clock = 100.0

    def now(self) -> float:
        return self.clock

    def wall(self) -> float:
        return self.clock

    async def send(self, request: Any, limits: Any) -> Response:
        raise AssertionError("the machine answers")

    async def sleep(self, seconds: float) -> None:
        until = self.clock + seconds
        while self.clock < until:
            await pause()

    async def gate(self, flight: Future[Any], timeout: float) -> Any:
        until = self.clock + timeout
        while not flight.done():
            if self.clock >= until:
                raise TimeoutError
            await pause()
        return flight.result(0)

    def launch(self, work: Coroutine[Any, Any, None], *, aside: bool = False) -> None:
        raise AssertionError("nothing is launched")


class One:
    """A call: waiting, then under way until the machine gives it its answer."""

    def __init__(self, limiter: RateLimit, runtime: Stepped, operation: str) -> None:
        call: Call[Any] = Call(operation, "GET", "/x", lambda _: None, read_problem)
        now = runtime.clock
        self.exchange = Exchange(call, runtime, "", {}, "c", DEADLINE, now + DEADLINE, 2, opened=now)
        self.limiter = limiter
        self.let_through = False
        self.answer: Response | None = None
        self.error: EgovError | None = None
        self.over = False
        self.work = self._carried()

    async def _carried(self) -> None:
        try:
            limiter, exchange = self.limiter, self.exchange
            await (limiter.carry(exchange, self._under_way) if limiter.awake else self._under_way(exchange))
        except EgovError as error:
            self.error = error
            self.exchange.note(error)
        finally:
            self.over = True
        self.limiter.hear(self.exchange, self.error)

    async def _under_way(self, exchange: Exchange) -> Response:
        self.let_through = True
        exchange.attempt += 1
        exchange.began = exchange.runtime.now()
        while self.answer is None:
            await pause()
        exchange.status, exchange.received = self.answer.status, self.answer.headers
        if self.answer.status >= 400:
            raise read_problem(self.answer)
        return self.answer

    def step(self) -> None:
        with contextlib.suppress(StopIteration):
            self.work.send(None)

    @property
    def waits(self) -> bool:
        return not self.let_through and not self.over

    @property
    def is_under_way(self) -> bool:
        return self.let_through and not self.over


class LimiterMachine(RuleBasedStateMachine):
    """Invariants of the limiter over any course of events."""

    MOST = 6

    def __init__(self) -> None:
        super().__init__()
        self.runtime = Stepped()
        self.limiter = RateLimit(self.MOST)
        self.calls: list[One] = []
        self.counted: set[One] = set()

    def _pump(self) -> None:
        moved = True
        while moved:
            before = [(one.let_through, one.over) for one in self.calls]
            for one in self.calls:
                if not one.over and not (one.is_under_way and one.answer is None):
                    one.step()
            moved = before != [(one.let_through, one.over) for one in self.calls]
        for one in self.calls:
            if one.error is not None and not one.let_through:
                assert one.error.sent == "no"
                assert isinstance(one.error, RateLimited | DeadlineExceeded)
        self.counted = {one for one in self.counted if not one.over}
        self.calls = [one for one in self.calls if not one.over]

    @rule(operation=st.sampled_from(OPERATIONS))
    def a_call_is_made(self, operation: str) -> None:
        one = One(self.limiter, self.runtime, operation)
        if self.limiter.awake:
            self.counted.add(one)
        self.calls.append(one)
        one.step()
        self._pump()

    def _end(self, data: st.DataObject, status: int, **headers: str) -> None:
        under_way = [one for one in self.calls if one.is_under_way]
        one = data.draw(st.sampled_from(under_way))
        document = {} if status == 200 else problem(status, "rate_limited")[1]
        one.answer = respond(None, status, document, **headers)
        self._pump()

    @precondition(lambda self: any(one.is_under_way for one in self.calls))
    @rule(data=st.data())
    def one_is_answered(self, data: st.DataObject) -> None:
        self._end(data, 200)

    @precondition(lambda self: any(one.is_under_way for one in self.calls))
    @rule(data=st.data(), left=st.integers(0, 3), reset=st.sampled_from([0, 1, 9, 500]))
    def one_is_answered_with_an_announcement(self, data: st.DataObject, left: int, reset: int) -> None:
        self._end(data, 200, ratelimit=f'"all";r={left};t={reset}', ratelimit_policy='"all";q=3;w=10')

    @precondition(lambda self: any(one.is_under_way for one in self.calls))
    @rule(data=st.data(), hint=st.sampled_from(["", "0", "5", "100"]))
    def one_is_refused(self, data: st.DataObject, hint: str) -> None:
        self._end(data, 429, **({"retry_after": hint} if hint else {}))

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def one_is_cancelled(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.calls))
        with contextlib.suppress(asyncio.CancelledError):
            one.work.throw(asyncio.CancelledError())
        assert one.over
        self._pump()

    @rule(seconds=st.sampled_from([0.1, 1.0, 10.0, 41.0, 130.0]))
    def time_passes(self, seconds: float) -> None:
        self.runtime.clock += seconds
        self._pump()

    @invariant()
    def counts_exactly_those_under_way(self) -> None:
        counted = [one for one in self.calls if one in self.counted and one.is_under_way]
        assert self.limiter.under_way == len(counted)

    @invariant()
    def nobody_waits_beyond_the_deadline(self) -> None:
        assert not [one for one in self.calls if one.waits and self.runtime.clock > one.exchange.deadline + HORIZON]
        late = [one for one in self.calls if one.waits and self.runtime.clock >= one.exchange.deadline]
        assert late == [], "a wait that cannot end in time is not begun, and a queue is left at the deadline"

    @invariant()
    def nobody_queues_where_there_is_room(self) -> None:
        queue = self.limiter._queue  # pyright: ignore[reportPrivateUsage]
        assert not queue or self.limiter.under_way >= self.limiter.allowed

    @invariant()
    def sleeps_only_when_nothing_is_held(self) -> None:
        assert self.limiter.awake or not any(one.waits for one in self.calls)

    def teardown(self) -> None:
        for one in self.calls:
            one.work.close()
        assert self.limiter.under_way == 0
        assert not self.limiter._queue  # pyright: ignore[reportPrivateUsage]


TestLimiter = LimiterMachine.TestCase
TestLimiter.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)


def test_room_that_has_grown_is_given_to_those_who_wait() -> None:
    runtime, limiter = Stepped(), RateLimit(6)
    limiter._room.limit = 1.0  # pyright: ignore[reportPrivateUsage]
    limiter.awake = True
    calls = [One(limiter, runtime, "one") for _ in range(3)]
    for one in calls:
        one.step()
    assert [one.let_through for one in calls] == [True, False, False]
    calls[0].answer = respond(None, 200, {})
    for one in calls:  # its success is a round of one: there is room for two now
        one.step()
    assert limiter.allowed == 2
    assert [one.is_under_way for one in calls] == [False, True, True]
    for one in calls[1:]:
        one.answer = respond(None, 200, {})
        one.step()
    assert limiter.under_way == 0
