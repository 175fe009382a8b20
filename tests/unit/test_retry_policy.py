"""The pure parts of repeating: the table of outcomes, the waits, the budget as a state machine."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest
import tenacity
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from egov_serang import ConfigError, ConnectionFailed, NotFound, RateLimited, RetryPolicy, ServerFault, errors
from egov_serang.core.call import Call
from egov_serang.core.exchange import Exchange
from egov_serang.errors import Attempt, EgovError
from egov_serang.layers.policy import DEFAULT, cost
from egov_serang.layers.retry import RetryBudget
from egov_serang.wires.gateway.problems import read_problem

FAULT, BUSY = 14, 5
MIDDLE = RetryPolicy(random=lambda: 0.5)
HIGHEST = RetryPolicy(random=lambda: 1.0)


def attempt(number: int, code: str = "reset", status: int | None = None, *, waited: float = 0.0) -> Attempt:
    return Attempt(number, "maybe", code, status, None, number - 1.0, 0.5, waited)


def exchange(safety: Any = "safe", sent: Any = "maybe", **more: Any) -> Exchange:
    unused: Any = None
    call: Call[Any] = Call("o", "POST", "/x", lambda _: None, read_problem, safety=safety)
    fields: dict[str, Any] = {"repeated": 0, "trail": (attempt(1),), "retries": 2, **more}
    made = Exchange(call, unused, "", {}, "c", 60.0, 60.0, fields["retries"], sent=sent)
    made.repeated, made.trail = fields["repeated"], fields["trail"]
    return made


def error(kind: str, code: str | None = None, status: int | None = None, hint: float | None = None) -> EgovError:
    made: Any = getattr(errors, kind)
    return made("m", code=code, retry_after=hint, **({"status": status} if status else {}))  # type: ignore[no-any-return]


RESET = error("ConnectionFailed", "reset")
THROTTLED = error("RateLimited", "rate_limited", 429)
IN_PROGRESS = error("Conflict", "idempotency_in_progress", 409)

TABLE = [
    (THROTTLED, BUSY, BUSY),
    (IN_PROGRESS, BUSY, BUSY),
    (error("Conflict", "version_conflict", 412), None, None),
    (error("Conflict", "idempotency_mismatch", 422), None, None),
    (error("ServerFault", "upstream_unavailable", 503), BUSY, None),
    (error("ServerFault", "upstream_timeout", 504), FAULT, None),
    (error("ServerFault", "internal", 500), FAULT, None),
    (error("ServerFault", "http_408", 408), FAULT, None),
    (error("ServerFault", "http_425", 425), FAULT, None),
    (RESET, FAULT, None),
    (error("ConnectionFailed", "connect"), FAULT, None),
    (error("ConnectionFailed", "permanent_tls"), None, None),
    (error("UnexpectedReply", "truncated"), FAULT, None),
    (error("UnexpectedReply", "unbound_answer"), FAULT, None),
    (error("UnexpectedReply", "not_a_problem"), FAULT, None),
    (error("UnexpectedReply", "permanent_too_large"), None, None),
    (error("UnexpectedReply", "redirect"), None, None),
    (error("UnexpectedReply", "wrong_shape"), None, None),
    (error("DeadlineExceeded", "deadline"), None, None),
    (error("ConfigError"), None, None),
    (error("UnsupportedOperation"), None, None),
    (error("SignatureInvalid"), None, None),
    (error("SignatureInvalid", "digest"), FAULT, None),
    (error("SignatureInvalid", "keyid_unknown"), None, None),
    *((error(name, "x", 400), None, None) for name in ("Invalid", "Unauthorized", "Forbidden", "NotFound")),
    *((error(name, "x", 400), None, None) for name in ("InvalidTransition", "QuotaExhausted", "SignatureRefused")),
]


@pytest.mark.parametrize(("outcome", "repeatable", "unrepeatable"), TABLE, ids=lambda v: repr(v)[:60])
def test_the_table(outcome: EgovError, repeatable: int | None, unrepeatable: int | None) -> None:
    def price(safety: str, sent: str) -> int | None:
        return None if DEFAULT.delay(exchange(safety, sent), outcome) is None else cost(outcome)

    assert price("safe", "maybe") == repeatable
    assert price("keyed", "yes") == repeatable
    assert price("never_repeat", "maybe") == unrepeatable
    assert price("never_repeat", "yes") == unrepeatable
    assert price("never_repeat", "no") == repeatable


@given(st.booleans(), st.integers(0, 30), st.floats(0, 1))
def test_waits_grow_to_a_limit_with_full_jitter_and_are_never_nothing(busy: bool, repeated: int, drawn: float) -> None:
    policy = RetryPolicy(random=lambda: drawn)
    outcome, base = (THROTTLED, 1.0) if busy else (RESET, 0.2)
    wait = policy.delay(exchange(retries=repeated + 1, repeated=repeated), outcome)
    highest = min(20.0, base * 2**repeated)
    assert wait == pytest.approx(0.05 + drawn * (highest - 0.05))


def test_the_last_attempt_is_the_last() -> None:
    assert DEFAULT.delay(exchange(retries=2, repeated=1), RESET) is not None
    assert DEFAULT.delay(exchange(retries=2, repeated=2), RESET) is None
    assert DEFAULT.delay(exchange(retries=0), RESET) is None


@given(st.floats(0, 120), st.floats(0, 1), st.booleans())
def test_hints_are_the_floor(hint: float, drawn: float, busy: bool) -> None:
    outcome = error("RateLimited", "x", 429, hint) if busy else error("ServerFault", "x", 500, hint)
    wait = RetryPolicy(random=lambda: drawn).delay(exchange(), outcome)
    assert wait is not None
    assert hint <= wait <= max(hint + 0.2, 1.0 if busy else 0.2)
    assert wait > 0


@pytest.mark.parametrize("hint", [120.1, 864_000.0, float("inf")])
def test_a_hint_over_two_minutes_ends_it(hint: float) -> None:
    assert DEFAULT.delay(exchange(), error("RateLimited", "x", 429, hint)) is None


def test_a_delay_is_a_pure_function() -> None:
    call = exchange(repeated=1)
    assert len({MIDDLE.delay(call, RESET) for _ in range(20)}) == 1
    assert len({DEFAULT.delay(call, RESET) for _ in range(50)}) > 40, "by default jitter is spread"


def test_only_a_stale_idle_connection_is_replaced_at_once_and_only_once() -> None:
    stale = error("ConnectionFailed", "closed")
    assert MIDDLE.delay(exchange(trail=(attempt(1, "closed"),)), stale) == 0
    assert MIDDLE.delay(exchange(repeated=1), stale) == pytest.approx(0.05 + 0.5 * 0.35)


def test_too_early_is_repeated_once() -> None:
    early = error("ServerFault", "http_425", 425)
    one, two = attempt(1, "http_425", 425), attempt(2, "http_425", 425)
    assert DEFAULT.delay(exchange(trail=(one,)), early) is not None
    assert DEFAULT.delay(exchange(trail=(one, two), repeated=1, retries=9), early) is None


def test_an_unknown_name_is_looked_up_once_more() -> None:
    unknown = error("ConnectionFailed", "resolve")
    one, two = attempt(1, "resolve"), attempt(2, "resolve")
    assert DEFAULT.delay(exchange(trail=(one,), retries=9), unknown) is not None
    assert DEFAULT.delay(exchange(trail=(one, two), repeated=1, retries=9), unknown) is None


def test_waiting_for_ones_own_write_is_no_repetition_of_it() -> None:
    polls = tuple(attempt(n, "idempotency_in_progress", 409) for n in range(2, 9))
    busy = exchange(trail=(attempt(1), *polls), repeated=7, retries=1)
    assert HIGHEST.delay(busy, IN_PROGRESS) == 5
    assert HIGHEST.delay(exchange(trail=(attempt(1), *polls[:1]), repeated=1, retries=1), IN_PROGRESS) == 1
    assert HIGHEST.delay(busy, RESET) is not None, "the one retry is still there"
    assert HIGHEST.delay(exchange(trail=(attempt(1), *polls, attempt(9)), repeated=8, retries=1), RESET) is None
    assert HIGHEST.delay(exchange(retries=0, trail=(attempt(1, "idempotency_in_progress", 409),)), IN_PROGRESS) is None


def test_tenacitys_waits_and_stops_are_asked_about_this_call_alone() -> None:
    policy = RetryPolicy(
        wait=tenacity.wait_incrementing(1, 2, 100), stop=tenacity.stop_after_attempt(4) | tenacity.stop_after_delay(50)
    )
    waits = [policy.delay(exchange(repeated=n, retries=0), RESET) for n in range(4)]
    assert waits == [1, 3, 5, None]
    assert [policy.delay(exchange(repeated=n), RESET) for n in range(4)] == waits, "nothing is kept between calls"
    late = replace(attempt(2), started=49.0, took=1.0)
    assert policy.delay(exchange(repeated=1, trail=(attempt(1), late)), RESET) is None


def test_a_stop_knows_the_coming_wait_and_a_wait_what_went_wrong() -> None:
    seen: list[tenacity.RetryCallState] = []

    def wait(state: tenacity.RetryCallState) -> float:
        seen.append(state)
        return 9.0

    policy = RetryPolicy(wait=wait, stop=tenacity.stop_before_delay(10))
    assert policy.delay(exchange(trail=(replace(attempt(1), took=0.9),)), RESET) == 9
    assert policy.delay(exchange(trail=(replace(attempt(1), took=1.0, waited=0.25),)), RESET) is None
    assert seen[0].outcome is not None
    assert seen[0].outcome.exception() is RESET
    assert (seen[1].idle_for, seen[1].seconds_since_start) == (0.25, 1.0)
    assert policy.delay(exchange(), error("RateLimited", "x", 429, 30)) is None


@pytest.mark.parametrize("said", [-1.0, float("nan")])
def test_a_wait_that_makes_no_sense_is_none(said: float) -> None:
    assert RetryPolicy(wait=lambda _: said).delay(exchange(), RESET) == 0


def test_a_positive_list_of_ones_own() -> None:
    policy = RetryPolicy(on=(RateLimited, NotFound, "upstream_timeout", "permanent_tls"))
    assert policy.delay(exchange(), THROTTLED) is not None
    assert policy.delay(exchange(), error("NotFound", "not_found", 404)) is not None
    assert policy.delay(exchange(), error("ServerFault", "upstream_timeout", 504)) is not None
    assert policy.delay(exchange(), error("ConnectionFailed", "permanent_tls")) is not None
    assert policy.delay(exchange(), error("ServerFault", "internal", 500)) is None
    assert policy.delay(exchange(), RESET) is None
    assert RetryPolicy(on=()).delay(exchange(), THROTTLED) is None
    assert RetryPolicy(on=(EgovError,)).delay(exchange(), error("ConnectionFailed", "permanent_tls")) is None


def test_no_list_repeats_a_write_that_nobody_recognises() -> None:
    policy = RetryPolicy(on=(EgovError, "internal"))
    assert policy.delay(exchange("never_repeat", "maybe"), error("ServerFault", "internal", 500)) is None


WRONG: list[Any] = [
    {"on": ConnectionFailed},
    {"on": [ConnectionFailed]},
    {"on": (Exception,)},
    {"on": (BaseException, ServerFault)},
    {"on": (asyncio.CancelledError,)},
    {"on": ("",)},
    {"on": (503,)},
    {"wait": 3},
    {"stop": "never"},
    {"random": 0.5},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_policy_that_cannot_work_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match="RetryPolicy") as caught:
        RetryPolicy(**wrong)
    assert caught.value.hint


class BudgetMachine(RuleBasedStateMachine):
    """The budget against the simplest model of it: a number between 0 and its limit."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = RetryBudget(100)
        self.model = 100

    @rule(cost=st.sampled_from([5, 14, 60]))
    def spend(self, cost: int) -> None:
        granted = self.budget.spend(cost)
        assert granted is (self.model >= cost)
        if granted:
            self.model -= cost

    @rule(amount=st.sampled_from([1, 5, 14]))
    def refund(self, amount: int) -> None:
        self.budget.refund(amount)
        self.model = min(100, self.model + amount)

    @invariant()
    def agrees(self) -> None:
        assert self.budget.left == self.model
        assert 0 <= self.budget.left <= 100


TestBudget = BudgetMachine.TestCase
TestBudget.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_threads_never_overdraw_the_budget() -> None:
    budget = RetryBudget(500)
    start = threading.Barrier(8)
    granted: list[int] = []

    def spend() -> None:
        start.wait()
        granted.append(sum(budget.spend(14) for _ in range(20)))

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 500 // 14
    assert budget.left == 500 % 14
