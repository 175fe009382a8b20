"""The whole state table of contract-v1 section 2, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from tests.complaints_table import ACTIONS, NEXT, RULES, STATES
from tests.sandbox.conftest import CITIZEN, Register
from tests.sandbox.peer import Peer

from egov_serang.sandbox.server import Sandbox

CASES = "/v1/complaints/cases"
DAY = 86_400
WAY = {
    "submitted": [],
    "needs_information": ["request_info"],
    "verified": ["verify"],
    "assigned": ["verify", "assign"],
    "in_progress": ["verify", "assign", "start"],
    "on_hold": ["verify", "assign", "start", "hold"],
    "resolved": ["verify", "assign", "start", "resolve"],
    "closed": ["verify", "assign", "start", "resolve", "rate"],
    "rejected": ["reject"],
    "duplicate": ["mark_duplicate"],
    "transferred": ["verify", "transfer"],
    "withdrawn": ["withdraw"],
}


class Case:
    """A complaint with its two sides."""

    def __init__(self, citizen: Peer, officer: Peer) -> None:
        self.sides = {"c": citizen, "o": officer, "s": officer}
        self.other = self._submit()
        self.now = self._submit()

    def _submit(self) -> dict[str, Any]:
        body = {"service_code": "sampah", "description": "Sampah.", "area_code": "36.73.01.1001"}
        complaint: dict[str, Any] = self.sides["c"].post(CASES, body).json()
        return complaint

    def act(self, action: str, side: str, **more: Any) -> Any:
        extra = {
            "assign": {"assignee": "regu-1"},
            "transfer": {"forward_to": {"agency": "PLN"}},
            "mark_duplicate": {"data": {"duplicate_of": self.other["complaint_id"]}},
            "rate": {"data": {"score": 4, "comment": "Terima kasih"}},
        }.get(action, {})
        path = f"{CASES}/{self.now['complaint_id']}/transitions"
        headers = {"if-match": f'"{self.now["version"]}"'}
        answer = self.sides[side].post(path, {"action": action, **extra, **more}, headers=headers)
        if answer.status_code == 200:
            self.now = answer.json()
        return answer

    def brought_to(self, state: str) -> Case:
        for action in WAY[state]:
            answer = self.act(action, NEXT[self.now["status"], action][1])
            assert answer.status_code == 200, answer.text
        assert self.now["status"] == state
        return self

    def seen_by(self, side: str) -> dict[str, Any]:
        complaint: dict[str, Any] = self.sides[side].get(f"{CASES}/{self.now['complaint_id']}").json()
        return complaint


@pytest.fixture
def case(citizen: Peer, officer: Peer) -> Case:
    return Case(citizen, officer)


@pytest.mark.parametrize(("state", "action", "to", "who"), [rule for rule in RULES if rule[3] != "s"])
def test_every_row_leads_where_it_says(case: Case, state: str, action: str, to: str, who: str) -> None:
    answer = case.brought_to(state).act(action, who)
    assert (answer.status_code, answer.json().get("status")) == (200, to)


@pytest.mark.parametrize("state", STATES)
def test_nothing_else_is_possible(case: Case, state: str) -> None:
    case.brought_to(state)
    for side in "co":
        allowed = {action for (at, action), (_, who) in NEXT.items() if at == state and who == side}
        assert set(case.seen_by(side)["allowed_actions"]) == allowed
        for action in [*ACTIONS, "invented"]:
            if action in allowed:
                continue
            answer = case.act(action, side)
            assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition"), (side, action)
            assert set(answer.json()["allowed_actions"]) == allowed
    assert case.seen_by("o")["version"] == case.now["version"]


@pytest.mark.parametrize(("state", "to"), [(rule[0], rule[2]) for rule in RULES if rule[3] == "s"])
def test_the_system_acts_after_ten_working_days(case: Case, server: Sandbox, state: str, to: str) -> None:
    case.brought_to(state)
    server.advance(9 * DAY)
    for peer in case.sides.values():
        peer.token = None
    assert case.seen_by("o")["status"] == state
    server.advance(31 * DAY)  # holidays may lie in between
    for peer in case.sides.values():
        peer.token = None
    assert case.seen_by("o")["status"] == to


@pytest.mark.parametrize("action", ["assign", "transfer", "mark_duplicate", "rate"])
def test_an_action_needs_what_it_is_about(case: Case, action: str) -> None:
    state = {"assign": "verified", "transfer": "verified", "mark_duplicate": "submitted", "rate": "resolved"}[action]
    answer = case.brought_to(state).act(action, NEXT[state, action][1], assignee=None, forward_to=None, data={})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


def test_what_an_action_leaves_behind(case: Case) -> None:
    case.act("verify", "o", comment="Diperiksa", reason_code="R1")
    assert (case.now["status_notes"], case.now["status_detail"]) == ("Diperiksa", "R1")
    case.act("assign", "o")
    assert case.now["assignee"] == "regu-1"
    case.act("reassign", "o")
    assert case.now["assignee"] is None
    case.act("transfer", "o", forward_to={"agency": "PLN", "reference": "77"})
    assert case.now["forwarded_to"] == {"agency": "PLN", "reference": "77"}
    other = Case(case.sides["c"], case.sides["o"]).brought_to("resolved")
    other.act("rate", "c")
    assert other.now["rating"] == {"score": 4, "comment": "Terima kasih"}
    double = Case(case.sides["c"], case.sides["o"])
    double.act("mark_duplicate", "o")
    assert double.now["duplicate_of"] == double.other["complaint_id"]
    lost = Case(case.sides["c"], case.sides["o"])
    assert lost.act("mark_duplicate", "o", data={"duplicate_of": "none"}).status_code == 404
    assert lost.seen_by("o")["status"] == "submitted"


def test_another_citizens_client_cannot_act(case: Case, register: Register) -> None:
    stranger = register("stranger", CITIZEN)
    case.sides["c"] = stranger
    assert case.seen_by("c")["allowed_actions"] == []
    assert case.act("withdraw", "c").json()["code"] == "invalid_transition"
