"""What one caller sees of an application."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from egov_serang.model import Money
from egov_serang.models.permits import Application, Clock, FeeSummary, Task
from egov_serang.models.permits import ApplicationStatus as Status
from egov_serang.sandbox.permits.case import Case, FeeRecord
from egov_serang.sandbox.permits.schemas import Fee
from egov_serang.sandbox.permits.states import allowed_actions


def application_view(case: Case, actors: AbstractSet[str]) -> Application:
    """The application with the actions this caller may take now."""
    clock = case.clock
    return Application(
        application_id=case.application_id,
        reference=case.reference,
        permit_type_code=case.permit_type_code,
        type_version=case.type_version,
        applicant=case.applicant,
        agent=case.agent,
        location=case.location,
        form=case.form,
        stage=case.stage,
        status=case.status,
        status_notes=case.status_notes,
        decision=case.decision,
        clock=Clock(
            state=clock.state,
            started_at=clock.started_at,
            due_at=clock.due_at,
            paused_since=clock.paused_since,
            pause_reason=clock.pause_reason,
            restarts=clock.restarts,
        ),
        waiting_on=case.waiting_on,
        open_tasks=_tasks(case),
        documents=tuple(paper.document for paper in case.papers if paper.current),
        fee_summary=None if case.fee is None else _fee_summary(case.fee),
        licence_id=case.licence_id,
        allowed_actions=allowed_actions(case.situation, actors),
        client_reference=case.client_reference,
        version=case.version,
    )


def fee_view(fee: FeeRecord) -> Fee:
    """The fee in the contract's words."""
    return Fee(
        fee_id=fee.fee_id,
        code=fee.code,
        amount=fee.amount,
        status="assessed" if fee.state == "due" else fee.state,
        billing_code=fee.billing_code,
        due_at=fee.due_at,
        receipt=fee.receipt,
    )


def _fee_summary(fee: FeeRecord) -> FeeSummary:
    return FeeSummary(assessed=fee.amount, outstanding=Money.rupiah(0) if fee.state == "confirmed" else fee.amount)


def _tasks(case: Case) -> tuple[Task, ...]:
    """What waits for somebody: at most one thing, since an application is in one state at a time."""
    who = case.waiting_on
    if who == "none":
        return ()
    kind, role, due_at = "act", "authority", case.clock.due_at
    if who == "payment" and case.fee is not None:
        kind, role, due_at = "pay", "applicant", case.fee.due_at
    elif who == "applicant":
        kind, role, due_at = ("supply" if case.status == Status.UNDETERMINED else "submit"), "applicant", None
    elif who == "third_party":
        kind, role, due_at = "answer", "third_party", None
    elif case.granted:
        kind = "issue"
    return (Task(task_id=f"{case.application_id}.{case.version}", kind=kind, assignee_role=role, due_at=due_at),)
