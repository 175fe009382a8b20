"""What each action does to an application, and what happens by itself as time passes (contract-v1 section 3)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from egov_serang.models.permits import ApplicationAction as Action
from egov_serang.models.permits import ApplicationStatus as Status
from egov_serang.models.permits import Decision, Stage
from egov_serang.sandbox.permits.case import Case, FeeRecord
from egov_serang.sandbox.permits.schemas import TransitionData
from egov_serang.sandbox.permits.states import actor_of, allowed_actions, find_rule
from egov_serang.sandbox.problems import FieldError, Problem
from egov_serang.sandbox.working import add_working

_MAGIC_NOTE: Final = "Sandbox: this permit type does it by itself."
_MAGIC_AFTER: Final = timedelta(seconds=2)
_PAYMENT_TERM: Final = timedelta(days=30)
_APPEAL_TERM: Final = timedelta(days=21)
"""Working days for an objection (*upaya administratif*, Law 30/2014)."""


@dataclass(frozen=True, slots=True)
class Command:
    """An action somebody wants done."""

    action: str
    now: datetime
    by: str
    comment: str | None = None
    data: TransitionData = field(default_factory=TransitionData)


def perform(case: Case, command: Command, actors: AbstractSet[str]) -> Case:
    """Do the action if the state table has room for it.

    Args:
        case: the application, already brought up to `command.now` by `settle`.
        command: what is wanted.
        actors: the roles of the caller, for the `allowed_actions` of a refusal.

    Raises:
        Problem: invalid_transition, fee_outstanding, clock_expired or validation_failed.
    """
    now = case.situation
    rule = find_rule(command.action, now)
    owing = rule is not None and rule.fee is not None and "confirmed" in rule.fee and not rule.settled(now)
    if owing:
        raise Problem("fee_outstanding", allowed_actions=allowed_actions(now, actors))
    if rule is None or not rule.settled(now):
        late = rule is None and _ran_out(case, command.action)
        code = "clock_expired" if late else "invalid_transition"
        raise Problem(code, allowed_actions=allowed_actions(now, actors))
    after = _EFFECTS[rule.action](case, command)
    return after if rule.to is None else after.changed(status=rule.to)


def settle(case: Case, now: datetime) -> Case:
    """Let everything happen that time alone brings: deemed grants, lapses and the magic of magic types.

    The outcome follows from the record and the time, so a read may show it without writing it down.
    """
    return futures(case, now)[-1][1]


def futures(case: Case, until: datetime | None = None) -> list[tuple[datetime | None, Case]]:
    """The application and what becomes of it if nobody does anything, each with the time it begins.

    Args:
        until: look no further than this; None looks to the end.
    """
    states: list[tuple[datetime | None, Case]] = [(None, case)]
    while (event := case.next_event) is not None and (until is None or event[0] <= until):
        at, action = event
        if action in (Action.RETURN, Action.PAUSE):
            case = case.changed(magic_at=None)
        if find_rule(action, case.situation) is not None:
            case = perform(case, Command(action=action, now=at, by="system", comment=_MAGIC_NOTE), frozenset())
            case = case.changed(version=case.version + 1)
        states.append((at, case))
    return states


def _ran_out(case: Case, action: str) -> bool:
    """Whether it was time that took the chance to do this: the applicant's to pay, or the authority's to decide."""
    if case.status == Status.LAPSED:
        return True
    deemed = case.decision is not None and case.decision.outcome == "deemed_granted"
    return deemed and actor_of(action) in ("review", "decide")


def _submit(case: Case, command: Command) -> Case:
    clock = case.clock.start(command.now)
    strikes = case.magic in ("return", "pause")
    return case.changed(
        stage=case.stages[2], clock=clock, magic_at=command.now + _MAGIC_AFTER if strikes else None, status_notes=None
    )


def _resubmit(case: Case, command: Command) -> Case:
    return case.changed(stage=case.stages[2], clock=case.clock.resume(command.now), status_notes=None)


def _withdraw(case: Case, command: Command) -> Case:
    return case.changed(clock=case.clock.stop(command.now), status_notes=command.comment)


def _supply(case: Case, command: Command) -> Case:
    return case.changed(paused_for="authority")


def _return(case: Case, command: Command) -> Case:
    if command.comment is None:
        raise _needs("/comment")
    clock = case.clock.pause(command.now, "returned")
    return case.changed(stage=Stage.SUBMISSION, clock=clock, status_notes=command.comment)


def _advance(case: Case, command: Command) -> Case:
    return case.changed(stage=case.stages[case.stages.index(case.stage) + 1])


def _pause(case: Case, command: Command) -> Case:
    clock = case.clock.pause(command.now, command.comment)
    return case.changed(clock=clock, paused_for=command.data.waiting_on or "applicant", status_notes=command.comment)


def _resume(case: Case, command: Command) -> Case:
    return case.changed(clock=case.clock.resume(command.now), paused_for="none", status_notes=None)


def _restart(case: Case, command: Command) -> Case:
    return case.changed(clock=case.clock.restart(command.now), paused_for="none", status_notes=None)


def _judge_document(case: Case, command: Command) -> Case:
    if command.data.document_id is None:
        raise _needs("/data/document_id")
    accepted = command.action == Action.ACCEPT_DOCUMENT
    if not accepted and command.comment is None:
        raise _needs("/comment")
    verdict = {"verification": "accepted" if accepted else "rejected", "reason": command.comment}
    if not any(p.current and p.document.document_id == command.data.document_id for p in case.papers):
        raise _unfit("/data/document_id", "not_found")
    return case.changed(
        papers=tuple(
            p.model_copy(update={"document": p.document.model_copy(update=verdict)})
            if p.document.document_id == command.data.document_id
            else p
            for p in case.papers
        )
    )


def _bill(case: Case, command: Command) -> Case:
    fee = _fee(case)
    billed = fee.model_copy(
        update={
            "state": "billed",
            "amount": fee.amount if command.data.amount is None else command.data.amount.money,
            "billing_code": "".join(secrets.choice("0123456789") for _ in range(15)),
            "due_at": command.now + _PAYMENT_TERM,
        }
    )
    # The applicant's time to pay is not the authority's time to decide.
    clock = case.clock.pause(command.now, "payment") if case.clock.state == "running" else case.clock
    return case.changed(fee=billed, clock=clock, paused_for="payment")


def _confirm_payment(case: Case, command: Command) -> Case:
    paid = _fee(case).model_copy(update={"state": "confirmed", "receipt": f"SSRD-{secrets.token_hex(6).upper()}"})
    clock = case.clock.resume(command.now) if case.clock.state == "paused" else case.clock
    return case.changed(fee=paid, clock=clock, paused_for="none")


def _decide(case: Case, command: Command) -> Case:
    data = command.data
    if data.outcome is None:
        raise _needs("/data/outcome")
    if data.outcome == "granted_with_conditions" and not data.conditions:
        raise _needs("/data/conditions")
    if data.outcome == "refused" and data.grounds is None:
        raise _needs("/data/grounds")
    decision = Decision(
        outcome=data.outcome,
        made_by=command.by,
        made_at=command.now,
        conditions=data.conditions,
        grounds=data.grounds,
        appeal_until=None if data.outcome == "granted" else add_working(command.now, _APPEAL_TERM),
    )
    return case.changed(decision=decision, clock=case.clock.stop(command.now))


def _issue(case: Case, command: Command) -> Case:
    return case.changed(stage=Stage.ISSUED)


def _deem_grant(case: Case, command: Command) -> Case:
    decision = Decision(outcome="deemed_granted", made_by="system", made_at=command.now)
    return case.changed(decision=decision, stage=Stage.DECISION, clock=case.clock.stop(command.now), magic_at=None)


def _lapse(case: Case, command: Command) -> Case:
    return case.changed(clock=case.clock.stop(command.now), paused_for="none")


def _fee(case: Case) -> FeeRecord:
    if case.fee is None:
        raise AssertionError("the state table lets only applications with a fee come here")
    return case.fee


def _needs(pointer: str) -> Problem:
    return _unfit(pointer, "required")


def _unfit(pointer: str, code: str) -> Problem:
    return Problem("validation_failed", errors=(FieldError(pointer=pointer, code=code),))


_EFFECTS: Final[Mapping[Action, Callable[[Case, Command], Case]]] = MappingProxyType(
    {
        Action.SUBMIT: _submit,
        Action.RESUBMIT: _resubmit,
        Action.WITHDRAW: _withdraw,
        Action.SUPPLY: _supply,
        Action.RETURN: _return,
        Action.ADVANCE: _advance,
        Action.PAUSE: _pause,
        Action.RESUME: _resume,
        Action.RESTART: _restart,
        Action.ACCEPT_DOCUMENT: _judge_document,
        Action.REJECT_DOCUMENT: _judge_document,
        Action.BILL: _bill,
        Action.CONFIRM_PAYMENT: _confirm_payment,
        Action.DECIDE: _decide,
        Action.ISSUE: _issue,
        Action.DEEM_GRANT: _deem_grant,
        Action.LAPSE: _lapse,
    }
)
