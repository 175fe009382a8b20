"""The state table against an oracle typed by hand from contract-v1 section 3, one line per reachable situation."""

from __future__ import annotations

import itertools

import pytest

from egov_serang.models.permits import ApplicationStatus, Stage
from egov_serang.sandbox.permits.states import RULES, Situation, actor_of, allowed_actions, find_rule

ROLES = frozenset({"apply", "review", "decide", "issue"})
DOCS = "accept_document reject_document"

# status stage clock waiting_on fee granted | actions of somebody who holds every role
ORACLE = f"""
draft        preparation stopped applicant   none      no  | submit withdraw
draft        preparation stopped applicant   due       no  | submit withdraw
returned     submission  paused  applicant   none      no  | resubmit withdraw
returned     submission  paused  applicant   due       no  | resubmit withdraw
undetermined validation  running authority   none      no  | withdraw return advance pause {DOCS}
undetermined assessment  running authority   due       no  | withdraw return advance pause {DOCS}
undetermined inspection  running authority   due       no  | withdraw return advance pause {DOCS}
undetermined validation  paused  applicant   none      no  | withdraw supply resume restart {DOCS}
undetermined assessment  paused  authority   due       no  | withdraw resume restart {DOCS}
undetermined inspection  paused  third_party due       no  | withdraw resume restart {DOCS}
undetermined payment     running authority   due       no  | withdraw bill
undetermined payment     paused  payment     billed    no  | withdraw confirm_payment
undetermined payment     running authority   confirmed no  | withdraw advance
undetermined decision    running authority   none      no  | withdraw pause decide
undetermined decision    running authority   confirmed no  | withdraw pause decide
undetermined decision    paused  applicant   none      no  | withdraw supply resume restart
undetermined decision    paused  authority   confirmed no  | withdraw resume restart
determined   decision    stopped authority   none      yes | issue
determined   decision    stopped authority   confirmed yes | issue
determined   decision    stopped authority   due       yes | bill
determined   decision    stopped payment     billed    yes | confirm_payment
determined   decision    stopped none        none      no  |
determined   issued      stopped none        none      yes |
determined   issued      stopped none        confirmed yes |
lapsed       payment     stopped none        billed    no  |
withdrawn    preparation stopped none        none      no  |
withdrawn    validation  stopped none        none      no  |
withdrawn    submission  stopped none        due       no  |
"""

ROLE_OF = {
    "apply": "submit resubmit withdraw supply",
    "review": f"return advance pause resume restart {DOCS} bill confirm_payment",
    "decide": "decide",
    "issue": "issue",
    "system": "deem_grant lapse",
}

NEXT_STATUS = {
    "submit": "undetermined",
    "resubmit": "undetermined",
    "withdraw": "withdrawn",
    "return": "returned",
    "decide": "determined",
    "deem_grant": "determined",
    "lapse": "lapsed",
}


def _lines() -> list[tuple[Situation, frozenset[str]]]:
    lines = []
    for line in ORACLE.strip().splitlines():
        state, _, actions = line.partition("|")
        status, stage, clock, waiting_on, fee, granted = state.split()
        now = Situation(status, stage, clock, waiting_on, fee, granted == "yes")  # type: ignore[arg-type]
        lines.append((now, frozenset(actions.split())))
    return lines


@pytest.mark.parametrize(("now", "actions"), _lines(), ids=lambda part: str(getattr(part, "stage", "")))
def test_everybody_together_may_do_exactly_what_the_contract_says(now: Situation, actions: frozenset[str]) -> None:
    assert set(allowed_actions(now, ROLES)) == actions


@pytest.mark.parametrize(("now", "actions"), _lines(), ids=lambda part: str(getattr(part, "stage", "")))
def test_each_role_sees_only_its_own_part(now: Situation, actions: frozenset[str]) -> None:
    for role in ROLES:
        assert set(allowed_actions(now, frozenset({role}))) == actions & set(ROLE_OF[role].split())


def test_every_action_has_the_role_of_the_contract() -> None:
    typed = {action: role for role, actions in ROLE_OF.items() for action in actions.split()}
    assert {rule.action.value: rule.actor for rule in RULES} == typed
    assert actor_of("reopen") is None


def test_the_status_after_an_action_is_the_contracts() -> None:
    for rule in RULES:
        assert (rule.to.value if rule.to is not None else None) == NEXT_STATUS.get(rule.action)


def test_nobody_may_do_anything_once_it_is_over() -> None:
    stages, clocks, waits, fees = (
        list(Stage),
        ("running", "paused", "stopped"),
        ("applicant", "payment"),
        ("due", "billed"),
    )
    for status in (ApplicationStatus.LAPSED, ApplicationStatus.WITHDRAWN):
        for stage, clock, waiting, fee, granted in itertools.product(stages, clocks, waits, fees, (True, False)):
            now = Situation(status, stage, clock, waiting, fee, granted)  # type: ignore[arg-type]
            assert allowed_actions(now, ROLES | {"system"}) == ()
            assert all(find_rule(rule.action, now) is None for rule in RULES)
