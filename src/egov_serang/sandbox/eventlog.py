"""What happened in the city, in the order of commits: what events are delivered and replayed from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import JSON, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.sandbox.db import NUMBERED, Base


class EventRow(Base):
    """One event (CloudEvents' `type`, `subject`, `time`, `data`); `sequence` counts those of one subject from 1."""

    __tablename__ = "event_log"
    __table_args__ = NUMBERED  # they are the ids of events

    seq: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(index=True)
    sequence: Mapped[int]
    data: Mapped[dict[str, JsonValue]] = mapped_column(JSON)
    at: Mapped[float]
    owner: Mapped[str]
    """The client it concerns, who always learns of it."""
    scope: Mapped[str]
    """What other clients need to learn of it."""


def record_event(
    session: Session,
    type_: str,
    subject: str,
    data: Mapping[str, JsonValue],
    now: datetime,
    *,
    owner: str,
    scope: str,
) -> None:
    """Record an event in the transaction of its cause: the one cannot be without the other.

    Args:
        session: of the cause; the caller commits.
        type_: of the contract, such as `id.smartcity.complaints.complaint.created.v1`.
        subject: the id of what it happened to.
        data: ids and states; nothing about people, since other clients may subscribe.
        now: the city's time.
        owner: the client it concerns.
        scope: what other clients need to learn of it.
    """
    session.flush()
    before = session.scalar(select(func.max(EventRow.sequence)).where(EventRow.subject == subject)) or 0
    row = EventRow(
        type=type_,
        subject=subject,
        sequence=before + 1,
        data=dict(data),
        at=now.timestamp(),
        owner=owner,
        scope=scope,
    )
    session.add(row)
    session.flush()
