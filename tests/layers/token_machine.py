"""A model of the token cache and everything that can happen to it, for hypothesis to combine.

Coroutines that run only when a rule lets them, a clock that moves only by a rule, and an issuer whose every answer is a
rule's choice: an example that fails once fails always.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.layers.keys import ISSUER, answer, token
from tests.layers.worlds import EPOCH, START, fault

from egov_serang.auth.credentials import ClientSecret
from egov_serang.core.message import Limits, Request, Response
from egov_serang.errors import DeadlineExceeded, EgovError

T = TypeVar("T")
BACKOFF = 5.0
_ROUNDS = 6  # a leader asks, is answered, wakes the others, and one of them leads anew
FAILURES: dict[str, Any] = {
    "is overloaded": answer(503, {}),
    "refuses": answer(400, {"error": "invalid_client"}),
    "answers HTML": answer(200, b"<html>"),
    "breaks the connection": fault("reset", "maybe"),
}


class _Pause:
    def __await__(self) -> Generator[None]:
        yield


class Job:
    """A coroutine carried on step by step."""

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self._work = work
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None

    def step(self, thrown: BaseException | None = None) -> None:
        if self.done:
            return
        try:
            if thrown is None:
                self._work.send(None)
            else:
                self._work.throw(thrown)
        except StopIteration as end:
            self.done, self.result = True, end.value
        # Everything, for it is judged later.
        except BaseException as error:
            self.done, self.error = True, error

    def end(self) -> None:
        self._work.close()


class Asked:
    """A token request the issuer has and has not answered."""

    def __init__(self, at: float, until: float) -> None:
        self.at, self.until = at, until
        self.outcome: Any = None
        self.lost = False

    async def answered(self) -> Response:
        try:
            while self.outcome is None:
                await _Pause()
        except BaseException:
            self.lost = True
            raise
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        found: Response = self.outcome
        return found


@dataclass(eq=False)
class Caller:
    """Somebody who wants a token."""

    job: Job
    deadline: float
    refused: frozenset[Any]
    """Tokens that were known to be refused when it asked."""
    cancelled: bool = False


@dataclass
class Issued:
    at: float
    lifetime: float


class Runtime:
    """The port for tasks, over the machine's scheduler and clock."""

    flow: Literal["tasks"] = "tasks"

    def __init__(self) -> None:
        self.clock = START
        self.asked: list[Asked] = []
        self.total = 0
        self.work: list[Job] = []

    def now(self) -> float:
        return self.clock

    def wall(self) -> float:
        return EPOCH + self.clock - START

    async def send(self, request: Request, limits: Limits) -> Response:
        self.total += 1
        asked = Asked(self.clock, limits.deadline)
        self.asked.append(asked)
        return await asked.answered()

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("a token source never sleeps")

    async def gate(self, flight: Future[T], timeout: float) -> T:
        until = self.clock + timeout
        while not flight.done():
            if self.clock >= until:
                raise TimeoutError
            await _Pause()
        return flight.result(0)

    def launch(self, work: Coroutine[Any, Any, None], *, aside: bool = False) -> None:
        self.work.append(Job(work))


class TokenMachine(RuleBasedStateMachine):
    """What holds at every moment, whatever happened before."""

    source_type: Callable[..., Any]

    def __init__(self) -> None:
        super().__init__()
        self.runtime = Runtime()
        self.source = type(self).source_type(ISSUER, ClientSecret("app", "CANARY"))
        self.callers: list[Caller] = []
        self.issued: dict[str, Issued] = {}
        self.current: Any = None
        """The newest token that anybody was given, as an object; what may be refused."""
        self.handed: list[Any] = []
        self.refused: set[Any] = set()
        self.failed_at = float("-inf")

    # What happens.

    @rule(seconds=st.sampled_from([0.5, 3.0, 6.0, 20.0, 30.0, 70.0, 200.0]))
    def time_passes(self, seconds: float) -> None:
        self.runtime.clock += seconds
        for asked in self.runtime.asked:
            if self.runtime.clock >= asked.until:  # the transport gives up, as it must
                self._fail(asked, fault("timeout", "maybe"))
        self._settle()
        for caller in self.callers:
            late = self.runtime.clock >= caller.deadline
            assert caller.job.done or not late, "waits beyond its deadline"

    @precondition(lambda self: self.current is not None)
    @rule(early=st.sampled_from([-0.5, 0.5]), renewal=st.booleans())
    def the_token_comes_of_age(self, early: float, renewal: bool) -> None:
        """To just before or after the moment it is to be renewed, or has expired: where mistakes are made."""
        issued = self.issued[self.current.header().removeprefix("Bearer ")]
        moment = self.current.refresh_at if renewal else issued.at + issued.lifetime
        if moment + early > self.runtime.clock:
            self.time_passes(moment + early - self.runtime.clock)

    @rule(seconds=st.sampled_from([1.0, 10.0, 60.0]))
    def somebody_calls(self, seconds: float) -> None:
        now, before = self.runtime.clock, self.runtime.total
        usable = self._usable()
        idle = not self.runtime.asked
        caller = Caller(Job(self._want(now + seconds)), now + seconds, frozenset(self.refused))
        self.callers.append(caller)
        self._settle(collect=False)
        if usable is not None:
            assert caller.job.done, "waits although there is a valid token"
            assert caller.job.error is None, "fails although there is a valid token"
            due = now >= usable.refresh_at and now >= self.failed_at + BACKOFF
            assert (self.runtime.total > before) == (idle and due), "renewed too early, too often or not at all"
        elif idle:
            assert self.runtime.total == before + 1, "nobody asked the issuer"
        else:
            assert self.runtime.total == before, "asked although a request is under way"
        self._settle()

    @precondition(lambda self: self.runtime.asked)
    @rule(lifetime=st.sampled_from([10.0, 50.0, 100.0, 900.0]))
    def the_issuer_grants(self, lifetime: float) -> None:
        asked = self.runtime.asked.pop(0)
        value = f"token-{self.runtime.total}"
        self.issued[value] = Issued(asked.at, lifetime)
        asked.outcome = token(value, lifetime)
        waiting = [*self.callers]
        if self.runtime.clock >= asked.at + lifetime:
            self.failed_at = self.runtime.clock  # it took longer to answer than its token lives
        self._settle()
        assert all(caller.job.done for caller in waiting), "was not woken by the answer"

    @precondition(lambda self: self.runtime.asked)
    @rule(how=st.sampled_from(sorted(FAILURES)))
    def the_issuer(self, how: str) -> None:
        waiting = [*self.callers]
        self._fail(self.runtime.asked[0], FAILURES[how])
        self._settle()
        assert all(caller.job.done for caller in waiting), "was not woken by the failure"

    @precondition(lambda self: any(not caller.job.done for caller in self.callers))
    @rule(data=st.data())
    def a_caller_is_cancelled(self, data: st.DataObject) -> None:
        waiting = [caller for caller in self.callers if not caller.job.done]
        caller = data.draw(st.sampled_from(range(len(waiting))).map(waiting.__getitem__))
        caller.cancelled = True
        caller.job.step(CancelledError())
        self._settle()
        assert not any(asked.lost for asked in self.runtime.asked), "the request of all went with it"

    @precondition(lambda self: self.handed)
    @rule(data=st.data())
    def a_service_refuses_a_token(self, data: st.DataObject) -> None:
        """Any that was ever handed out: answers come late, and old tokens may be refused after new ones were got."""
        found = self.handed[data.draw(st.integers(0, len(self.handed) - 1))]
        self.refused.add(found)
        self.source.drop(found)

    # What holds.

    @invariant()
    def one_request_is_under_way_at_most(self) -> None:
        assert len(self.runtime.asked) <= 1

    @invariant()
    def nothing_is_shown(self) -> None:
        assert "CANARY" not in f"{self.source!r} {vars(self.source)}"

    def teardown(self) -> None:
        try:
            # Whoever still waits is served as soon as the issuer answers.
            while self.runtime.asked:
                self.the_issuer_grants(900.0)
            self._settle()
            assert not self.callers, "waits for nothing"
            assert not self.runtime.work, "works for nobody"
        finally:
            for job in (*self.runtime.work, *(caller.job for caller in self.callers)):
                job.end()

    # How.

    async def _want(self, deadline: float) -> Any:
        """As the layer `Auth` asks."""
        return self.source.ready(self.runtime.clock) or await self.source.get(self.runtime, deadline)

    def _usable(self) -> Any:
        """The token that must be in hand now: the newest granted, unless it expired or was refused."""
        newest = self.current
        if newest is None or newest in self.refused or self._expired(newest):
            return None
        return newest

    def _expired(self, found: Any) -> bool:
        issued = self.issued[found.header().removeprefix("Bearer ")]
        return self.runtime.clock >= issued.at + issued.lifetime

    def _fail(self, asked: Asked, how: Any) -> None:
        self.runtime.asked.remove(asked)
        self.failed_at = self.runtime.clock
        asked.outcome = how

    def _settle(self, *, collect: bool = True) -> None:
        """Let everybody do all they can without time passing and without the issuer."""
        for _ in range(_ROUNDS):
            for job in (*self.runtime.work, *(caller.job for caller in self.callers)):
                job.step()
        for job in self.runtime.work:
            assert job.error is None, f"a renewal ended with {job.error!r}"
        self.runtime.work = [job for job in self.runtime.work if not job.done]
        kept = self.source._token
        if kept is not None and kept is not self.current:
            assert kept not in self.refused, "keeps a refused token"
            self.current = kept
        if collect:
            for caller in [one for one in self.callers if one.job.done]:
                self.callers.remove(caller)
                self._judge(caller)

    def _judge(self, caller: Caller) -> None:
        if caller.cancelled:
            assert isinstance(caller.job.error, CancelledError)
            return
        error = caller.job.error
        if error is None:
            found = caller.job.result
            assert not self._expired(found), "was given an expired token"
            assert found not in caller.refused, "was given a token that was refused before"
            self.handed.append(found)
            return
        assert isinstance(error, EgovError), error
        assert error.sent == "no"
        assert ISSUER in str(error)
        assert "CANARY" not in f"{error} {vars(error)}"
        if isinstance(error, DeadlineExceeded):
            assert self.runtime.clock >= caller.deadline, "gave up too early"
