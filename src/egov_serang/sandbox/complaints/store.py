"""Complaints as they are kept, who sees what of them, and what passes by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import JSON, ForeignKey, LargeBinary, Select, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.models.complaints import Complaint, ComplaintAction, ComplaintStatus, Due, Media, Sla
from egov_serang.sandbox.complaints.schemas import CaseFilter
from egov_serang.sandbox.complaints.states import BY_ITSELF, CITIZEN, MACHINE, OFFICER, STAGES, WAITING_DAYS
from egov_serang.sandbox.db import Base
from egov_serang.sandbox.eventlog import record_event
from egov_serang.sandbox.gate import Caller
from egov_serang.sandbox.problems import Problem
from egov_serang.sandbox.working import Calendar, add_working

_CONFIDENTIAL: Final = "complaints:confidential"


class ComplaintRow(Base):
    """A complaint: columns for what is filtered or decided on, `details` for the rest."""

    __tablename__ = "complaints"

    seq: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[str] = mapped_column(index=True)
    reference: Mapped[str]
    service_code: Mapped[str] = mapped_column(index=True)
    due: Mapped[dict[str, float] | None] = mapped_column(JSON)
    """When each stage of the service level ends, as promised when it was submitted or reopened."""
    status: Mapped[str] = mapped_column(index=True)
    waits_until: Mapped[float]
    """When the system acts, in a state in which it waits for the citizen."""
    area_code: Mapped[str | None]
    visibility: Mapped[str]
    description: Mapped[str]
    assignee: Mapped[str | None]
    client_reference: Mapped[str | None] = mapped_column(index=True)
    requested_at: Mapped[float]
    updated_at: Mapped[float] = mapped_column(index=True)
    version: Mapped[int]
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class MediaRow(Base):
    """A file of a complaint."""

    __tablename__ = "complaint_media"

    seq: Mapped[int] = mapped_column(primary_key=True)
    media_id: Mapped[str] = mapped_column(unique=True)
    complaint_seq: Mapped[int] = mapped_column(ForeignKey(ComplaintRow.seq), index=True)
    filename: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)

    def shown(self, complaint_id: str) -> Media:
        """The file as callers see it; `url` is a path of this gateway."""
        return Media(
            media_id=self.media_id,
            filename=self.filename,
            media_type=self.media_type,
            size=self.size,
            sha256=self.sha256,
            scan_status="clean",
            url=f"/v1/complaints/cases/{complaint_id}/media/{self.media_id}",
        )


def visible(caller: Caller) -> Select[ComplaintRow]:
    """The complaints a caller may see: its own, public ones, and with the scope for it confidential ones."""
    wanted = select(ComplaintRow)
    if _CONFIDENTIAL in caller.scopes:
        return wanted
    return wanted.where(or_(ComplaintRow.client_id == caller.client_id, ComplaintRow.visibility == "public"))


def filtered(wanted: Select[ComplaintRow], by: CaseFilter) -> Select[ComplaintRow]:
    """Narrow a selection. An area holds the areas whose code begins with its own."""
    for column, value in (
        (ComplaintRow.status, by.status),
        (ComplaintRow.service_code, by.service_code),
        (ComplaintRow.client_reference, by.client_reference),
        (ComplaintRow.assignee, by.assigned_to),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if by.area_code is not None:
        within = ComplaintRow.area_code.startswith(f"{by.area_code}.", autoescape=True)
        wanted = wanted.where(or_(ComplaintRow.area_code == by.area_code, within))
    if by.updated_after is not None:
        wanted = wanted.where(ComplaintRow.updated_at >= by.updated_after.timestamp())
    if by.q is not None:
        wanted = wanted.where(ComplaintRow.description.icontains(by.q, autoescape=True))
    return wanted


def found(session: Session, complaint_id: str, caller: Caller) -> ComplaintRow:
    """The complaint, if this caller may see it.

    Raises:
        Problem: not_found.
    """
    row = session.scalar(visible(caller).where(ComplaintRow.complaint_id == complaint_id))
    if row is None:
        raise Problem("not_found", "There is no such complaint, or this client may not see it.")
    return row


def roles(row: ComplaintRow, caller: Caller) -> frozenset[str]:
    """The scopes that count for this complaint: only its own client acts as the citizen."""
    return caller.scopes if row.client_id == caller.client_id else caller.scopes - {CITIZEN}


def shown(session: Session, row: ComplaintRow, caller: Caller, now: datetime) -> Complaint:
    """The complaint as this caller may see it."""
    files = session.scalars(select(MediaRow).where(MediaRow.complaint_seq == row.seq).order_by(MediaRow.seq))
    details = dict(row.details)
    own = row.client_id == caller.client_id
    if not (own or (OFFICER in caller.scopes and not details["anonymous"])):
        details["reporter"] = None
    requested = datetime.fromtimestamp(row.requested_at, UTC)
    promised = {stage: datetime.fromtimestamp(at, UTC) for stage, at in (row.due or {}).items()}
    stage = STAGES.get(row.status)
    due = None
    if stage is not None and stage in promised:
        due = Due(stage=stage, at=promised[stage], breached=now > promised[stage])
    return Complaint(
        **details,
        complaint_id=row.complaint_id,
        reference=row.reference,
        service_code=row.service_code,
        status=ComplaintStatus(row.status),
        description=row.description,
        area_code=row.area_code,
        visibility=row.visibility,
        assignee=row.assignee,
        client_reference=row.client_reference,
        requested_at=requested,
        updated_at=datetime.fromtimestamp(row.updated_at, UTC),
        expected_at=promised.get("resolve"),
        due=due,
        media=tuple(media.shown(row.complaint_id) for media in files),
        allowed_actions=tuple(map(ComplaintAction, MACHINE.allowed_actions(row.status, roles(row, caller)))),
        version=row.version,
    )


def promises(sla: Sla | None, now: datetime, calendar: Calendar) -> dict[str, float] | None:
    """When each stage of a service level ends that begins now."""
    if sla is None:
        return None
    ends = {stage: add_working(now, timedelta(days=days), calendar.is_working) for stage, days in sla}
    return {stage: at.timestamp() for stage, at in ends.items()}


def patience(now: datetime, calendar: Calendar) -> float:
    """Until when the system waits for the citizen in a state that begins now."""
    return add_working(now, timedelta(days=WAITING_DAYS), calendar.is_working).timestamp()


def changed(row: ComplaintRow, now: datetime, *, status: str | None = None, **details: Any) -> None:
    """Write a change: a new version, perhaps a new status, details by name."""
    row.status = status or row.status
    row.details = {**row.details, **details}
    row.updated_at = now.timestamp()
    row.version += 1


def happened(session: Session, row: ComplaintRow, what: str, now: datetime) -> None:
    """Record an event of a complaint: its ids and state, nothing about people."""
    data = {
        "complaint_id": row.complaint_id,
        "reference": row.reference,
        "service_code": row.service_code,
        "status": row.status,
        "version": row.version,
    }
    record_event(
        session,
        f"id.smartcity.complaints.complaint.{what}.v1",
        row.complaint_id,
        data,
        now,
        owner=row.client_id,
        scope="complaints:read" if row.visibility == "public" else _CONFIDENTIAL,
    )


def waited_too_long(row: ComplaintRow, now: datetime) -> bool:
    """Whether the working days the state may wait for the citizen are over."""
    return now.timestamp() > row.waits_until


def tick(session: Session, now: datetime) -> None:
    """Let the system act on everything that waited too long. Runs whenever the city's clock is moved."""
    for row in session.scalars(select(ComplaintRow).where(ComplaintRow.status.in_(BY_ITSELF))):
        if waited_too_long(row, now):
            changed(row, now, status=BY_ITSELF[row.status])
            happened(session, row, "status_changed", now)
