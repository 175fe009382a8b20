"""Attempts are held back where the service asks for it, within their deadline, and no wait leaves anything taken."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from tests.layers.worlds import START, Sent, World, call, fault, problem, respond

from egov_serang import Client, Config
from egov_serang.core.engine import Engine, Options
from egov_serang.core.message import Headers, Limits, Request, Response
from egov_serang.core.runtime import AsyncRuntime, SyncRuntime
from egov_serang.errors import DeadlineExceeded, EgovError, RateLimited
from egov_serang.layers.answers import Answers
from egov_serang.layers.ratelimit import RateLimit
from egov_serang.layers.retry import Retry, RetryBudget

OK = (200, {})


async def promised(_: object) -> bool:
    return True


def stack(limiter: RateLimit | None) -> tuple[Any, ...]:
    return Retry(RetryBudget(), limiter=limiter), Answers(promised)


def says(status: int = 200, document: Any = None, **headers: str) -> Any:
    return lambda sent: respond(sent, status, document or {}, **headers)


def throttled(**headers: str) -> Any:
    return says(*problem(429, "rate_limited"), **headers)


@pytest.fixture
def limiter() -> RateLimit:
    return RateLimit(64)


def perform(world: World, limiter: RateLimit | None, wanted: Any = None, **options: Any) -> Any:
    return world.perform(wanted or call(), *stack(limiter), **options)


def refused(world: World, limiter: RateLimit | None, wanted: Any = None, **options: Any) -> EgovError:
    with pytest.raises(EgovError) as caught:
        perform(world, limiter, wanted, **options)
    return caught.value


def test_a_service_that_says_nothing_is_never_waited_for(world: World, limiter: RateLimit) -> None:
    world.answers = [OK]
    for _ in range(3):
        perform(world, limiter)
    assert not limiter.awake
    assert world.runtime.slept == []


@pytest.mark.parametrize(
    "headers",
    [
        {"ratelimit": '"default";r=0;t=9', "ratelimit_policy": '"default";q=5;w=60'},
        {"ratelimit": "limit=5, remaining=0, reset=9"},
        {"ratelimit_limit": "5", "ratelimit_remaining": "0", "ratelimit_reset": "9"},
        {"x_ratelimit_limit": "5", "x_ratelimit_remaining": "0", "x_ratelimit_reset": "9"},
    ],
    ids=lambda h: next(iter(h)),
)
def test_nothing_is_sent_before_the_announced_reset(world: World, limiter: RateLimit, headers: dict[str, str]) -> None:
    world.answers = [says(**headers), OK]
    perform(world, limiter)
    assert limiter.awake
    perform(world, limiter)
    assert world.runtime.slept == [9.0]
    assert world.sent[1].at == START + 9
    assert limiter.under_way == 0


def test_a_call_that_cannot_start_in_time_fails_at_once_and_says_that_it_was_not_sent(
    world: World, limiter: RateLimit
) -> None:
    world.answers = [says(ratelimit='"default";r=0;t=9'), OK]
    perform(world, limiter)
    error = refused(world, limiter, call("POST"), deadline=5)
    assert type(error) is RateLimited
    assert (error.sent, error.attempts, error.trail, error.code) == ("no", 0, (), "limit_announced")
    assert (error.retry_after, error.status) == (9.0, None)
    assert world.runtime.slept == []
    assert len(world.sent) == 1
    assert perform(world, limiter, deadline=30).attempts == 1


def test_a_wait_for_the_limit_is_in_the_trail(world: World, limiter: RateLimit) -> None:
    world.answers = [says(ratelimit='"default";r=0;t=9'), fault("reset", "maybe")]
    perform(world, limiter)
    error = refused(world, limiter, retries=0)
    assert [one.waited for one in error.trail] == [9.0]


def test_what_one_operation_has_used_up_does_not_stop_another(world: World, limiter: RateLimit) -> None:
    world.answers = [says(ratelimit='"searches";r=0;t=50'), OK]
    search, file = replace(call(), operation="search"), replace(call("POST"), operation="file")
    perform(world, limiter, search)
    perform(world, limiter, file)
    assert world.runtime.slept == []
    assert refused(world, limiter, search, deadline=5).sent == "no"


def test_a_limit_of_the_same_name_is_one_limit(world: World, limiter: RateLimit) -> None:
    one, other = replace(call(), operation="one"), replace(call(), operation="other")
    world.answers = [says(ratelimit='"all";r=9;t=50'), says(ratelimit='"all";r=0;t=50'), OK]
    perform(world, limiter, one)
    perform(world, limiter, other)
    assert refused(world, limiter, one, deadline=5).sent == "no"


def test_after_a_refusal_with_a_time_nobody_asks_before_it(world: World, limiter: RateLimit) -> None:
    world.answers = [throttled(retry_after="7"), OK]
    error = refused(world, limiter, retries=0)
    assert (error.sent, error.retry_after) == ("yes", 7.0)
    perform(world, limiter)
    assert world.runtime.slept == [7.0]
    perform(world, limiter)
    assert world.runtime.slept == [7.0]


def test_the_repetition_itself_waits_once_and_not_twice(world: World, limiter: RateLimit) -> None:
    world.answers = [throttled(retry_after="7"), OK]
    assert perform(world, limiter).attempts == 2
    (wait,) = world.runtime.slept
    assert 7 <= wait <= 7.2


def test_a_long_quota_is_asked_for_again_after_two_minutes(world: World, limiter: RateLimit) -> None:
    exhausted = says(*problem(429, "quota_exhausted"), ratelimit='"day";r=0;t=50000')
    world.answers = [exhausted, OK]
    refused(world, limiter)
    error = refused(world, limiter)
    assert (type(error), error.retry_after) == (RateLimited, 120.0)
    world.runtime.clock += 121
    perform(world, limiter)
    assert len(world.sent) == 2


@pytest.mark.parametrize(
    "trouble",
    [throttled(), says(*problem(503, "upstream_unavailable")), fault("timeout", "maybe")],
    ids=[429, 503, "t"],
)
def test_refusals_lower_the_calls_at_once_and_successes_raise_them_until_nothing_is_held(
    world: World, limiter: RateLimit, trouble: Any
) -> None:
    world.answers = [trouble, OK]
    refused(world, limiter, retries=0)
    assert limiter.awake
    assert limiter.allowed == 57
    for _ in range(2000):
        perform(world, limiter)
    assert (limiter.allowed, limiter.awake, limiter.under_way) == (64, False, 0)
    world.answers = [trouble]
    refused(world, limiter, retries=0)
    assert limiter.allowed == 57, "it is heard again after it slept"


@pytest.mark.parametrize("trouble", [problem(422, "validation_failed"), problem(500, "internal"), fault("reset", "no")])
def test_other_failures_hold_nobody_back(world: World, limiter: RateLimit, trouble: Any) -> None:
    world.answers = [trouble]
    refused(world, limiter, retries=0)
    assert not limiter.awake


def test_what_was_not_sent_teaches_nothing(world: World, limiter: RateLimit) -> None:
    world.answers = [says(ratelimit='"default";r=0;t=9'), OK]
    perform(world, limiter)
    for _ in range(5):
        refused(world, limiter, deadline=5)
    assert limiter.allowed == 64
    world.runtime.clock += 9
    perform(world, limiter)
    assert world.runtime.slept == []


def test_switched_off_it_holds_nothing(world: World) -> None:
    world.answers = [says(ratelimit='"default";r=0;t=9'), OK]
    perform(world, None)
    perform(world, None)
    assert world.runtime.slept == []


class Crowded:
    """A service whose answers wait until the test lets them go; it counts who is inside."""

    def __init__(self) -> None:
        self.inside = self.highest = self.done = 0
        self.lock = threading.Lock()
        self.let_go = threading.Event()
        self.came = threading.Semaphore(0)

    def _enter(self, step: int) -> None:
        with self.lock:
            self.inside += step
            self.highest = max(self.highest, self.inside)
            self.done += step < 0

    def send(self, request: Request, limits: Limits) -> Response:
        self._enter(1)
        self.came.release()
        self.let_go.wait(20)
        self._enter(-1)
        return Response(200, Headers([("x-request-id", dict(request.headers)["x-request-id"])]), b"{}")


class AsyncCrowded(Crowded):
    async def send(self, request: Request, limits: Limits) -> Response:  # type: ignore[override]
        self._enter(1)
        try:
            self.came.release()
            await asyncio.to_thread(self.let_go.wait, 20)
        finally:
            self._enter(-1)
        return Response(200, Headers([("x-request-id", dict(request.headers)["x-request-id"])]), b"{}")


def narrowed(allowed: int) -> RateLimit:
    """A limiter that has learnt that so many at once are possible."""
    limiter = RateLimit(64)
    room = limiter._room  # pyright: ignore[reportPrivateUsage]
    room.limit = float(allowed)
    limiter.awake = True
    return limiter


def engine(runtime: Any, limiter: RateLimit, **options: Any) -> Engine:
    return Engine(runtime, stack(limiter), base="https://gateway.test", headers={}, options=Options(**options))


def test_threads_go_in_one_after_another() -> None:
    service, limiter = Crowded(), narrowed(3)
    calls = engine(SyncRuntime(service), limiter)
    with ThreadPoolExecutor(12) as pool:
        replies = [pool.submit(lambda: calls.finish(calls.perform(call()))) for _ in range(12)]
        for _ in range(3):
            assert service.came.acquire(timeout=20)
        service.let_go.set()
        assert {reply.result(20).status for reply in replies} == {200}
    assert service.highest <= 4, "three, and one more where the limit grew meanwhile"
    assert (service.done, limiter.under_way) == (12, 0)


def test_tasks_of_several_loops_share_the_room_and_cancelled_ones_leave_none_taken() -> None:
    service, limiter = AsyncCrowded(), narrowed(2)
    calls = engine(AsyncRuntime(service), limiter)
    cancelled: list[int] = []

    async def crowd() -> int:
        tasks = [asyncio.create_task(calls.perform(call())) for _ in range(20)]
        await asyncio.sleep(0)
        for task in tasks[::3]:
            task.cancel()
        service.let_go.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        cancelled.append(sum(isinstance(one, asyncio.CancelledError) for one in results))
        return sum(not isinstance(one, BaseException) for one in results)

    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(asyncio.run, crowd()) for _ in range(3)]
        answered = sum(one.result(30) for one in done)
    assert answered + sum(cancelled) == 60
    assert sum(cancelled) >= 1
    assert limiter.under_way == 0
    assert service.inside == 0


def test_one_whose_turn_has_come_while_it_was_cancelled_passes_it_on() -> None:
    service, limiter = AsyncCrowded(), narrowed(1)
    calls = engine(AsyncRuntime(service), limiter)

    async def main() -> tuple[Any, ...]:
        tasks = [asyncio.create_task(calls.perform(call())) for _ in range(3)]
        assert await asyncio.to_thread(service.came.acquire, timeout=20)
        for _ in range(5):
            await asyncio.sleep(0)
        service.let_go.set()
        await tasks[0]  # its end has given the turn to the second, which has not run since
        tasks[1].cancel()
        return tuple(await asyncio.gather(*tasks, return_exceptions=True))

    first, second, third = asyncio.run(main())
    assert first.status == third.status == 200
    assert isinstance(second, asyncio.CancelledError)
    assert limiter.under_way == 0


@pytest.mark.parametrize("flow", ["threads", "tasks"])
def test_no_room_until_the_deadline_is_said_so(flow: str) -> None:
    limiter = narrowed(1)
    service = Crowded() if flow == "threads" else AsyncCrowded()
    if flow == "threads":
        first = engine(SyncRuntime(service), limiter)
        second = engine(SyncRuntime(service), limiter, deadline=0.05)
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(lambda: first.finish(first.perform(call())))
            assert service.came.acquire(timeout=20)
            with pytest.raises(DeadlineExceeded) as caught:
                second.finish(second.perform(call("POST")))
            service.let_go.set()
            held.result(20)
    else:
        slow = engine(AsyncRuntime(service), limiter)  # type: ignore[arg-type]
        hasty = engine(AsyncRuntime(service), limiter, deadline=0.05)  # type: ignore[arg-type]

        async def main() -> Any:
            held = asyncio.create_task(slow.perform(call()))
            assert await asyncio.to_thread(service.came.acquire, timeout=20)
            with pytest.raises(DeadlineExceeded) as late:
                await hasty.perform(call("POST"))
            service.let_go.set()
            await held
            return late

        caught = asyncio.run(main())
    assert (caught.value.sent, caught.value.attempts, caught.value.code) == ("no", 0, "congested")
    assert (limiter.under_way, service.done) == (0, 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_begins_with_an_empty_room() -> None:
    limiter = narrowed(1)
    limiter._under_way = 1  # pyright: ignore[reportPrivateUsage]
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        try:
            service = Crowded()
            service.let_go.set()
            calls = engine(SyncRuntime(service), limiter, deadline=5)
            os.write(writes, str(calls.finish(calls.perform(call())).status).encode())
        finally:
            os._exit(0)
    os.close(writes)
    assert os.read(reads, 10) == b"200"
    os.close(reads)
    os.waitpid(child, 0)


def test_a_number_of_names_is_remembered_and_no_more(world: World, limiter: RateLimit) -> None:
    def renamed(sent: Sent) -> Response:
        return respond(sent, 200, {}, ratelimit=f'"limit-{len(world.sent)}";r=5;t=1')

    world.answers = [renamed]
    for _ in range(300):
        perform(world, limiter)
    assert len(limiter._buckets) <= 64  # pyright: ignore[reportPrivateUsage]
    assert max(map(len, limiter._known.values())) <= 8  # pyright: ignore[reportPrivateUsage]


class Silent:
    """A gateway that echoes no request id, and says in its discovery document that it never does."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def send(self, request: Request, limits: Limits) -> Response:
        self.paths.append(request.url.removeprefix("https://gateway.invalid"))
        found = {"contract": "1.0", "issuer": "https://gateway.invalid", "jurisdictions": [], "request_id_echo": False}
        given = {"complaint_id": "c-1", "service_code": "sampah", "status": "submitted", "version": 1}
        document = found if ".well-known" in request.url else given
        return Response(200, Headers([("content-type", "application/json")]), json.dumps(document).encode())

    def close(self) -> None:
        """Nothing to close."""


def test_what_is_asked_on_the_way_of_a_call_is_not_held_back_behind_it() -> None:
    gateway = Silent()
    config = Config(gateway="https://gateway.invalid", auth="none", signature="none", deadline=5)
    client = Client(config, transport=gateway)
    (retry,) = (layer for layer in client.complaints.engine.layers if isinstance(layer, Retry))
    limiter = retry._limiter  # pyright: ignore[reportPrivateUsage]
    assert limiter is not None
    limiter._room.limit, limiter.awake = 1.0, True  # pyright: ignore[reportPrivateUsage]
    assert client.complaints.get("c-1").complaint_id == "c-1"
    assert gateway.paths == ["/v1/complaints/cases/c-1", "/.well-known/smartcity-gateway"]
    assert limiter.under_way == 0
