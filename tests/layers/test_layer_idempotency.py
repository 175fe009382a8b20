"""Idempotency keys: one per write, the same over all its attempts; request ids: new for each."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from tests.layers.worlds import World, call, fault, problem

from egov_serang.core.ids import step_key
from egov_serang.core.steps import Steps
from egov_serang.errors import EgovError
from egov_serang.layers.answers import Answers
from egov_serang.layers.idempotency import Idempotency
from egov_serang.layers.retry import Retry, RetryBudget


async def promised(_: Any) -> bool:
    return True


def stack() -> tuple[Any, ...]:
    return Idempotency(), Retry(RetryBudget()), Answers(promised)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_key_stays_the_same_over_attempts_and_ids_do_not(world: World, method: str) -> None:
    world.answers = [fault("reset", "maybe"), problem(503, "upstream_unavailable"), (201, {})]
    reply = world.perform(call(method), *stack(), retries=3)
    keys = [sent.headers["idempotency-key"] for sent in world.sent]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert uuid.UUID(keys[0]).version == 4
    ids = [sent.headers["x-request-id"] for sent in world.sent]
    assert len(set(ids)) == 3
    assert reply.request_id == ids[-1]
    assert reply.attempts == 3
    assert len({sent.headers["x-correlation-id"] for sent in world.sent}) == 1
    assert {sent.headers["traceparent"] for sent in world.sent} == {world.sent[0].headers["traceparent"]}


def test_two_writes_have_two_keys(world: World) -> None:
    world.answers = [(200, {})]
    engine = world.engine(*stack())
    for _ in range(2):
        world.finish(engine, engine.perform(call("POST")))
    assert len({sent.headers["idempotency-key"] for sent in world.sent}) == 2


def test_reads_carry_no_key(world: World) -> None:
    world.answers = [(200, {}), problem(404, "not_found")]
    world.perform(call(), *stack(), idempotency_key="mine")
    assert "idempotency-key" not in world.sent[0].headers
    with pytest.raises(EgovError) as caught:
        world.perform(call(), *stack(), idempotency_key="mine")
    assert caught.value.idempotency_key is None


def test_a_key_of_the_callers_is_sent_and_stands_on_the_error(world: World) -> None:
    world.answers = [problem(422, "validation_failed")]
    with pytest.raises(EgovError) as caught:
        world.perform(call("POST"), *stack(), idempotency_key="my-key")
    assert world.sent[0].headers["idempotency-key"] == "my-key"
    assert caught.value.idempotency_key == "my-key"
    assert caught.value.request_id == world.sent[0].headers["x-request-id"]
    assert caught.value.correlation_id == world.sent[0].headers["x-correlation-id"]
    assert caught.value.operation == "test.operation"


def test_the_steps_of_a_flow_derive_their_keys(world: World) -> None:
    world.answers = [(200, {})]
    engine = world.engine(*stack(), idempotency_key="flow-key")

    async def flow() -> None:
        step = Steps(engine, "test")
        await step(call("POST"), "first")
        await step(call("POST"), "second")
        await step(call("POST"))
        await step(call())

    for _ in range(2):
        world.finish(engine, flow())
    keys = [sent.headers.get("idempotency-key") for sent in world.sent]
    assert keys[:4] == keys[4:], "a re-run repeats no effect"
    assert keys[:2] == [step_key("flow-key", "first"), step_key("flow-key", "second")]
    assert keys[3] is None
    assert len(set(keys[:3])) == 3


def test_the_replay_is_told(world: World) -> None:
    from tests.layers.worlds import respond

    world.answers = [lambda sent: respond(sent, 200, {}, idempotency_replayed="true"), (200, {})]
    engine = world.engine(*stack())
    assert world.finish(engine, engine.perform(call("POST"))).replayed is True
    assert world.finish(engine, engine.perform(call("POST"))).replayed is False
