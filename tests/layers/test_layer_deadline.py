"""The deadline is total: attempts, waits and token fetches; a failure at the deadline has its name."""

from __future__ import annotations

from typing import Any

import pytest
from tests.layers.worlds import START, Sent, World, call, fault

from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response
from egov_serang.errors import ConnectionFailed, DeadlineExceeded, EgovError
from egov_serang.layers.deadline import Deadline
from egov_serang.layers.retry import Retry, RetryBudget


def caught(world: World, *layers: Any, **options: Any) -> Any:
    with pytest.raises(EgovError) as found:
        world.perform(call("POST"), *layers, **options)
    return found.value


def test_the_transport_is_told_the_deadline(world: World) -> None:
    world.answers = [(200, {})]
    world.perform(call(), Deadline(), deadline=7.5, connect=1.0, read=2.0)
    limits = world.sent[0].limits
    assert (limits.deadline, limits.connect, limits.read) == (START + 7.5, 1.0, 2.0)


def test_without_time_nothing_is_sent(world: World) -> None:
    class Slow:
        async def __call__(self, exchange: Exchange, next: Next) -> Response:
            await exchange.runtime.sleep(10)
            return await next(exchange)

    error = caught(world, Slow(), Deadline(), deadline=5)
    assert type(error) is DeadlineExceeded
    assert (error.sent, error.attempts, error.code) == ("no", 0, "deadline")
    assert world.sent == []


@pytest.mark.parametrize(("kind", "sent"), [("timeout", "maybe"), ("reset", "maybe"), ("connect", "no")])
def test_a_failure_at_the_deadline_is_named_so(world: World, kind: str, sent: str) -> None:
    def late(_: Sent) -> Any:
        world.runtime.clock += 5
        return fault(kind, sent)

    world.answers = [late]
    error = caught(world, Deadline(), deadline=5)
    assert type(error) is DeadlineExceeded
    assert error.sent == sent
    assert "5 s" in str(error) or kind == "timeout"


def test_a_failure_before_the_deadline_keeps_its_name(world: World) -> None:
    world.answers = [fault("timeout", "maybe")]
    error = caught(world, Deadline(), deadline=5)
    assert type(error) is ConnectionFailed
    assert (error.code, error.sent) == ("timeout", "maybe")


def test_attempts_and_waits_end_before_the_deadline(world: World) -> None:
    def slow(_: Sent) -> Any:
        world.runtime.clock += 1.5
        return fault("reset", "maybe")

    world.answers = [slow]
    error = caught(world, Deadline(), Retry(RetryBudget()), deadline=5, retries=50)
    assert isinstance(error, EgovError)
    assert world.runtime.clock <= START + 5 + 1.5
    assert all(sent.at < START + 5 for sent in world.sent)
    assert {sent.limits.deadline for sent in world.sent} == {START + 5}


def test_a_callers_own_deadline_holds_where_it_is_earlier(world: World) -> None:
    world.answers = [(200, {})]
    engine = world.engine(Deadline(), deadline=10)
    world.finish(engine, engine.perform(call(), deadline=START + 3))
    world.finish(engine, engine.perform(call(), deadline=START + 300))
    assert [sent.limits.deadline for sent in world.sent] == [START + 3, START + 10]
