"""Events as they are told (CloudEvents 1.0), and who may learn of which."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue
from sqlalchemy import ColumnElement, Select, or_, select

from egov_serang.sandbox.eventlog import EventRow


class CloudEvent(BaseModel):
    """An event in structured JSON, with the extension `sequence`; in the log also `cursor`: where to go on."""

    model_config = ConfigDict(extra="forbid")

    specversion: str = "1.0"
    id: str
    type: str
    source: str
    subject: str
    time: AwareDatetime
    sequence: str
    datacontenttype: str = "application/json"
    data: dict[str, JsonValue]
    cursor: str | None = None


def told(row: EventRow, source: str, cursor: str | None = None) -> CloudEvent:
    """The event as it goes out.

    Args:
        row: of the log.
        source: the city's code.
        cursor: where to go on after it.
    """
    return CloudEvent(
        id=f"evt_{row.seq:012}",
        type=row.type,
        source=source,
        subject=row.subject,
        time=datetime.fromtimestamp(row.at, UTC),
        sequence=str(row.sequence),
        data=row.data,
        cursor=cursor,
    )


def visible(client_id: str, scopes: AbstractSet[str]) -> Select[EventRow]:
    """The events a client may learn of: its own, and those it has the scope for."""
    return select(EventRow).where(or_(EventRow.owner == client_id, EventRow.scope.in_(scopes)))


def of_types(types: list[str]) -> ColumnElement[bool]:
    """Whether an event is of one of these types; one that ends with `*` takes all that begin so."""
    exact = [name for name in types if not name.endswith("*")]
    begins = [EventRow.type.startswith(name[:-1], autoescape=True) for name in types if name.endswith("*")]
    return or_(EventRow.type.in_(exact), *begins)
