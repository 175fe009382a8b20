"""Repeating: only what may be repeated, as the service says, within deadline and budget; never a cancellation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.layers.worlds import Sent, World, call, fault, problem, respond

from egov_serang.core.call import Safety
from egov_serang.errors import (
    ConnectionFailed,
    EgovError,
    RateLimited,
    ServerFault,
    UnexpectedReply,
)
from egov_serang.layers.deadline import Deadline
from egov_serang.layers.retry import Retry, RetryBudget

OK = (200, {})
PROXY = "<html>busy</html>"


def fails(world: World, budget: RetryBudget | None = None, method: str = "POST", **more: Any) -> Any:
    safety = more.pop("safety", "keyed")
    with pytest.raises(EgovError) as caught:
        world.perform(call(method, safety=safety), Retry(budget or RetryBudget()), **more)
    return caught.value


REPEATED: list[Any] = [
    fault("connect", "no"),
    fault("closed", "no"),
    fault("reset", "maybe"),
    fault("timeout", "maybe"),
    fault("protocol", "maybe"),
    fault("truncated", "maybe"),
    problem(500, "internal"),
    problem(502, "upstream_unavailable"),
    problem(503, "upstream_unavailable"),
    problem(504, "upstream_timeout"),
    problem(429, "rate_limited"),
    problem(409, "idempotency_in_progress"),
    (500, PROXY),
    (404, PROXY),
]
FINAL: list[Any] = [
    problem(422, "validation_failed"),
    problem(401, "unauthenticated"),
    problem(401, "signature_invalid"),
    problem(401, "nonce_replayed"),
    problem(403, "forbidden"),
    problem(404, "not_found"),
    problem(409, "invalid_transition"),
    problem(412, "version_conflict"),
    problem(422, "idempotency_mismatch"),
    problem(429, "quota_exhausted"),
    problem(429, "daily_limit_reached"),
    problem(413, "payload_too_large"),
    fault("tls", "no", permanent=True),
    fault("too_large", "maybe", permanent=True),
]


@pytest.mark.parametrize("outcome", REPEATED, ids=str)
@pytest.mark.parametrize("safety", ["safe", "keyed"])
def test_the_positive_list_is_repeated(world: World, outcome: Any, safety: Safety) -> None:
    world.answers = [outcome_of(outcome), OK]
    reply = world.perform(
        call("GET" if safety == "safe" else "POST", safety=safety), Answered(), Retry(RetryBudget()), Reads()
    )
    assert reply.attempts == 2
    assert len(world.runtime.slept) == 1


@pytest.mark.parametrize("outcome", FINAL, ids=str)
def test_everything_else_is_final(world: World, outcome: Any) -> None:
    world.answers = [outcome_of(outcome), OK]
    with pytest.raises(EgovError):
        world.perform(call("GET"), Retry(RetryBudget()), Reads())
    assert len(world.sent) == 1
    assert world.runtime.slept == []


def outcome_of(outcome: Any) -> Any:
    if isinstance(outcome, tuple) and outcome[1] == PROXY:

        def html(sent: Sent) -> Any:
            response = respond(sent, outcome[0], {})
            response.body = PROXY.encode()
            return response

        return html
    return outcome


class Answered:
    """Outermost: nothing to do; shows that a layer around the retry sees one success."""

    async def __call__(self, exchange: Any, next: Any) -> Any:
        response = await next(exchange)
        assert response.status == 200
        return response


class Reads:
    """Turns refusals into errors, as the answers layer does."""

    async def __call__(self, exchange: Any, next: Any) -> Any:
        response = await next(exchange)
        if response.status >= 400:
            raise exchange.call.read_error(response)
        return response


def test_a_refusal_before_sending_is_repeated_for_any_call(world: World) -> None:
    world.answers = [fault("connect", "no"), OK]
    reply = world.perform(call("POST", safety="never_repeat"), Retry(RetryBudget()))
    assert reply.attempts == 2


@pytest.mark.parametrize("kind", ["reset", "timeout", "truncated"])
def test_a_write_without_an_honoured_key_is_not_repeated_once_bytes_left(world: World, kind: str) -> None:
    world.answers = [fault(kind, "maybe"), OK]
    error = fails(world, safety="never_repeat", retries=5)
    assert len(world.sent) == 1
    assert error.sent == "maybe"
    assert error.attempts == 1
    assert "[sent=maybe]" in str(error)
    assert "look the result up" in str(error.hint)


def test_maybe_is_not_forgotten_by_a_later_proof(world: World) -> None:
    world.answers = [fault("reset", "maybe"), fault("connect", "no")]
    error = fails(world, retries=1)
    assert type(error) is ConnectionFailed
    assert (error.sent, error.attempts) == ("maybe", 2)


def test_a_never_repeated_call_stops_after_the_first_byte_even_when_it_began_well(world: World) -> None:
    world.answers = [fault("connect", "no"), fault("reset", "maybe"), OK]
    error = fails(world, safety="never_repeat", retries=5)
    assert (error.sent, error.attempts) == ("maybe", 2)


def test_retries_are_counted(world: World) -> None:
    world.answers = [fault("reset", "maybe")]
    error = fails(world, retries=3, deadline=1000)
    assert error.attempts == len(world.sent) == 4
    assert fails(world, retries=0).attempts == 1


@pytest.mark.parametrize("status", [429, 503])
def test_the_services_hint_is_never_undercut(world: World, status: int) -> None:
    code = "rate_limited" if status == 429 else "upstream_unavailable"
    world.answers = [lambda sent: respond(sent, *problem(status, code), retry_after="7"), OK]
    world.perform(call("POST"), Retry(RetryBudget()), Reads())
    (wait,) = world.runtime.slept
    assert 7 <= wait <= 7.2


@pytest.mark.parametrize(("hint", "deadline"), [("60", 30), ("121", 1000), ("864000", 10**7)])
def test_a_hint_beyond_the_deadline_or_reason_is_raised_at_once(world: World, hint: str, deadline: float) -> None:
    world.answers = [lambda sent: respond(sent, *problem(429, "rate_limited"), retry_after=hint), OK]
    with pytest.raises(RateLimited) as caught:
        world.perform(call("POST"), Retry(RetryBudget()), Reads(), deadline=deadline)
    assert world.runtime.slept == []
    assert caught.value.retry_after == float(hint)


def test_a_used_up_budget_stops_repetition_and_says_so(world: World) -> None:
    budget = RetryBudget(30)
    world.answers = [fault("reset", "maybe")]
    assert fails(world, budget, retries=10, deadline=1000).attempts == 3
    assert budget.left == 2
    error = fails(world, budget, retries=10)
    assert error.attempts == 1
    assert "budget" in str(error.hint)
    assert budget.left == 2


def test_successes_refill_the_budget(world: World) -> None:
    budget = RetryBudget(20)
    world.answers = [fault("reset", "maybe"), OK]
    world.perform(call("POST"), Retry(budget))
    assert budget.left == 20
    budget.spend(10)
    world.perform(call("POST"), Retry(budget))
    assert budget.left == 11


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit, SystemExit, asyncio.CancelledError])
def test_the_end_of_a_thread_is_never_repeated(kind: type[BaseException]) -> None:
    world, budget = World("threads"), RetryBudget()
    world.answers = [kind(), OK]
    with pytest.raises(kind):
        world.perform(call(), Deadline(), Retry(budget))
    assert len(world.sent) == 1
    assert budget.left == 500


def test_a_cancelled_task_is_never_repeated() -> None:
    world, budget = World("tasks"), RetryBudget()
    world.answers = [asyncio.CancelledError(), OK]
    with pytest.raises(asyncio.CancelledError):
        world.perform(call(), Deadline(), Retry(budget))
    assert len(world.sent) == 1
    assert budget.left == 500


@pytest.mark.parametrize("kind", [ValueError, RuntimeError, AssertionError])
def test_what_is_not_ours_passes_through(world: World, kind: type[Exception]) -> None:
    world.answers = [kind("a bug"), OK]
    with pytest.raises(kind, match="a bug"):
        world.perform(call(), Deadline(), Retry(RetryBudget()))
    assert len(world.sent) == 1


def test_a_success_never_loads_the_schedule(world: World) -> None:
    world.answers = [OK]
    world.perform(call(), Retry(RetryBudget()))
    assert world.runtime.slept == []


def test_the_last_failure_is_the_one_raised(world: World) -> None:
    world.answers = [problem(503, "upstream_unavailable"), problem(500, "internal")]
    with pytest.raises(ServerFault) as caught:
        world.perform(call(), Retry(RetryBudget()), Reads(), retries=1)
    assert caught.value.code == "internal"
    assert caught.value.attempts == 2


def test_a_malformed_answer_of_a_success_is_decoded_once_after_the_loop(world: World) -> None:
    def refuse(_: object) -> Any:
        raise UnexpectedReply("no", code="wrong_shape", sent="yes")

    world.answers = [OK]
    with pytest.raises(UnexpectedReply):
        world.perform(replace(call("POST"), decode=refuse), Retry(RetryBudget()))
    assert len(world.sent) == 1
