"""What happens to a complaint is written down once: in the complaint, its thread, the change feed, the event log."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final

from pydantic import JsonValue
from sqlalchemy.orm import Session

from egov_serang.models.complaints import AuthorRole, ChangeKind, ComplaintStatus, Visibility
from egov_serang.sandbox.complaints.states import MILESTONES, OFFICER
from egov_serang.sandbox.complaints.store import CONFIDENTIAL, ChangeRow, ComplaintRow, UpdateRow
from egov_serang.sandbox.eventlog import record_event

_ACTS: Final = {"reopen": ChangeKind.REOPENED, "rate": ChangeKind.RATED}


def changed(session: Session, row: ComplaintRow, now: datetime, kind: ChangeKind, **details: Any) -> None:
    """Write a change: a new version, details by name, an entry in the feed and an event."""
    row.details = {**row.details, **details}
    row.updated_at = now.timestamp()
    row.version += 1
    noted(session, row, now, kind)


def moved(
    session: Session,
    row: ComplaintRow,
    now: datetime,
    *,
    action: str,
    to: str,
    by: AuthorRole,
    **details: Any,
) -> None:
    """Write a transition: the new state, what was said, and when a stage of the service level was over."""
    row.status = to
    if to == ComplaintStatus.VERIFIED:
        row.held = False
    milestone = MILESTONES.get(to)
    if milestone is not None:
        # Only the first verification and response count, but the last resolution: a reopened case was not resolved.
        met = now.timestamp()
        row.met = {milestone: met, **row.met} if milestone != "resolve" else {**row.met, milestone: met}
    notes: str | None = details.get("status_notes")
    # What a resident tells the agency is not for the street to read.
    visibility = Visibility.CONFIDENTIAL if by is AuthorRole.CITIZEN else Visibility.PUBLIC
    said(session, row, now, by, notes or "", visibility=visibility, status_after=to)
    changed(session, row, now, _ACTS.get(action, ChangeKind.STATUS_CHANGED), said_by=by, **details)


def said(
    session: Session,
    row: ComplaintRow,
    now: datetime,
    by: AuthorRole,
    text: str,
    *,
    visibility: Visibility,
    media_ids: tuple[str, ...] = (),
    status_after: str | None = None,
) -> UpdateRow:
    """Add to the thread."""
    entry = UpdateRow(
        update_id=f"upd_{secrets.token_hex(10)}",
        complaint_seq=row.seq,
        author_role=by,
        description=text,
        media_ids=list(media_ids),
        status_after=status_after,
        visibility=visibility,
        created_at=now.timestamp(),
    )
    session.add(entry)
    return entry


def noted(
    session: Session,
    row: ComplaintRow,
    now: datetime,
    kind: ChangeKind,
    visibility: Visibility = Visibility.PUBLIC,
) -> None:
    """Enter a change in the feed, and its event in the log; internal ones are no event, as anybody may subscribe."""
    session.add(
        ChangeRow(
            complaint_seq=row.seq,
            complaint_id=row.complaint_id,
            kind=kind,
            status=row.status,
            version=row.version,
            visibility=visibility,
            changed_at=now.timestamp(),
        )
    )
    if visibility is Visibility.INTERNAL:
        return
    kinds = [kind]
    if kind in _ACTS.values():
        kinds.insert(0, ChangeKind.STATUS_CHANGED)  # who follows the status hears of every change of it
    data: dict[str, JsonValue] = {
        "complaint_id": row.complaint_id,
        "reference": row.reference,
        "service_code": row.service_code,
        "status": row.status,
        "version": row.version,
    }
    scope = CONFIDENTIAL
    if row.visibility == Visibility.PUBLIC:
        scope = OFFICER if row.held else "complaints:read"
    for one in kinds:
        record_event(
            session,
            f"id.smartcity.complaints.complaint.{one}.v1",
            row.complaint_id,
            data,
            now,
            owner=row.client_id,
            scope=scope,
        )
