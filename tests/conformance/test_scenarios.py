"""Choosing, running and reporting scenarios, without a server."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.complaints_table import NEXT, STATES

from egov_serang import NotFound
from egov_serang.conformance import junit
from egov_serang.conformance.complaints import SCENARIOS
from egov_serang.conformance.complaints.states import TABLE
from egov_serang.conformance.scenario import Failed, Outcome, Result, Scenario, Skipped, chosen, run, same


def _raise(error: Exception | None) -> None:
    if error is not None:
        raise error


def _scenario(name: str) -> Scenario[Exception | None]:
    return Scenario(name, "contract-v1 2", "Something holds", _raise)


def test_the_names_are_unique_and_every_one_cites_the_contract() -> None:
    names = [one.name for one in SCENARIOS]
    assert len(names) == len(set(names)) > 80
    assert all(one.section.startswith("contract-v1 ") and one.title for one in SCENARIOS)


def test_names_beginnings_and_patterns_choose() -> None:
    known = [_scenario(name) for name in ("states.closed", "states.submitted", "statistics.sums", "lists.paged")]
    for patterns, expected in (
        ([], ["states.closed", "states.submitted", "statistics.sums", "lists.paged"]),
        (["states"], ["states.closed", "states.submitted"]),
        (["*.s*"], ["states.submitted", "statistics.sums"]),
        (["lists.paged", "states.closed"], ["states.closed", "lists.paged"]),
    ):
        assert [one.name for one in chosen(known, patterns)] == expected
    with pytest.raises(ValueError, match=r"^stat$"):
        chosen(known, ["states", "stat"])


@pytest.mark.parametrize(
    ("error", "outcome", "detail"),
    [
        (None, "passed", ""),
        (Failed("status: expected 201, found 200"), "failed", "status: expected 201, found 200"),
        (Skipped("no category"), "skipped", "no category"),
        (NotFound("gone", status=404, code="not_found"), "failed", "the call did not come through: NotFound"),
    ],
)
def test_what_a_check_raises_is_its_outcome(error: Exception | None, outcome: Outcome, detail: str) -> None:
    (result,) = run([_scenario("a.b")], error)
    assert result.outcome == outcome
    assert result.detail.startswith(detail)


def test_a_mistake_of_ours_is_no_finding() -> None:
    with pytest.raises(ZeroDivisionError):
        list(run([_scenario("a.b")], ZeroDivisionError()))


def test_sets_are_shown_in_order() -> None:
    with pytest.raises(Failed, match=r"^actions: expected nothing, found rate, reopen$"):
        same("actions", {"reopen", "rate"}, set())


@given(some.lists(some.tuples(some.sampled_from(["passed", "failed", "skipped"]), some.text())))
def test_any_detail_makes_xml_that_can_be_read(found: list[tuple[Outcome, str]]) -> None:
    results = [Result(_scenario(f"a.{number}"), *one, 0.25) for number, one in enumerate(found)]
    suite = ET.fromstring(junit.document("egov conformance", "http://127.0.0.1", results))
    assert suite.get("tests") == str(len(found))
    assert suite.get("failures") == str(sum(outcome == "failed" for outcome, _ in found))
    cases = suite.findall("testcase")
    for (outcome, _), case in zip(found, cases, strict=True):
        assert {one.tag for one in case} == {{"failed": "failure", "skipped": "skipped"}.get(outcome, "")} - {""}


def test_the_table_is_the_one_the_state_machine_tests_typed() -> None:
    assert sorted(TABLE) == STATES
    ours = {(state, action): to for state, actions in TABLE.items() for action, to in actions.items()}
    assert ours == {key: to for key, (to, who) in NEXT.items() if who != "s"}
