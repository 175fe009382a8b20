"""Random sequences of actions by three roles: a table typed from the contract predicts every answer of the server.

The SDK holds no state machine: it sends what it is told, and gives back what the server says is allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from tests.complaints_table import ACTIONS, NEXT
from tests.scale import scaled

from egov_serang import Client, Config, Conflict, Forbidden, Invalid, InvalidTransition
from egov_serang.models.complaints import Complaint, ForwardedTo, Location
from egov_serang.sandbox.server import Sandbox
from egov_serang.sandbox.working import NATIONAL, add_working

WHOLE = 10_000
STEPS = 14
ENOUGH = 1000
"""Sequences that surely reach every state."""
SCOPES = {"c": ("complaints:read", "complaints:write"), "o": ("complaints:read", "complaints:manage")}
REOPEN, PATIENCE = timedelta(days=5), timedelta(days=10)
"""Working days: how long a citizen may reopen, and after which the system acts by itself."""
WAITS = {state: (action, to) for (state, action), (to, who) in NEXT.items() if who == "s"}
ENDS = {to for to, _ in NEXT.values()} - {state for state, _ in NEXT}
PICK, MOSTLY = st.integers(0, 999), st.sampled_from("yyyyyn")
PLACE = Location(area_code="36.73.01.1001")


class World:
    """A sandbox and a client on either side; counts what was tried."""

    def __init__(self, sandbox: Sandbox, clients: dict[str, Client]) -> None:
        self.sandbox, self.clients = sandbox, clients
        self.sequences = self.taken = self.refused = self.waits = 0
        self.states: set[str] = set()
        self.ahead = timedelta()

    def now(self) -> datetime:
        """The city's time."""
        return datetime.now(UTC) + self.ahead

    def advance(self, span: timedelta) -> None:
        self.sandbox.advance(span.total_seconds())
        self.ahead += span

    def reset(self) -> None:
        self.sandbox.reset()
        self.ahead = timedelta()


@pytest.fixture(scope="module")
def world(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("roles")
    sandbox.reset()
    with ExitStack() as stack:
        clients = {side: stack.enter_context(_client(sandbox, side, folder)) for side in SCOPES}
        yield World(sandbox, clients)
    sandbox.reset()


def _client(sandbox: Sandbox, side: str, folder: Path) -> Client:
    return Client(Config(**sandbox.credentials(f"machine-{side}", SCOPES[side], folder).settings))


def needs(action: str, main: str) -> dict[str, Any]:
    """What an action cannot do without, by the contract."""
    return {
        "assign": {"assignee": "regu-1"},
        "transfer": {"forward_to": ForwardedTo(agency="PLN")},
        "mark_duplicate": {"data": {"duplicate_of": main}},
        "rate": {"data": {"score": 3}},
    }.get(action, {})


def machine(world: World) -> type[RuleBasedStateMachine]:
    """The state machine of one world."""

    class Handling(RuleBasedStateMachine):
        """One complaint, moved about by a citizen, an officer and the passing of time."""

        @initialize()
        def submit(self) -> None:
            world.sequences += 1
            citizen = world.clients["c"].complaints
            self.main = citizen.submit("sampah", "Yang pertama.", location=PLACE).complaint_id
            self.seen = citizen.submit("sampah", "Yang kedua.", location=PLACE)
            self.state, self.version = "submitted", 1
            self.began = self.now()
            self.check(self.seen, "c")

        def now(self) -> datetime:
            return world.now()

        def window_open(self) -> bool:
            return self.now() <= add_working(self.began, REOPEN, NATIONAL.is_working)

        def allowed(self, side: str) -> set[str]:
            possible = {action for (state, action), (_, who) in NEXT.items() if state == self.state and who == side}
            return possible if self.window_open() else possible - {"reopen"}

        def check(self, complaint: Complaint, side: str) -> None:
            world.states.add(self.state)
            assert (complaint.status, complaint.version) == (self.state, self.version)
            assert set(complaint.allowed_actions) == self.allowed(side)

        def expected(self, side: str, action: str, *, complete: bool) -> tuple[type[Exception], str] | None:
            to, who = NEXT.get((self.state, action), ("", ""))
            if not to or who != side:
                return InvalidTransition, "invalid_transition"
            if action == "reopen" and not self.window_open():
                return Conflict, "reopen_window_passed"
            if needs(action, self.main) and not complete:
                return Invalid, "validation_failed"
            return None

        @rule(
            side=st.sampled_from("co"), action=st.sampled_from([*ACTIONS, "invented"]), complete=st.sampled_from("yyyn")
        )
        def act(self, side: str, action: str, complete: str) -> None:
            """Anything at all."""
            self.do(side, action, complete=complete == "y")

        def lead_on(self, pick: int, complete: str) -> None:
            """Something that is allowed, so that sequences get somewhere; rarely what ends them."""
            found = sorted((side, action) for side in "co" for action in self.allowed(side))
            possible = [one for one in found for _ in range(1 if NEXT[self.state, one[1]][0] in ENDS else 4)]
            if possible:
                side, action = possible[pick % len(possible)]
                self.do(side, action, complete=complete == "y")

        # Several rules, since hypothesis chooses among rules evenly.
        lead_on_1 = rule(pick=PICK, complete=MOSTLY)(lead_on)
        lead_on_2 = rule(pick=PICK, complete=MOSTLY)(lead_on)
        lead_on_3 = rule(pick=PICK, complete=MOSTLY)(lead_on)
        lead_on_4 = rule(pick=PICK, complete=MOSTLY)(lead_on)

        @rule(side=st.sampled_from("co"), action=st.sampled_from(ACTIONS))
        def act_on_what_was(self, side: str, action: str) -> None:
            """Whoever read it before it changed is told so, whatever they want."""
            stale = self.version - 1 or 99
            with pytest.raises(Conflict) as caught:
                self.send(side, action, needs(action, self.main), stale)
            assert caught.value.code == "version_conflict"
            world.refused += 1

        def do(self, side: str, action: str, *, complete: bool) -> None:
            wrong = self.expected(side, action, complete=complete)
            given = needs(action, self.main) if complete else {}
            if wrong is not None:
                with pytest.raises(wrong[0]) as caught:
                    self.send(side, action, given, self.version)
                assert getattr(caught.value, "code", None) == wrong[1]
                if wrong[0] is InvalidTransition:
                    assert set(getattr(caught.value, "allowed_actions", ())) == self.allowed(side)
                world.refused += 1
                return
            answer = self.send(side, action, given, self.version)
            self.state = NEXT[self.state, action][0]
            self.version += 1
            self.began = self.now()
            self.check(answer, side)
            world.taken += 1

        def send(self, side: str, action: str, given: dict[str, Any], version: int) -> Complaint:
            complaints = world.clients[side].complaints
            return complaints.transition(self.seen.complaint_id, action, version=version, **given)

        @rule(days=st.sampled_from([1.3, 6.3, 9.6, 33.7]))
        def wait(self, days: float) -> None:
            """The third role is the system, which acts when time has passed."""
            world.advance(timedelta(days=days))
            world.waits += 1
            if self.state in WAITS and self.now() > add_working(self.began, PATIENCE, NATIONAL.is_working):
                self.state = WAITS[self.state][1]
                self.version += 1
                self.began = self.now()
            self.check(world.clients["c"].complaints.get(self.seen.complaint_id), "c")

        def teardown(self) -> None:
            for side in "co":
                self.check(world.clients[side].complaints.get(self.seen.complaint_id), side)
            if world.ahead > timedelta(days=300):
                world.reset()  # holidays are known for a few years only

    return Handling


def test_every_answer_is_the_one_the_contract_says(world: World) -> None:
    wanted = settings(
        max_examples=scaled(WHOLE),
        stateful_step_count=STEPS,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine(world), settings=wanted)  # type: ignore[no-untyped-call]
    assert world.sequences >= scaled(WHOLE)
    if scaled(WHOLE) >= ENOUGH:
        assert world.states == {state for state, _ in NEXT} | {to for to, _ in NEXT.values()}
    print(f"{world.sequences} sequences: {world.taken} actions taken, {world.refused} refused, {world.waits} waits")


def test_the_sdk_judges_no_action(world: World) -> None:
    """Even what no contract knows is sent: only the server can say no."""
    case = world.clients["c"].complaints.submit("sampah", "Apa saja.", location=PLACE)
    sent = len(world.sandbox.requests())
    with pytest.raises(InvalidTransition):
        world.clients["c"].complaints.transition(case, "invented")
    with pytest.raises((InvalidTransition, Forbidden)):
        world.clients["c"].complaints.transition(case, "auto_close")
    assert len(world.sandbox.requests()) - sent == 2
