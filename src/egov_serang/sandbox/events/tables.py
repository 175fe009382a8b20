"""What is kept of who wants to know, and of what is still to be delivered."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from egov_serang.sandbox.db import NUMBERED, Base
from egov_serang.sandbox.eventlog import EventRow


class SubscriptionRow(Base):
    """Who wants to know what, and where."""

    __tablename__ = "event_subscriptions"

    seq: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[str] = mapped_column(index=True)
    types: Mapped[list[str]] = mapped_column(JSON)
    filter: Mapped[dict[str, str]] = mapped_column(JSON)
    sink: Mapped[str]
    status: Mapped[str]
    """`pending` until the sink echoes the challenge, then `active`; `disabled` after a 410 or a ladder in vain."""
    secret: Mapped[str]
    previous_secret: Mapped[str | None]
    previous_until: Mapped[float | None]
    challenge: Mapped[str]
    position: Mapped[int]
    """How far into the log it has been looked for what is to be delivered."""
    created_at: Mapped[float]


class DeliveryRow(Base):
    """An event, or the challenge (no event), on its way to one sink."""

    __tablename__ = "event_deliveries"
    __table_args__ = NUMBERED  # an errand under way at a reset must not meet another's number

    seq: Mapped[int] = mapped_column(primary_key=True)
    subscription_seq: Mapped[int] = mapped_column(ForeignKey(SubscriptionRow.seq), index=True)
    event_seq: Mapped[int | None] = mapped_column(ForeignKey(EventRow.seq))
    subject: Mapped[str]
    """What must arrive in order."""
    state: Mapped[str] = mapped_column(index=True)
    """`waiting`, `delivered` or `given_up`."""
    attempts: Mapped[int]
    due_at: Mapped[float]
    """The city's time of the next attempt."""
    last_status: Mapped[int | None]


def awaiting(subscription_seq: int, subject: str, now: float, event_seq: int | None = None) -> DeliveryRow:
    """Something to be delivered at once.

    Args:
        subscription_seq: to whom.
        subject: what must arrive in order.
        now: the city's time.
        event_seq: the event; the challenge when None.
    """
    return DeliveryRow(
        subscription_seq=subscription_seq,
        event_seq=event_seq,
        subject=subject,
        state="waiting",
        attempts=0,
        due_at=now,
        last_status=None,
    )
