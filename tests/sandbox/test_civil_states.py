"""The whole state table of civil registration (contract-v1 section 4), typed here once more, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.sandbox.permits_support import PDF, Desk, desks

from egov_serang.sandbox.server import Sandbox

BASE = "/v1/identity"
TABLE = """
draft      submit        submitted  a
draft      withdraw      withdrawn  a
submitted  start_review  in_review  o
submitted  withdraw      withdrawn  a
in_review  return        returned   o
in_review  approve       approved   o
in_review  reject        rejected   o
returned   resubmit      in_review  a
returned   withdraw      withdrawn  a
approved   issue         issued     o
issued     hand_over     collected  o
"""
RULES = [tuple(line.split()) for line in TABLE.strip().splitlines()]
NEXT = {(state, action): (to, who) for state, action, to, who in RULES}
STATES = sorted({rule[0] for rule in RULES} | {rule[2] for rule in RULES})
ACTIONS = sorted({rule[1] for rule in RULES})
WAY = {
    "draft": "",
    "submitted": "submit",
    "in_review": "submit start_review",
    "returned": "submit start_review return",
    "approved": "submit start_review approve",
    "issued": "submit start_review approve issue",
    "collected": "submit start_review approve issue hand_over",
    "rejected": "submit start_review reject",
    "withdrawn": "withdraw",
}
WAITING = {"draft": "applicant", "returned": "applicant", "submitted": "authority", "in_review": "authority"}
WAITING |= {"approved": "authority", "issued": "none", "collected": "none", "rejected": "none", "withdrawn": "none"}
FORM = {"deceased_name": "Almarhum Uji", "death_date": "2026-11-01", "death_place": "Serang"}


class Case:
    """An application with its two sides."""

    def __init__(self, applicant: Desk, officer: Desk, papers: tuple[str, ...] = ("death_statement", "kk")) -> None:
        self.sides = {"a": applicant, "o": officer}
        self.number = self.begin()
        for kind in papers:
            assert applicant.attach(self.number, kind).status_code == 201

    def begin(self, form: dict[str, str] | None = None, **fields: Any) -> str:
        person = {"subject_ref": "sub_uji_1", "relation": "family"}
        body = {"service_code": "akta_kematian", "applicant": person, "form": form or FORM, **fields}
        answer = self.sides["a"].call("POST", "/applications", body)
        assert answer.status_code == 201, answer.text
        number: str = answer.json()["application_id"]
        assert answer.headers["location"] == f"{BASE}/applications/{number}"
        return number

    def act(self, side: str, action: str, **body: Any) -> httpx.Response:
        notes = {"comment": "Mohon dilengkapi."} if action in {"return", "reject"} else {}
        return self.sides[side].act(self.number, action, **notes, **body)

    def brought_to(self, state: str) -> Case:
        for action in WAY[state].split():
            answer = self.act(NEXT[self.seen("o")["status"], action][1], action)
            assert answer.status_code == 200, answer.text
        assert self.seen("o")["status"] == state
        return self

    def seen(self, side: str) -> Any:
        return self.sides[side].got(f"/applications/{self.number}")


@pytest.fixture
def case(sandbox: Sandbox) -> Iterator[Case]:
    sandbox.reset()
    with desks(sandbox, BASE) as open_desk:
        yield Case(open_desk("identity:apply"), open_desk("identity:process"))


@pytest.mark.parametrize(("state", "action", "to", "who"), RULES)
def test_every_row_leads_where_it_says(case: Case, state: str, action: str, to: str, who: str) -> None:
    answer = case.brought_to(state).act(who, action)
    assert (answer.status_code, answer.json().get("status")) == (200, to)


@pytest.mark.parametrize("state", STATES)
def test_nothing_else_is_possible(case: Case, state: str) -> None:
    case.brought_to(state)
    version = case.seen("o")["version"]
    scope_of = {action: who for _, action, _, who in RULES}
    for side in "ao":
        allowed = {action for (at, action), (_, who) in NEXT.items() if at == state and who == side}
        assert set(case.seen(side)["allowed_actions"]) == allowed
        for action in ACTIONS:
            if action in allowed:
                continue
            answer = case.act(side, action)
            if scope_of[action] != side:
                assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), (side, action)
            else:
                assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition"), (side, action)
                assert set(answer.json()["allowed_actions"]) == allowed
        assert case.act(side, "invented").status_code == 422
    assert case.seen("o")["version"] == version
    assert case.seen("a")["waiting_on"] == WAITING[state]


def test_returning_and_rejecting_need_a_reason(case: Case) -> None:
    case.brought_to("in_review")
    for action in ("return", "reject"):
        answer = case.sides["o"].act(case.number, action)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/comment")


@pytest.mark.parametrize("state", STATES)
def test_only_a_draft_or_returned_application_is_changed(case: Case, state: str) -> None:
    case.brought_to(state)
    allowed = state in {"draft", "returned"}
    changed = {"form": {**FORM, "cause": "sakit"}, "subjects": [{"role": "deceased"}], "delivery": {"mode": "pickup"}}
    path = f"/applications/{case.number}"
    version = case.sides["a"].call("GET", path).headers["etag"]
    patched = case.sides["a"].call("PATCH", path, changed, if_match=version)
    assert patched.status_code == (200 if allowed else 409), patched.text
    attached = case.sides["a"].attach(case.number, "ktp_deceased", PDF)
    assert attached.status_code == (201 if allowed else 409)
    if allowed:
        shown = case.seen("a")
        assert (shown["form"]["cause"], shown["delivery"]["mode"]) == ("sakit", "pickup")
        assert shown["subjects"][0]["role"] == "deceased"
        assert [document["kind"] for document in shown["documents"]][-1] == "ktp_deceased"
        assert case.sides["a"].call("PATCH", path, changed).json()["code"] == "precondition_required"
        assert case.sides["a"].call("PATCH", path, changed, if_match='"1"').json()["code"] == "version_conflict"


@pytest.mark.parametrize(("mode", "waits"), [("digital", "none"), ("pickup", "applicant"), ("post", "authority")])
def test_who_is_waited_for_after_issuing_depends_on_the_delivery(case: Case, mode: str, waits: str) -> None:
    address = {"address": "Jl. Uji 1"} if mode == "post" else {}
    case.number = case.begin(delivery={"mode": mode, **address})
    for kind in ("death_statement", "kk"):
        case.sides["a"].attach(case.number, kind)
    case.brought_to("issued")
    assert case.seen("a")["waiting_on"] == waits


def test_the_result_is_there_once_it_is_issued(case: Case) -> None:
    path = f"/applications/{case.number}/result"
    assert case.sides["a"].call("GET", path).json()["code"] == "not_found"
    case.brought_to("issued")
    assert case.sides["a"].got(path) == case.seen("o")["result"]
    assert case.sides["a"].got(path)["kind"] == "akta_kematian"


def test_strangers_see_nothing_and_officers_do_not_apply(case: Case, sandbox: Sandbox) -> None:
    with desks(sandbox, BASE) as open_desk:
        stranger, reader = open_desk("identity:apply"), open_desk("identity:verify")
        for path in ("", "/result", "/history"):
            answer = stranger.call("GET", f"/applications/{case.number}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert stranger.attach(case.number, "kk").status_code == 404
        assert stranger.submit(case.number).status_code == 404
        assert stranger.got("/applications")["data"] == []
        assert reader.call("GET", "/applications").json()["code"] == "scope_missing"
        # Somebody who is both may look as an officer, but does not act for another client's applicant.
        both = open_desk("identity:apply identity:process")
        assert both.act(case.number, "withdraw").json()["code"] == "forbidden"
        assert both.submit(case.number).json()["code"] == "forbidden"
        assert both.got(f"/applications/{case.number}")["allowed_actions"] == []


@pytest.mark.parametrize(
    ("service", "variant", "kinds"),
    [
        ("kk", "new", {"ktp", "marriage_book"}),
        ("kk", "lost", {"ktp", "police_report"}),
        ("ktp_el", "new", {"kk"}),
        ("pindah", "abroad", {"kk", "ktp", "passport"}),
    ],
)
def test_a_variant_asks_for_its_own_documents(case: Case, service: str, variant: str, kinds: set[str]) -> None:
    number = case.begin(service_code=service, variant=variant)
    refused = case.sides["a"].submit(number)
    assert refused.json()["code"] == "documents_incomplete"
    assert {error["pointer"] for error in refused.json()["errors"]} == {f"/documents/{kind}" for kind in kinds}
    assert case.sides["a"].attach(number, "death_statement").json()["errors"][0]["pointer"] == "/kind"
    assert case.sides["a"].attach(number, next(iter(kinds)), b"x", "text/html").json()["code"] == "unsupported_media"
