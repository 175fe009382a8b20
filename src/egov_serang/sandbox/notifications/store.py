"""How templates and messages are kept. A recipient's address is nowhere among it, but for a mask of it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict
from sqlalchemy import JSON, ForeignKey, Select, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.models.notifications import MessageStatus as Status
from egov_serang.models.notifications import Template
from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.db import Base
from egov_serang.sandbox.notifications.delivery import Step
from egov_serang.sandbox.notifications.schemas import MessageOut
from egov_serang.sandbox.notifications.templates import templates


class TemplateRow(Base):
    """One version of a template."""

    __tablename__ = "notification_template"

    serial: Mapped[int] = mapped_column(primary_key=True)
    template_id: Mapped[str] = mapped_column(index=True)
    version: Mapped[int]
    body: Mapped[dict[str, object]] = mapped_column(JSON)


class MessageRow(Base):
    """A message and its whole life."""

    __tablename__ = "notification_message"

    serial: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[str] = mapped_column(index=True)
    template_id: Mapped[str]
    client_reference: Mapped[str | None] = mapped_column(index=True)
    body: Mapped[dict[str, object]] = mapped_column(JSON)


class MessageStateRow(Base):
    """A span of time in which a message is in one state, in seconds since the epoch, for lists to search by."""

    __tablename__ = "notification_message_state"

    serial: Mapped[int] = mapped_column(primary_key=True)
    message: Mapped[int] = mapped_column(ForeignKey("notification_message.serial"), index=True)
    begins: Mapped[float]
    ends: Mapped[float | None]
    status: Mapped[str]


class MessageRecord(BaseModel):
    """What is kept about a message: where it comes from and every state it will pass through."""

    model_config = ConfigDict(frozen=True)

    message_id: str
    template_id: str
    template_version: int
    client_reference: str | None
    scheduled_for: datetime | None
    steps: tuple[Step, ...]
    recipient: str = ""
    """Masked, for the console; see `recipients.masked`."""

    def status(self, now: datetime) -> Status:
        """The state it is in now."""
        return self._past(now)[-1].status

    def cancelled(self, now: datetime) -> Self:
        """The message without the rest of its life."""
        past = self._past(now)
        end = Step(at=now, status=Status.CANCELLED, channel=past[-1].channel)
        return self.model_copy(update={"steps": (*past, end)})

    def view(self, now: datetime) -> MessageOut:
        """The message as its sender sees it now; the version grows with every state."""
        past = self._past(now)
        return MessageOut(
            message_id=self.message_id,
            status=past[-1].status,
            template_id=self.template_id,
            template_version=self.template_version,
            channel=past[-1].channel,
            client_reference=self.client_reference,
            created_at=past[0].at,
            sent_at=_reached(past, Status.SENT),
            delivered_at=_reached(past, Status.DELIVERED),
            failure_reason=past[-1].reason,
            scheduled_for=self.scheduled_for,
            version=len(past),
        )

    def _past(self, now: datetime) -> tuple[Step, ...]:
        return (self.steps[0], *(step for step in self.steps[1:] if step.at <= now))


def seed(session: Session, city: Municipality) -> None:
    """Put the city's templates into an empty database."""
    for template in templates(city.name):
        session.add(
            TemplateRow(
                template_id=template.template_id, version=template.version, body=template.model_dump(mode="json")
            )
        )


def find_template(session: Session, template_id: str, version: int | None = None) -> Template | None:
    """A version of a template, the newest by default."""
    rows = select(TemplateRow).where(TemplateRow.template_id == template_id).order_by(TemplateRow.version.desc())
    row = session.scalars(rows if version is None else rows.where(TemplateRow.version == version)).first()
    return None if row is None else Template.model_validate(row.body)


def find_message(session: Session, message_id: str, client_id: str) -> MessageRow | None:
    """A message of this client."""
    owned = select(MessageRow).where(MessageRow.message_id == message_id, MessageRow.client_id == client_id)
    return session.scalars(owned).first()


def read_message(row: MessageRow) -> MessageRecord:
    """The record of a row."""
    return MessageRecord.model_validate(row.body)


def write_message(session: Session, row: MessageRow, record: MessageRecord) -> None:
    """Put a message into its row and its states into the spans beside it."""
    row.body = record.model_dump(mode="json")
    session.add(row)
    session.flush()
    session.execute(delete(MessageStateRow).where(MessageStateRow.message == row.serial))
    # The first state has no beginning: it is the one to show even if the city's clock was set back since.
    turns = [step.at.timestamp() for step in record.steps[1:]]
    for step, begins, ends in zip(record.steps, [0.0, *turns], [*turns, None], strict=True):
        session.add(MessageStateRow(message=row.serial, begins=begins, ends=ends, status=step.status.value))


def messages_at(
    now: datetime, client_id: str, *, status: str | None, client_reference: str | None, template_id: str | None
) -> Select[MessageRow]:
    """The client's messages that answer these filters now; None does not filter."""
    at, state = now.timestamp(), MessageStateRow
    found = (
        select(MessageRow)
        .join(state, state.message == MessageRow.serial)
        .where(MessageRow.client_id == client_id, state.begins <= at, or_(state.ends.is_(None), state.ends > at))
    )
    equal = (
        (state.status, status),
        (MessageRow.client_reference, client_reference),
        (MessageRow.template_id, template_id),
    )
    for column, wanted in equal:
        if wanted is not None:
            found = found.where(column == wanted)
    return found


def _reached(past: tuple[Step, ...], status: Status) -> datetime | None:
    """When the message last came into this state."""
    return next((step.at for step in reversed(past) if step.status == status), None)
