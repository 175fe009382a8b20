"""What callers may send to the notifications module. Unknown fields are refused, unlike in answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from egov_serang.models.notifications import Message
from egov_serang.sandbox.fields import CLOSED, Moment, Short

Address = Annotated[str, StringConstraints(max_length=320)]


class RecipientIn(BaseModel):
    """To whom: exactly one of the fields. Which one, and whether it can be an address, is checked by `recipients`."""

    model_config = CLOSED

    subject_ref: Address | None = None
    phone: Address | None = None
    email: Address | None = None
    device: Address | None = None


class SendMessage(BaseModel):
    """A message from an approved template."""

    model_config = CLOSED

    template_id: Short
    version: int | None = Field(default=None, ge=1, le=1_000_000)
    recipient: RecipientIn
    channels: Annotated[tuple[Literal["sms", "email", "whatsapp", "push"], ...], Field(max_length=4)] = ()
    personalisation: Annotated[dict[str, str | int | float | None], Field(max_length=100)] = {}
    client_reference: Short | None = None
    send_at: Moment | None = None
    ttl_s: int | None = Field(default=None, ge=1, le=30 * 24 * 3600)
    priority: Literal["otp", "normal", "bulk"] = "normal"
    quiet_hours: Literal["respect", "ignore"] = "ignore"


class MessageOut(Message):
    """A message with the time it is due to leave and the number that changes with every state."""

    scheduled_for: datetime | None = None
    version: int
