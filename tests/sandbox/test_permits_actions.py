"""Actions on a record, apart from HTTP: random walks keep what the contract promises; time alone is deterministic."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang.model import Money
from egov_serang.models.permits import Applicant, Document, LicenceStatus, Stage
from egov_serang.sandbox.papers import PaperRecord
from egov_serang.sandbox.permits.actions import Command, futures, perform, settle
from egov_serang.sandbox.permits.case import Case, FeeRecord
from egov_serang.sandbox.permits.clock import StatutoryClock
from egov_serang.sandbox.permits.licences import as_of, initials, licence_number, new_licence, valid_until
from egov_serang.sandbox.permits.schemas import MoneyIn, TransitionData
from egov_serang.sandbox.permits.states import RULES, allowed_actions
from egov_serang.sandbox.problems import Problem
from egov_serang.sandbox.working import WIB

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=WIB)
DAY = timedelta(days=1)
ROLES = frozenset({"apply", "review", "decide", "issue"})
FULL = (Stage.VALIDATION, Stage.ASSESSMENT, Stage.INSPECTION, Stage.PAYMENT)
DATA = TransitionData(outcome="granted", grounds="x", document_id="doc_1")


def _case(middle: tuple[Stage, ...] = FULL, **given_: Any) -> Case:
    paper = Document(document_id="doc_1", kind="ktp", filename="k.pdf", media_type="application/pdf", size=1, sha256="")
    fields: dict[str, Any] = {
        "application_id": "app_1",
        "reference": "IZN-2026-000001",
        "client_id": "trader",
        "client_reference": None,
        "permit_type_code": "PBG",
        "type_version": 1,
        "stages": (Stage.PREPARATION, Stage.SUBMISSION, *middle, Stage.DECISION, Stage.ISSUED),
        "deemed_approval": False,
        "magic": None,
        "applicant": Applicant(subject_ref="sub_1", name="Siti Uji"),
        "clock": StatutoryClock(period=5 * DAY),
        "papers": (PaperRecord(document=paper),),
    }
    if Stage.PAYMENT in middle:
        fields["fee"] = FeeRecord(fee_id="fee_1", code="RET", amount=Money.rupiah(1000))
    return Case(**{**fields, **given_})


def _do(case: Case, action: str, now: datetime = MONDAY, **data: Any) -> Case:
    command = Command(action=action, now=now, by="officer", comment="catatan", data=TransitionData(**data))
    return perform(case, command, ROLES)


def _refusal(case: Case, action: str, **data: Any) -> Problem:
    with pytest.raises(Problem) as refused:
        _do(case, action, **data)
    return refused.value


@given(choices=st.lists(st.integers(0, 50), max_size=25), steps=st.lists(st.integers(0, 4), min_size=25, max_size=25))
def test_a_random_walk_never_leaves_the_table(choices: list[int], steps: list[int]) -> None:
    case, now = _case(deemed_approval=True, magic="return"), MONDAY
    for choice, days in zip(choices, steps, strict=False):
        now += days * DAY
        case = settle(case, now)
        allowed = allowed_actions(case.situation, ROLES)
        if not allowed:
            break
        action = allowed[choice % len(allowed)]
        before = case.situation
        case = perform(case, Command(action=action, now=now, by="x", comment="catatan", data=DATA), ROLES)
        rule = next(rule for rule in RULES if rule.action == action and rule.fits(before))
        assert case.status == (rule.to or before.status)
        assert (case.clock.state == "running") <= (case.status == "undetermined")
        assert (case.decision is not None) == (case.status == "determined")
        if case.stage == Stage.ISSUED:
            assert case.granted
            assert case.fee is not None
            assert case.fee.state == "confirmed"


@given(first=st.timedeltas(timedelta(0), 40 * DAY), second=st.timedeltas(timedelta(0), 40 * DAY))
def test_looking_in_between_changes_nothing(first: timedelta, second: timedelta) -> None:
    case = _do(_case(deemed_approval=True, magic="pause"), "submit")
    assert settle(settle(case, MONDAY + first), MONDAY + first + second) == settle(case, MONDAY + first + second)


def test_the_record_survives_its_json() -> None:
    case = _do(_do(_case(), "submit"), "pause", MONDAY + timedelta(microseconds=1))
    assert Case.model_validate_json(case.model_dump_json()) == case


def test_a_bill_stops_the_clock_and_lapses_unpaid() -> None:
    case = _do(_case((Stage.PAYMENT,), deemed_approval=True), "submit")
    assert _refusal(case, "advance").code == "fee_outstanding"
    case = _do(case, "bill", amount=MoneyIn(amount="2500.50"))
    assert case.fee is not None
    assert (str(case.fee.amount.amount), len(case.fee.billing_code or "")) == ("2500.50", 15)
    assert (case.clock.state, case.waiting_on) == ("paused", "payment")
    assert _refusal(case, "resume").code == "fee_outstanding"
    assert settle(case, MONDAY + 29 * DAY).status == "undetermined"
    lapsed = settle(case, MONDAY + 30 * DAY)
    assert (lapsed.status, lapsed.clock.state, lapsed.version) == ("lapsed", "stopped", case.version + 1)
    assert _refusal(lapsed, "confirm_payment").code == "clock_expired"


def test_a_deemed_grant_still_owes_its_fee() -> None:
    case = settle(_do(_case(deemed_approval=True), "submit"), MONDAY + 20 * DAY)
    assert case.decision is not None
    assert (case.decision.outcome, case.decision.made_at) == ("deemed_granted", MONDAY + 7 * DAY)
    assert _refusal(case, "issue").code == "fee_outstanding"
    assert _refusal(case, "decide", outcome="refused", grounds="x").code == "clock_expired"
    paid = _do(_do(case, "bill"), "confirm_payment")
    assert _do(paid, "issue").stage == Stage.ISSUED


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({}, "/data/outcome"),
        ({"outcome": "refused"}, "/data/grounds"),
        ({"outcome": "granted_with_conditions"}, "/data/conditions"),
    ],
)
def test_a_decision_says_why(data: dict[str, Any], pointer: str) -> None:
    case = _do(_do(_case((Stage.VALIDATION,)), "submit"), "advance")
    refused = _refusal(case, "decide", **data)
    assert (refused.code, [error.pointer for error in refused.errors]) == ("validation_failed", [pointer])


def test_a_refusal_can_be_appealed_for_21_working_days() -> None:
    case = _do(
        _do(_do(_case((Stage.VALIDATION,)), "submit"), "advance"), "decide", outcome="refused", grounds="tata ruang"
    )
    assert case.decision is not None
    assert case.decision.appeal_until == datetime(2026, 12, 22, 10, 0, tzinfo=WIB)
    assert _refusal(case, "issue").code == "invalid_transition"


def test_futures_end() -> None:
    states = futures(_do(_case(magic="return", deemed_approval=True), "submit"))
    assert [state.status.value for _, state in states] == ["undetermined", "returned"]


@pytest.mark.parametrize(
    ("start", "validity", "end"),
    [
        ("2026-11-23", "P2Y", "2028-11-23"),
        ("2028-02-29", "P1Y", "2029-02-28"),
        ("2026-08-31", "P6M", "2027-02-28"),
        ("2026-12-25", "P14D", "2027-01-08"),
        ("2026-12-25", "P1Y1M7D", "2028-02-01"),
    ],
)
def test_validity(start: str, validity: str, end: str) -> None:
    assert valid_until(datetime.fromisoformat(start), validity) == datetime.fromisoformat(end)


@pytest.mark.parametrize("validity", ["P", "1Y", "PT5H", "P1W", "P-1Y", ""])
def test_odd_validities_are_refused(validity: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        valid_until(MONDAY, validity)


def test_a_licence_expires_by_itself() -> None:
    licence = new_licence(_case(), licence_id="lic_1", serial=7, validity="P14D", now=MONDAY)
    assert licence.licence_number == licence_number(7, "PBG", MONDAY) == "503/00007/PBG/DPMPTSP/XI/2026"
    assert as_of(licence, MONDAY + 14 * DAY - timedelta(seconds=1)).status == LicenceStatus.ACTIVE
    assert as_of(licence, MONDAY + 14 * DAY).status == LicenceStatus.EXPIRED
    assert initials("siti uji  coba") == "S.U.C."
