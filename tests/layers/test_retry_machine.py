"""Retry and budget over any course of calls, by a clock of ours, against a model of what may be spent and said."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.layers.worlds import Sent, World, call, fault, problem, respond

from egov_serang.errors import ConnectionFailed, EgovError
from egov_serang.layers.answers import Answers
from egov_serang.layers.deadline import Deadline
from egov_serang.layers.retry import Retry, RetryBudget

MOST = 60
FAULTY = {
    "reset": (fault("reset", "maybe"), 14, "maybe"),
    "refused": (fault("connect", "no"), 14, "no"),
    "500": (problem(500, "internal"), 14, "yes"),
    "503": (problem(503, "upstream_unavailable"), 5, "yes"),
    "429": (problem(429, "rate_limited"), 5, "yes"),
    "final": (problem(422, "validation_failed"), None, "yes"),
}
OUTCOMES = st.lists(st.sampled_from([*FAULTY, "ok"]), min_size=1, max_size=6)
RANK = {"no": 0, "maybe": 1, "yes": 2}


async def promised(_: object) -> bool:
    return True


class RetryMachine(RuleBasedStateMachine):
    """One client's calls, one after another."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = RetryBudget(MOST)
        self.model = MOST
        self.world = World("threads")

    @rule(
        outcomes=OUTCOMES,
        retries=st.integers(0, 4),
        keyed=st.booleans(),
        deadline=st.sampled_from([0.1, 3.0, 1000.0]),
        took=st.sampled_from([0.0, 0.5]),
    )
    def a_call(self, outcomes: list[str], retries: int, keyed: bool, deadline: float, took: float) -> None:
        world, sent_before = self.world, len(self.world.sent)
        start = world.runtime.clock

        def answer(sent: Sent) -> Any:
            world.runtime.clock += took
            name = outcomes[min(len(world.sent) - sent_before, len(outcomes)) - 1]
            what = (200, {}) if name == "ok" else FAULTY[name][0]
            return respond(sent, *what) if isinstance(what, tuple) else what

        world.answers = [answer]
        wanted = call("POST", safety="keyed" if keyed else "never_repeat")
        stack = Deadline(), Retry(self.budget), Answers(promised)
        error: EgovError | None = None
        attempts = 0
        try:
            attempts = world.perform(wanted, *stack, retries=retries, deadline=deadline).attempts
        except EgovError as failure:
            error, attempts = failure, failure.attempts
        met = [outcomes[min(n, len(outcomes)) - 1] for n in range(1, attempts + 1)]
        self._is_within_bounds(met, retries, deadline, start)
        self._is_accounted_for(met, error)
        if error is not None:
            self._tells_the_truth(met, error)
            self._was_repeated_only_where_nothing_happens_twice(met, keyed=keyed)

    def _is_within_bounds(self, met: list[str], retries: int, deadline: float, start: float) -> None:
        assert 1 <= len(met) <= retries + 1
        assert all(one.at < start + deadline for one in self.world.sent[-len(met) :]), "no attempt begins too late"
        assert "final" not in met[:-1]
        assert "ok" not in met[:-1]

    def _is_accounted_for(self, met: list[str], error: EgovError | None) -> None:
        paid = 0
        for name in met[:-1]:
            paid = FAULTY[name][1] or 0
            assert self.model >= paid, "more was spent than there was"
            self.model -= paid
        if error is None:
            self.model = min(MOST, self.model + (paid or 1))
        else:
            assert error.budget_exhausted is False or self.model < (FAULTY[met[-1]][1] or 0)

    @staticmethod
    def _tells_the_truth(met: list[str], error: EgovError) -> None:
        each = [FAULTY[name][2] for name in met]
        assert [one.sent for one in error.trail] == each
        assert [one.number for one in error.trail] == [*range(1, len(met) + 1)]
        assert error.sent == max(each, key=RANK.__getitem__)
        assert isinstance(error, ConnectionFailed) == (met[-1] in {"reset", "refused"}) or error.code == "deadline"

    @staticmethod
    def _was_repeated_only_where_nothing_happens_twice(met: list[str], *, keyed: bool) -> None:
        if not keyed:
            assert not {"reset"} & set(met[:-1]), "a write without a key is not repeated once it may have arrived"

    @invariant()
    def the_budget_is_what_the_model_says(self) -> None:
        assert self.budget.left == self.model


TestRetry = RetryMachine.TestCase
TestRetry.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
