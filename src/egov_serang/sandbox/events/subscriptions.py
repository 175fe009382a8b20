"""Subscriptions: what is asked for, what is shown of one, and its secrets."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from egov_serang.sandbox.eventlog import EventRow
from egov_serang.sandbox.events.ladder import OVERLAP, new_secret
from egov_serang.sandbox.events.tables import DeliveryRow, SubscriptionRow, awaiting
from egov_serang.sandbox.problems import Problem

_CHALLENGE: Final = "challenge"

EventType = Annotated[str, StringConstraints(pattern=r"^id\.smartcity\.[a-z_.]{0,100}(v1|\*)$")]
Sink = Annotated[
    str, StringConstraints(pattern=r"^http://(127\.0\.0\.1|localhost|\[::1\]):[0-9]{1,5}(/[!-~]{0,500})?$")
]
"""Where events go. A sandbox calls this machine alone."""


class SubscriptionIn(BaseModel):
    """What is wanted, and where."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    types: list[EventType] = Field(min_length=1, max_length=50)
    sink: Sink
    filter: dict[Literal["subject"], Annotated[str, StringConstraints(max_length=100)]] = {}


class Subscription(BaseModel):
    """A subscription; its secret is shown when it is made, once."""

    subscription_id: str
    types: list[str]
    sink: str
    filter: dict[str, str]
    status: Literal["pending", "active", "disabled"]
    secret: str | None = None
    previous_secret_until: AwareDatetime | None = None
    created_at: AwareDatetime


def shown(row: SubscriptionRow, now: datetime, *, secret: bool = False) -> Subscription:
    """The subscription as its client sees it.

    Args:
        row: the subscription.
        now: the city's time.
        secret: whether to show it.
    """
    overlap = row.previous_until if row.previous_until is not None and row.previous_until > now.timestamp() else None
    return Subscription.model_validate(
        {
            "subscription_id": row.subscription_id,
            "types": row.types,
            "sink": row.sink,
            "filter": row.filter,
            "status": row.status,
            "secret": row.secret if secret else None,
            "previous_secret_until": None if overlap is None else datetime.fromtimestamp(overlap, UTC),
            "created_at": datetime.fromtimestamp(row.created_at, UTC),
        }
    )


def create(session: Session, client_id: str, wanted: SubscriptionIn, now: datetime) -> SubscriptionRow:
    """Enter a subscription, and its challenge into what is to be delivered.

    The challenge is signed with the secret this answer shows, so it goes out after it: the sink can check it.
    """
    row = SubscriptionRow(
        subscription_id=f"sub_{secrets.token_hex(10)}",
        client_id=client_id,
        types=list(wanted.types),
        filter=dict(wanted.filter),
        sink=wanted.sink,
        status="pending",
        secret=new_secret(),
        previous_secret=None,
        previous_until=None,
        challenge=secrets.token_urlsafe(24),
        position=session.scalar(select(func.max(EventRow.seq))) or 0,  # what happens from now on
        created_at=now.timestamp(),
    )
    session.add(row)
    session.flush()
    session.add(awaiting(row.seq, _CHALLENGE, now.timestamp()))
    return row


def found(session: Session, client_id: str, subscription_id: str) -> SubscriptionRow:
    """The client's subscription.

    Raises:
        Problem: not_found.
    """
    mine = select(SubscriptionRow).where(SubscriptionRow.client_id == client_id)
    row = session.scalar(mine.where(SubscriptionRow.subscription_id == subscription_id))
    if row is None:
        raise Problem("not_found", "This client has no such subscription.")
    return row


def rotate(row: SubscriptionRow, now: datetime) -> None:
    """A new secret; the one before signs beside it until the overlap is over."""
    row.previous_secret, row.previous_until = row.secret, now.timestamp() + OVERLAP
    row.secret = new_secret()


def secrets_of(row: SubscriptionRow, now: datetime) -> list[str]:
    """The secrets that count: the present one, and during a rotation the one before."""
    previous = row.previous_secret
    overlaps = previous is not None and (row.previous_until or 0) > now.timestamp()
    return [row.secret, previous] if overlaps and previous is not None else [row.secret]


def give_up(session: Session, row: SubscriptionRow) -> None:
    """Disable a subscription: nothing of it is delivered any more, all stays in the log."""
    row.status = "disabled"
    waiting = update(DeliveryRow).where(DeliveryRow.subscription_seq == row.seq, DeliveryRow.state == "waiting")
    session.execute(waiting.values(state="given_up"))


def remove(session: Session, row: SubscriptionRow) -> None:
    """Forget a subscription and what was to be delivered to it."""
    session.execute(delete(DeliveryRow).where(DeliveryRow.subscription_seq == row.seq))
    session.delete(row)
