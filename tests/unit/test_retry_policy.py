"""The pure parts of repeating: the table of outcomes, the waits, the budget as a state machine."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from egov_serang import errors
from egov_serang.core.call import Call
from egov_serang.core.exchange import Exchange
from egov_serang.errors import EgovError
from egov_serang.layers.retry import RetryBudget, Verdict, judge
from egov_serang.layers.schedule import Schedule
from egov_serang.wires.gateway.problems import read_problem

FAULT, BUSY = Verdict(slow=False, cost=14), Verdict(slow=True, cost=5)


def exchange(safety: Any = "safe", sent: Any = "maybe") -> Exchange:
    unused: Any = None
    call: Call[Any] = Call("o", "POST", "/x", lambda _: None, read_problem, safety=safety)
    return Exchange(call, unused, "", {}, "c", 60.0, 60.0, 2, sent=sent)


def error(kind: str, code: str | None = None, status: int | None = None) -> EgovError:
    made: Any = getattr(errors, kind)
    return made("m", code=code, **({"status": status} if status else {}))  # type: ignore[no-any-return]


TABLE = [
    (error("RateLimited", "rate_limited", 429), BUSY, BUSY),
    (error("Conflict", "idempotency_in_progress", 409), BUSY, BUSY),
    (error("Conflict", "version_conflict", 412), None, None),
    (error("Conflict", "idempotency_mismatch", 422), None, None),
    (error("ServerFault", "upstream_unavailable", 503), BUSY, None),
    (error("ServerFault", "upstream_timeout", 504), FAULT, None),
    (error("ServerFault", "internal", 500), FAULT, None),
    (error("ConnectionFailed", "reset"), FAULT, None),
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
    *((error(name, "x", 400), None, None) for name in ("Invalid", "Unauthorized", "Forbidden", "NotFound")),
    *((error(name, "x", 400), None, None) for name in ("InvalidTransition", "QuotaExhausted", "SignatureRefused")),
]


@pytest.mark.parametrize(("outcome", "repeatable", "unrepeatable"), TABLE, ids=lambda v: repr(v)[:60])
def test_the_table(outcome: EgovError, repeatable: Verdict | None, unrepeatable: Verdict | None) -> None:
    assert judge(exchange("safe"), outcome) == repeatable
    assert judge(exchange("keyed"), outcome) == repeatable
    assert judge(exchange("never_repeat", "maybe"), outcome) == unrepeatable
    assert judge(exchange("never_repeat", "yes"), outcome) == unrepeatable
    assert judge(exchange("never_repeat", "no"), outcome) == repeatable


@given(st.booleans(), st.integers(0, 12))
def test_waits_grow_to_a_limit_with_full_jitter(slow: bool, retries: int) -> None:
    schedule = Schedule(retries)
    base = 1.0 if slow else 0.2
    for n in range(retries):
        wait = schedule.wait(slow=slow, hint=None)
        assert wait is not None
        assert 0 <= wait <= min(20.0, base * 2**n)
    assert schedule.wait(slow=slow, hint=None) is None


@given(st.floats(0, 10**6), st.booleans())
def test_hints_are_the_floor_and_get_little_on_top(hint: float, slow: bool) -> None:
    wait = Schedule(1).wait(slow=slow, hint=hint)
    assert wait is not None
    assert hint <= wait <= hint + 0.2


def test_jitter_is_spread() -> None:
    waits = {Schedule(1).wait(slow=True, hint=None) for _ in range(50)}
    assert len(waits) > 40


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
