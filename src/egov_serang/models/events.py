"""Events: what happened to a complaint, an application, a message (contract-v1 section 1, CloudEvents 1.0)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from pydantic import AwareDatetime, JsonValue, ValidationError, ValidationInfo, field_validator

from egov_serang.model import Model
from egov_serang.models.announcements import Announcement
from egov_serang.models.civil import CivilApplication
from egov_serang.models.complaints import Complaint
from egov_serang.models.identity import Verification
from egov_serang.models.notifications import Message
from egov_serang.models.permits import Application, Document, Licence

CHALLENGE: Final = "subscription.challenge"

_TYPE: Final = re.compile(r"id\.smartcity\.(?P<module>[a-z_]+)\.(?P<resource>[a-z_]+)\.(?P<what>[a-z_]+)\.v1")
_DIGITS: Final = re.compile(r"[0-9]{1,18}")

_MODELS: Final[dict[tuple[str, str], type[Model]]] = {
    ("complaints", "complaint"): Complaint,
    ("permits", "application"): Application,
    ("permits", "document"): Document,
    ("permits", "licence"): Licence,
    ("identity", "application"): CivilApplication,
    ("identity", "verification"): Verification,
    ("notifications", "message"): Message,
    ("notifications", "announcement"): Announcement,
}

_SUBJECTS_SHOWN: Final = frozenset({"complaints", "permits", "notifications"})
"""Where a subject is a number of the office's. Elsewhere it may be a person."""

EventData: TypeAlias = (
    Complaint | Application | Document | Licence | CivilApplication | Verification | Message | Announcement | JsonValue
)
"""A model where the type names one and the data fits it; else the JSON value as it came."""


class Event(Model):
    """Something that happened, as the gateway tells it. Delivered at least once, and not always in order.

    `repr` shows no data, and the subject only where it cannot be a person.
    """

    id: str
    type: str
    """Such as `id.smartcity.complaints.complaint.status_changed.v1`."""
    source: str = ""
    """The jurisdiction (*kode wilayah*) it happened in."""
    subject: str | None = None
    """The id of what it happened to."""
    time: AwareDatetime | None = None
    sequence: int | None = None
    """Counts the events of one subject: a smaller number than one you have handled is older news."""
    data: EventData = None
    cursor: str | None = None
    """Where to go on after it in the log; None for a delivery."""
    webhook_id: str = ""
    """The delivery's own id, the same for each repetition."""
    duplicate: bool = False
    """Whether it was handled before: acknowledge it, and do nothing else."""

    @property
    def module(self) -> str | None:
        """Such as `complaints`; None for a type that is none of the contract's."""
        return self._part("module")

    @property
    def resource(self) -> str | None:
        """Such as `complaint`."""
        return self._part("resource")

    @property
    def what(self) -> str | None:
        """What happened, such as `status_changed`."""
        return self._part("what")

    @property
    def challenge(self) -> str | None:
        """What a gateway wants echoed before it delivers events; None for an event."""
        text = self.data.get("challenge") if self.type == CHALLENGE and isinstance(self.data, dict) else None
        return text if isinstance(text, str) else None

    def _part(self, name: str) -> str | None:
        found = _TYPE.fullmatch(self.type)
        return None if found is None else found[name]

    @field_validator("sequence", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        """CloudEvents writes a sequence as text. One that does not count is none: the event itself still happened."""
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return int(value)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @field_validator("data", mode="plain")
    @classmethod
    def _typed(cls, value: Any, info: ValidationInfo) -> Any:
        """A newer gateway may send types and shapes we do not know: they stay as they came."""
        found = _TYPE.fullmatch(str(info.data.get("type", "")))
        model = _MODELS.get((found["module"], found["resource"])) if found else None
        if model is None or isinstance(value, Model):
            return value
        try:
            return model.model_validate(value)
        except ValidationError:
            return value

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        shown = ["id", "type", "sequence", "time", "webhook_id"] + (["duplicate"] if self.duplicate else [])
        if self.module in _SUBJECTS_SHOWN:
            shown.insert(2, "subject")
        return ((name, value) for name in shown if (value := getattr(self, name)) is not None)
