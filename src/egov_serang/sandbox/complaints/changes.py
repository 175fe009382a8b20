"""Who may change what of a complaint, and what must still hold afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from egov_serang.models.complaints import ChangeKind, ComplaintStatus
from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.complaints.checks import category, check_attributes, check_place, check_placed
from egov_serang.sandbox.complaints.history import changed
from egov_serang.sandbox.complaints.schemas import ComplaintPatch
from egov_serang.sandbox.complaints.states import CITIZEN, OFFICER
from egov_serang.sandbox.complaints.store import ComplaintRow, found, roles
from egov_serang.sandbox.gate import Caller
from egov_serang.sandbox.problems import FieldError, Problem

_REPORTED: Final = frozenset({"description", "attributes", "lat", "long", "address_string", "address_id", "reporter"})
_BOTH: Final = frozenset({"area_code", "visibility", "parent_id"})
_CITIZENS: Final = _REPORTED | _BOTH | {"anonymous"}
_OFFICERS: Final = _BOTH | {"service_code", "attributes"}
_ONGOING: Final = frozenset({ComplaintStatus.SUBMITTED, ComplaintStatus.NEEDS_INFORMATION})
_NEVER_EMPTY: Final = frozenset({"service_code", "description", "attributes", "visibility", "anonymous"})
_COLUMNS: Final = frozenset({"service_code", "description", "lat", "long", "area_code", "visibility"})


def apply(
    db: Session, row: ComplaintRow, body: ComplaintPatch, *, city: Municipality, caller: Caller, now: datetime
) -> None:
    """Change a complaint.

    Raises:
        Problem: forbidden for what is not this caller's to change, else what submitting it so would be refused with.
    """
    wanted: dict[str, Any] = body.model_dump(mode="json", include=set(body.model_fields_set))
    _permit(row, caller, wanted)
    empty = [name for name, value in wanted.items() if value is None and name in _NEVER_EMPTY]
    if empty:
        raise Problem("validation_failed", errors=[FieldError(f"/{name}", "required") for name in sorted(empty)])
    held = {**row.details, **{name: getattr(row, name) for name in _COLUMNS}}
    after = held | wanted
    definition = category(city, after["service_code"])
    check_place(city, after["lat"], after["long"], after["area_code"])
    check_placed(definition, after["lat"], after["address_string"], after["address_id"], after["area_code"])
    if wanted.keys() & {"attributes", "service_code"}:
        check_attributes(definition, after["attributes"])
    if wanted.get("parent_id") is not None:
        wanted["parent_id"] = _parent(db, row, wanted["parent_id"], caller)
    if "service_code" in wanted:
        wanted["agency_responsible"] = definition.agency_responsible
    for name in wanted.keys() & _COLUMNS:
        setattr(row, name, wanted.pop(name))
    changed(db, row, now, ChangeKind.UPDATED, **wanted)


def _permit(row: ComplaintRow, caller: Caller, wanted: dict[str, Any]) -> None:
    may: set[str] = set()
    own = roles(row, caller)
    if CITIZEN in own and row.status in _ONGOING:
        may |= _CITIZENS
    if OFFICER in own:
        may |= _OFFICERS
    refused = sorted(wanted.keys() - may)
    if refused:
        raise Problem(
            "forbidden",
            "This caller may not change that, or not any more.",
            errors=[FieldError(f"/{name}", "forbidden") for name in refused],
        )


def _parent(db: Session, row: ComplaintRow, number: str, caller: Caller) -> str:
    """The complaint another belongs to; one level only, so that there are no rings."""
    parent = found(db, number, caller)
    if parent.complaint_id == row.complaint_id or parent.details.get("parent_id"):
        raise Problem("validation_failed", errors=[FieldError("/parent_id", "itself_or_part")])
    return parent.complaint_id
