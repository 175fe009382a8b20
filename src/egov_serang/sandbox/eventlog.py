"""What happened in the city, in the order of commits: what events are delivered and replayed from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import JSON, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.sandbox.db import Base


class EventRow(Base):
    """One event (CloudEvents' `type`, `subject`, `time`, `data`); `sequence` counts those of one subject from 1."""

    __tablename__ = "event_log"

    seq: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(index=True)
    sequence: Mapped[int]
    data: Mapped[dict[str, JsonValue]] = mapped_column(JSON)
    at: Mapped[float]


def record_event(session: Session, type_: str, subject: str, data: Mapping[str, JsonValue], now: datetime) -> None:
    """Record an event in the transaction of its cause: the one cannot be without the other.

    Args:
        type_: of the contract, such as `id.smartcity.complaints.complaint.created.v1`.
        subject: the id of what it happened to.
        data: ids and states; nothing about people, since anybody may subscribe.
        now: the city's time.
    """
    session.flush()
    before = session.scalar(select(func.max(EventRow.sequence)).where(EventRow.subject == subject)) or 0
    row = EventRow(type=type_, subject=subject, sequence=before + 1, data=dict(data), at=now.timestamp())
    session.add(row)
    session.flush()
