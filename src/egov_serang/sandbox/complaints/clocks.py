"""What time does to complaints: promises, breaches of them, windows that close, and what the system then does."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from egov_serang.models.complaints import AuthorRole, ChangeKind, Sla
from egov_serang.sandbox.complaints.history import moved, noted
from egov_serang.sandbox.complaints.states import BY_ITSELF, OPEN, REOPEN_DAYS, STAGES, WAITING_DAYS
from egov_serang.sandbox.complaints.store import ComplaintRow
from egov_serang.sandbox.working import Calendar, add_working


def promises(sla: Sla | None, now: datetime, calendar: Calendar) -> dict[str, float] | None:
    """When each stage of a service level ends that begins now."""
    if sla is None:
        return None
    return {stage: _after(days, now, calendar) for stage, days in sla}


def patience(now: datetime, calendar: Calendar) -> float:
    """Until when the system waits for the citizen in a state that begins now."""
    return _after(WAITING_DAYS, now, calendar)


def window(now: datetime, calendar: Calendar) -> float:
    """Until when the citizen may reopen what is resolved or rejected now."""
    return _after(REOPEN_DAYS, now, calendar)


def _after(days: int, now: datetime, calendar: Calendar) -> float:
    return add_working(now, timedelta(days=days), calendar.is_working).timestamp()


def is_overdue(row: ComplaintRow, now: datetime) -> bool:
    """Whether the stage that runs has taken longer than promised."""
    stage = STAGES.get(row.status)
    return stage is not None and row.due is not None and now.timestamp() > row.due.get(stage, float("inf"))


def tick(session: Session, now: datetime) -> None:
    """Announce what is late, and let the system act on what waited too long. Runs whenever the clock is moved."""
    for row in session.scalars(select(ComplaintRow).where(ComplaintRow.status.in_(OPEN))).all():
        stage = STAGES[row.status]
        if is_overdue(row, now) and stage not in row.breached:
            row.breached = [*row.breached, stage]
            noted(session, row, now, ChangeKind.SLA_BREACHED)
    for row in session.scalars(select(ComplaintRow).where(ComplaintRow.status.in_(BY_ITSELF))).all():
        if now.timestamp() > row.waits_until:
            rule = BY_ITSELF[row.status]
            moved(session, row, now, action=rule.action, to=rule.to, by=AuthorRole.SYSTEM)
