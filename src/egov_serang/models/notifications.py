"""Notifications: templates and messages (contract-v1 section 5)."""

from __future__ import annotations

from pydantic import AwareDatetime

from egov_serang.model import Model, Money
from egov_serang.types import OpenEnum, Phone


class Channel(OpenEnum):
    """How a message travels."""

    SMS = "sms"
    EMAIL = "email"
    WHATSAPP = "whatsapp"
    PUSH = "push"


class TemplateStatus(OpenEnum):
    """Only an approved template can be sent."""

    DRAFT = "draft"
    APPROVED = "approved"
    ARCHIVED = "archived"


class MessageStatus(OpenEnum):
    """Where a message is; see `is_final`."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    SCHEDULED = "scheduled"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED_TEMPORARY = "failed_temporary"
    FAILED_PERMANENT = "failed_permanent"
    FAILED_TECHNICAL = "failed_technical"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        """Whether the message can still change. An unknown state counts as not final."""
        open_states = {MessageStatus.ACCEPTED, MessageStatus.QUEUED, MessageStatus.SCHEDULED, MessageStatus.SENT}
        return self.is_known and self not in open_states | {MessageStatus.FAILED_TEMPORARY}


class Template(Model):
    """A message template (*templat pesan*); its body names its fields as `((field))`."""

    template_id: str
    version: int
    channel: Channel
    name: str
    subject: str | None = None
    body: str
    fields: tuple[str, ...] = ()
    language: str = "id"
    status: TemplateStatus


class Recipient(Model):
    """To whom: exactly one of the fields. `repr` shows none of it."""

    subject_ref: str | None = None
    phone: Phone | None = None
    email: str | None = None
    device: str | None = None


class Message(Model):
    """A message and how far it came. The recipient's address does not come back."""

    message_id: str
    status: MessageStatus
    template_id: str
    template_version: int | None = None
    channel: Channel | None = None
    client_reference: str | None = None
    created_at: AwareDatetime | None = None
    sent_at: AwareDatetime | None = None
    delivered_at: AwareDatetime | None = None
    failure_reason: str | None = None
    cost: Money | None = None
