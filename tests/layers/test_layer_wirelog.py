"""The wire log: one line per transmission from an allow-list."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.layers.test_layer_idempotency import promised
from tests.layers.worlds import Sent, World, call, fault, problem

from egov_serang.core.body import JsonBody
from egov_serang.errors import EgovError
from egov_serang.layers.answers import Answers
from egov_serang.layers.retry import Retry, RetryBudget
from egov_serang.layers.wirelog import WireLog

CANARY = "CANARY"


def stack() -> tuple[Any, ...]:
    return Retry(RetryBudget()), Answers(promised), WireLog()


def test_one_line_per_transmission(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def slow(_: Sent) -> Any:
        world.runtime.clock += 0.25
        return fault("reset", "maybe")

    world.answers = [slow, problem(503, "upstream_unavailable"), (200, {CANARY: CANARY})]
    asked = call("POST", query=(("q", CANARY),), headers=(("x-canary", CANARY),), body=JsonBody({CANARY: CANARY}))
    with caplog.at_level(logging.DEBUG, logger="egov_serang"):
        world.perform(asked, *stack(), retries=5)
    ids = [sent.headers["x-request-id"] for sent in world.sent]
    assert [record.getMessage() for record in caplog.records] == [
        f"POST /v1/test/{{id}} reset sent=maybe 250.0 ms attempt=1 request_id={ids[0]}",
        f"POST /v1/test/{{id}} 503 0.0 ms attempt=2 request_id={ids[1]}",
        f"POST /v1/test/{{id}} 200 0.0 ms attempt=3 request_id={ids[2]}",
    ]
    assert {record.name for record in caplog.records} == {"egov_serang.wire"}
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}
    assert CANARY not in caplog.text


def test_nothing_above_debug(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.answers = [fault("reset", "maybe")]
    with caplog.at_level(logging.INFO), pytest.raises(EgovError):
        world.perform(call(), *stack())
    assert caplog.records == []


def test_an_aborted_transmission_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    world = World("threads")
    world.answers = [KeyboardInterrupt()]
    with caplog.at_level(logging.DEBUG), pytest.raises(KeyboardInterrupt):
        world.perform(call(), *stack())
    (record,) = caplog.records
    assert " aborted " in record.getMessage()
