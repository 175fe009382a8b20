"""The trail of attempts on an error: each with its own reason, its truth and its times, masked like the error."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest
from tests.layers.worlds import Sent, World, body_of, call, fault, problem, respond

from egov_serang.core.body import JsonBody
from egov_serang.errors import Attempt, DeadlineExceeded, EgovError, UnexpectedReply
from egov_serang.layers.answers import Answers
from egov_serang.layers.deadline import Deadline
from egov_serang.layers.idempotency import Idempotency
from egov_serang.layers.retry import Retry, RetryBudget


async def promised(_: object) -> bool:
    return True


def stack() -> tuple[Any, ...]:
    return Deadline(), Idempotency(), Retry(RetryBudget()), Answers(promised)


def failure(world: World, wanted: Any = None, **options: Any) -> EgovError:
    with pytest.raises(EgovError) as caught:
        world.perform(wanted or call("POST"), *stack(), **options)
    return caught.value


def late(world: World, seconds: float, what: Any) -> Any:
    def handler(sent: Sent) -> Any:
        world.runtime.clock += seconds
        return respond(sent, *what) if isinstance(what, tuple) else what

    return handler


def test_every_attempt_is_there_with_its_reason_and_times(world: World) -> None:
    world.answers = [
        late(world, 1.0, fault("reset", "maybe")),
        late(world, 0.5, problem(503, "upstream_unavailable")),
        late(world, 0.25, fault("connect", "no")),
    ]
    error = failure(world, retries=2)
    first, second, third = error.trail
    slept = world.runtime.slept
    ids = [sent.headers["x-request-id"] for sent in world.sent]
    assert first == Attempt(1, "maybe", "reset", None, ids[0], 0.0, 1.0, 0.0)
    assert second == Attempt(2, "yes", "upstream_unavailable", 503, ids[1], pytest.approx(1 + slept[0]), 0.5, slept[0])
    assert third == Attempt(
        3, "no", "connect", None, ids[2], pytest.approx(1.5 + sum(slept)), pytest.approx(0.25), slept[1]
    )
    assert (error.attempts, error.sent) == (3, "yes")
    assert pickle.loads(pickle.dumps(error)).trail == error.trail


def test_a_call_that_never_left_has_none(world: World) -> None:
    world.answers = [(200, {})]
    error = failure(world, replace(call("POST"), params={"id": ".."}))
    assert (error.trail, error.attempts, error.sent) == ((), 0, "no")


def test_a_deadline_in_place_of_the_fault_keeps_what_the_attempt_saw(world: World) -> None:
    world.answers = [late(world, 5.0, fault("reset", "maybe"))]
    error = failure(world, deadline=5)
    assert type(error) is DeadlineExceeded
    assert [(one.code, one.took) for one in error.trail] == [("reset", 5.0)]


def test_an_answer_that_cannot_be_read_ends_the_trail(world: World) -> None:
    def refuse(_: object) -> Any:
        raise UnexpectedReply("no", code="wrong_shape", sent="yes")

    world.answers = [fault("reset", "maybe"), (200, {})]
    error = failure(world, replace(call("POST"), decode=refuse))
    assert [(one.code, one.status, one.sent) for one in error.trail] == [
        ("reset", None, "maybe"),
        ("wrong_shape", 200, "yes"),
    ]


def test_what_fails_before_the_next_transmission_adds_nothing_and_forgets_nothing(world: World) -> None:
    class Broken:
        def __init__(self) -> None:
            self.calls = 0

        async def __call__(self, exchange: Any, next: Any) -> Any:
            self.calls += 1
            if self.calls > 1:
                raise EgovError("the key file is gone", code="key_unusable")
            return await next(exchange)

    world.answers = [fault("reset", "maybe")]
    with pytest.raises(EgovError) as caught:
        world.perform(call("POST"), Retry(RetryBudget()), Broken(), Answers(promised))
    error = caught.value
    assert (error.code, error.sent, error.attempts) == ("key_unusable", "maybe", 1)
    assert [one.code for one in error.trail] == ["reset"]


def test_a_code_that_repeats_what_was_said_is_masked_in_the_trail_too(world: World) -> None:
    said = JsonBody({"note": "Kenari"})
    wanted = replace(call("POST"), body=said, decode=body_of)
    world.answers = [lambda sent: respond(sent, *problem(503, "kenari")), fault("reset", "maybe")]
    error = failure(world, wanted, retries=1)
    assert "kenari" not in repr(vars(error)).lower()
    assert [one.code for one in error.trail] == ["••••", "reset"]


def test_a_timed_out_request_condemns_its_connection(world: World) -> None:
    condemned: list[int] = []

    def timed_out(sent: Sent) -> Any:
        response = respond(sent, 408, {})
        response.condemn = lambda: condemned.append(1)
        return response

    world.answers = [timed_out, (200, {})]
    assert world.perform(call("POST"), *stack()).attempts == 2
    assert condemned == [1]
