"""Complaints as they are kept, and who sees what of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, ForeignKey, LargeBinary, Select, not_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.models.complaints import (
    AuthorRole,
    Complaint,
    ComplaintAction,
    ComplaintStatus,
    Due,
    Media,
    Update,
    Visibility,
)
from egov_serang.sandbox.complaints.states import CITIZEN, MACHINE, OFFICER, STAGES
from egov_serang.sandbox.db import NUMBERED, Base
from egov_serang.sandbox.gate import Caller
from egov_serang.sandbox.problems import Problem

CONFIDENTIAL: Final = "complaints:confidential"


class ComplaintRow(Base):
    """A complaint: columns for what is filtered or decided on, `details` for the rest."""

    __tablename__ = "complaints"

    seq: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[str] = mapped_column(index=True)
    """Whose it is; empty for what was dropped into a box that answers nobody (type `blackbox`)."""
    reference: Mapped[str]
    token: Mapped[str | None] = mapped_column(unique=True)
    service_code: Mapped[str] = mapped_column(index=True)
    due: Mapped[dict[str, float] | None] = mapped_column(JSON)
    """When each stage of the service level ends, as promised when it was submitted or reopened."""
    met: Mapped[dict[str, float]] = mapped_column(JSON)
    """When each stage was over."""
    breached: Mapped[list[str]] = mapped_column(JSON)
    """The stages whose breach was announced, since it was submitted or reopened."""
    status: Mapped[str] = mapped_column(index=True)
    waits_until: Mapped[float]
    """When the system acts, in a state in which it waits for the citizen."""
    reopen_until: Mapped[float]
    """How long the citizen may reopen it, in a state that can be reopened."""
    lat: Mapped[float | None]
    long: Mapped[float | None]
    area_code: Mapped[str | None]
    visibility: Mapped[str]
    held: Mapped[bool]
    """Whether the public sees it only once an officer has verified it (moderation)."""
    description: Mapped[str]
    assignee: Mapped[str | None]
    client_reference: Mapped[str | None] = mapped_column(index=True)
    requested_at: Mapped[float]
    updated_at: Mapped[float] = mapped_column(index=True)
    version: Mapped[int]
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class UpdateRow(Base):
    """An entry of a complaint's thread."""

    __tablename__ = "complaint_updates"

    seq: Mapped[int] = mapped_column(primary_key=True)
    update_id: Mapped[str] = mapped_column(unique=True)
    complaint_seq: Mapped[int] = mapped_column(ForeignKey(ComplaintRow.seq), index=True)
    author_role: Mapped[str]
    description: Mapped[str]
    media_ids: Mapped[list[str]] = mapped_column(JSON)
    status_after: Mapped[str | None]
    visibility: Mapped[str]
    created_at: Mapped[float]

    def shown(self, complaint_id: str, files: dict[str, Media]) -> Update:
        """The entry as callers see it; `files` are the complaint's that they may see."""
        return Update(
            update_id=self.update_id,
            complaint_id=complaint_id,
            author_role=AuthorRole(self.author_role),
            description=self.description,
            media=tuple(files[one] for one in self.media_ids if one in files),
            status_after=ComplaintStatus(self.status_after) if self.status_after else None,
            visibility=Visibility(self.visibility),
            created_at=datetime.fromtimestamp(self.created_at, UTC),
        )


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
    scan_status: Mapped[str]
    visibility: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)

    def shown(self, complaint_id: str) -> Media:
        """The file as callers see it; `url` is a path of this gateway."""
        return Media(
            media_id=self.media_id,
            filename=self.filename,
            media_type=self.media_type,
            size=self.size,
            sha256=self.sha256,
            scan_status=self.scan_status,
            visibility=Visibility(self.visibility),
            url=f"/v1/complaints/cases/{complaint_id}/media/{self.media_id}",
        )


class ChangeRow(Base):
    """One change, in the order of their commits: `seq` is given inside the one write transaction SQLite allows."""

    __tablename__ = "complaint_changes"
    __table_args__ = NUMBERED  # a cursor from before a reset must not point into what came after it

    seq: Mapped[int] = mapped_column(primary_key=True)
    complaint_seq: Mapped[int] = mapped_column(ForeignKey(ComplaintRow.seq), index=True)
    complaint_id: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str]
    version: Mapped[int]
    visibility: Mapped[str]
    changed_at: Mapped[float]


def visible(caller: Caller) -> Select[ComplaintRow]:
    """The complaints a caller may see: its own, public ones, and with the scope for it confidential ones.

    What is held for moderation officers see, and nobody else.
    """
    wanted = select(ComplaintRow)
    own = ComplaintRow.client_id == caller.client_id
    if OFFICER not in caller.scopes:
        wanted = wanted.where(or_(own, not_(ComplaintRow.held)))
    if CONFIDENTIAL in caller.scopes:
        return wanted
    return wanted.where(or_(own, ComplaintRow.visibility == "public"))


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


def audiences(row: ComplaintRow, caller: Caller) -> tuple[Visibility, ...]:
    """Which comments and files of a complaint a caller may see."""
    if OFFICER in caller.scopes:
        return tuple(Visibility)
    own = row.client_id == caller.client_id
    return (Visibility.PUBLIC, Visibility.CONFIDENTIAL) if own else (Visibility.PUBLIC,)


def files_of(session: Session, row: ComplaintRow, caller: Caller) -> dict[str, Media]:
    """The files of a complaint this caller may see, by id, in the order they came."""
    wanted = select(MediaRow).where(MediaRow.complaint_seq == row.seq, MediaRow.visibility.in_(audiences(row, caller)))
    return {media.media_id: media.shown(row.complaint_id) for media in session.scalars(wanted.order_by(MediaRow.seq))}


def actions(row: ComplaintRow, caller: Caller, now: datetime) -> list[str]:
    """What a caller may do now."""
    possible = MACHINE.allowed_actions(row.status, roles(row, caller))
    return [action for action in possible if action != ComplaintAction.REOPEN or may_reopen(row, now)]


def may_reopen(row: ComplaintRow, now: datetime) -> bool:
    """Whether the window in which the citizen may reopen it has not passed."""
    return now.timestamp() <= row.reopen_until


def shown(session: Session, row: ComplaintRow, caller: Caller, now: datetime) -> Complaint:
    """The complaint as this caller may see it."""
    requested = datetime.fromtimestamp(row.requested_at, UTC)
    promised = {stage: datetime.fromtimestamp(at, UTC) for stage, at in (row.due or {}).items()}
    stage = STAGES.get(row.status)
    due = None
    if stage is not None and stage in promised:
        due = Due(stage=stage, at=promised[stage], breached=now > promised[stage])
    return Complaint(
        **_details(row, caller),
        complaint_id=row.complaint_id,
        reference=row.reference,
        token=row.token,
        service_code=row.service_code,
        status=ComplaintStatus(row.status),
        description=row.description,
        lat=row.lat,
        long=row.long,
        area_code=row.area_code,
        visibility=row.visibility,
        assignee=row.assignee,
        requested_at=requested,
        updated_at=datetime.fromtimestamp(row.updated_at, UTC),
        expected_at=promised.get("resolve"),
        due=due,
        media=tuple(files_of(session, row, caller).values()),
        allowed_actions=tuple(map(ComplaintAction, actions(row, caller, now))),
        version=row.version,
    )


def _details(row: ComplaintRow, caller: Caller) -> dict[str, Any]:
    """What is not in columns, without what this caller has no business with."""
    details: dict[str, Any] = {**row.details, "client_reference": row.client_reference}
    said_by = details.pop("said_by", None)
    own = row.client_id == caller.client_id
    officer = OFFICER in caller.scopes
    if not (own or (officer and not details["anonymous"])):
        details["reporter"] = None
    if not (own or officer):
        details["client_reference"] = None
        if said_by == AuthorRole.CITIZEN:  # what a resident told the agency is between the two
            details["status_notes"] = None
        if details.get("rating"):
            details["rating"] = {"score": details["rating"]["score"]}
    return details
