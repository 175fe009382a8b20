"""Simulated delivery of a message: from an address to a timeline of states (contract-v1 sections 5 and 7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta, timezone
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from egov_serang.models.notifications import Channel
from egov_serang.models.notifications import MessageStatus as Status

Fate = Literal["delivered", "permanent", "temporary"]

_QUEUED_AFTER: Final = timedelta(seconds=0.5)
_SENT_AFTER: Final = timedelta(seconds=0.5)
_RESULT_AFTER: Final = timedelta(seconds=1)

_PHONES: Final[dict[str, Fate]] = {"001": "delivered", "002": "permanent", "003": "temporary"}
_EMAILS: Final[dict[str, Fate]] = {
    "delivered@simulator.invalid": "delivered",
    "perm-fail@simulator.invalid": "permanent",
    "temp-fail@simulator.invalid": "temporary",
}


_SERANG: Final = timezone(timedelta(hours=7))
_MORNING: Final = 7
_NIGHT: Final = 21


class Step(BaseModel):
    """A state the message will reach at a time of the sandbox's clock."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    status: Status
    channel: Channel
    reason: str | None = None


def fate_of(*, phone: str | None = None, email: str | None = None) -> Fate:
    """What happens to a message to this address. The address itself is not kept anywhere after this."""
    if phone is not None:
        return _PHONES.get(phone[-3:], "delivered")
    return _EMAILS.get((email or "").lower(), "delivered")


def after_quiet_hours(at: datetime) -> datetime:
    """The same time by day; 07:00 in Serang when it is between 21:00 and 07:00 there."""
    local = at.astimezone(_SERANG)
    if _MORNING <= local.hour < _NIGHT:
        return at
    day = local.date() + timedelta(days=1 if local.hour >= _NIGHT else 0)
    return datetime.combine(day, time(_MORNING), _SERANG)


def timeline(
    accepted: datetime, fate: Fate, channels: Sequence[Channel], *, start: datetime, expires: datetime | None
) -> tuple[Step, ...]:
    """Every state the message will pass through, in order.

    Args:
        accepted: when the gateway took the message.
        fate: what its address does to the first attempt.
        channels: in fallback order, at least one.
        start: when it may leave; later than `accepted` for a scheduled message.
        expires: after this it is not sent any more.
    """
    first = channels[0]
    if start > accepted:
        steps = [Step(at=accepted, status=Status.SCHEDULED, channel=first)]
        queued_at = start
    else:
        steps = [Step(at=accepted, status=Status.ACCEPTED, channel=first)]
        queued_at = accepted + _QUEUED_AFTER
    steps += _attempt(queued_at, first, fate)
    if fate == "temporary":
        # The next channel where there is one, else the same once more: the second attempt arrives.
        steps += _attempt(steps[-1].at + _RESULT_AFTER, (*channels[1:], first)[0], "delivered")
    return _until(expires, steps)


def _attempt(queued_at: datetime, channel: Channel, fate: Fate) -> list[Step]:
    sent_at = queued_at + _SENT_AFTER
    status, reason = {
        "delivered": (Status.DELIVERED, None),
        "permanent": (Status.FAILED_PERMANENT, "address_unknown"),
        "temporary": (Status.FAILED_TEMPORARY, "unreachable"),
    }[fate]
    return [
        Step(at=queued_at, status=Status.QUEUED, channel=channel),
        Step(at=sent_at, status=Status.SENT, channel=channel),
        Step(at=sent_at + _RESULT_AFTER, status=status, channel=channel, reason=reason),
    ]


def _until(expires: datetime | None, steps: list[Step]) -> tuple[Step, ...]:
    """Cut what would leave after the deadline. What is sent already runs to its result."""
    if expires is None:
        return tuple(steps)
    late = next((i for i, s in enumerate(steps) if s.at > expires and s.status in (Status.QUEUED, Status.SENT)), None)
    if late is None:
        return tuple(steps)
    before = steps[late - 1]
    end = Step(at=max(expires, before.at), status=Status.EXPIRED, channel=before.channel, reason="ttl_passed")
    return (*steps[:late], end)
