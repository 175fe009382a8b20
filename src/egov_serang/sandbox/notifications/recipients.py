"""Whether a message can be sent as asked: its recipient, its channels, its fields (contract-v1 section 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from egov_serang.models.notifications import Channel, Template
from egov_serang.sandbox.notifications.schemas import RecipientIn, SendMessage
from egov_serang.sandbox.problems import FieldError, Problem
from egov_serang.types import Phone

_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_REACHES: Final[Mapping[str, frozenset[Channel]]] = {
    "phone": frozenset({Channel.SMS, Channel.WHATSAPP}),
    "email": frozenset({Channel.EMAIL}),
    "device": frozenset({Channel.PUSH}),
    "subject_ref": frozenset(Channel),
}


def checked_recipient(recipient: RecipientIn) -> RecipientIn:
    """The recipient with its telephone number in E.164.

    Raises:
        Problem: recipient_invalid, when there is not exactly one address or it cannot be one.
    """
    given = _given(recipient)
    if len(given) != 1:
        raise _invalid("/recipient", "exactly_one")
    kind, address = given[0]
    if kind == "phone":
        try:
            return RecipientIn(phone=Phone(address))
        except ValueError:
            raise _invalid("/recipient/phone", "format") from None
    if kind == "email" and not _EMAIL.fullmatch(address):
        raise _invalid("/recipient/email", "format")
    if not address.strip():
        raise _invalid(f"/recipient/{kind}", "required")
    return recipient


def masked(recipient: RecipientIn) -> str:
    """What is kept of a checked recipient: its kind, and the last two digits of a telephone number."""
    kind, address = _given(recipient)[0]
    return f"{kind} ••••{address[-2:] if kind == 'phone' else ''}"


def checked_channels(message: SendMessage, template: Template) -> tuple[Channel, ...]:
    """The channels in fallback order; the template's own comes first, and each must reach this kind of recipient.

    Raises:
        Problem: validation_failed or recipient_invalid.
    """
    channels = tuple(Channel(name) for name in message.channels) or (template.channel,)
    if channels[0] != template.channel:
        raise Problem("validation_failed", errors=(FieldError(pointer="/channels/0", code="template_channel"),))
    kind = _given(message.recipient)[0][0]
    if not _REACHES[kind].issuperset(channels):
        raise _invalid(f"/recipient/{kind}", "channel")
    return channels


def check_personalisation(message: SendMessage, template: Template) -> None:
    """Every field of the template has a value.

    Raises:
        Problem: personalisation_missing, one pointer per field.
    """
    missing = [name for name in template.fields if message.personalisation.get(name) in (None, "")]
    if missing:
        errors = tuple(FieldError(pointer=f"/personalisation/{name}", code="required") for name in missing)
        raise Problem("personalisation_missing", errors=errors)


def _given(recipient: RecipientIn) -> list[tuple[str, str]]:
    return [(kind, address) for kind, address in recipient if address is not None]


def _invalid(pointer: str, code: str) -> Problem:
    return Problem("recipient_invalid", errors=(FieldError(pointer=pointer, code=code),))
