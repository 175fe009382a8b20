"""The filters of `GET /cases`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, Select, and_, not_, or_

from egov_serang.sandbox.complaints.states import OFFICER, STAGES
from egov_serang.sandbox.complaints.store import ComplaintRow
from egov_serang.sandbox.fields import Moment
from egov_serang.sandbox.gate import Caller
from egov_serang.sandbox.problems import FieldError, Problem

METRES_PER_DEGREE: Final = 111_320.0
_NUMBER: Final = r"-?\d{1,3}(\.\d{1,12})?"
_LAT_MAX, _LONG_MAX = 90.0, 180.0


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which complaints are wanted."""

    status: str | None
    service_code: str | None
    area_code: str | None
    bbox: tuple[float, ...] | None
    near: tuple[float, ...] | None
    radius: float | None
    q: str | None
    updated_after: datetime | None
    assigned_to: str | None
    overdue: bool | None
    client_reference: str | None


async def _case_filter(
    *,
    status: str | None = None,
    service_code: str | None = None,
    area_code: str | None = None,
    bbox: Annotated[
        str | None,
        Query(pattern=f"^{_NUMBER}(,{_NUMBER}){{3}}$", description="Least long, least lat, most long, most lat."),
    ] = None,
    near: Annotated[str | None, Query(pattern=f"^{_NUMBER},{_NUMBER}$", description="lat,long; with `radius`.")] = None,
    radius: Annotated[float | None, Query(gt=0, le=50_000, description="Metres around `near`.")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Words of the description.")] = None,
    updated_after: Moment | None = None,
    assigned_to: str | None = None,
    overdue: bool | None = None,
    client_reference: str | None = None,
) -> CaseFilter:
    """The filters of `GET /cases`."""
    if (near is None) != (radius is None):
        missing = "radius" if radius is None else "near"
        raise Problem("validation_failed", errors=[FieldError(f"/query/{missing}", "pair", "near and radius together")])
    box, point = _numbers(bbox), _numbers(near)
    if box is not None and not (box[0] <= box[2] and box[1] <= box[3] and _on_earth(box[1], box[0], box[3], box[2])):
        raise Problem("validation_failed", errors=[FieldError("/query/bbox", "box", "least first, WGS84 degrees")])
    if point is not None and not _on_earth(*point):
        raise Problem("validation_failed", errors=[FieldError("/query/near", "point", "lat,long in WGS84 degrees")])
    return CaseFilter(
        status,
        service_code,
        area_code,
        box,
        point,
        radius,
        q,
        updated_after,
        assigned_to,
        overdue,
        client_reference,
    )


Wanted = Annotated[CaseFilter, Depends(_case_filter)]
"""The filters, in a handler's signature."""


def _numbers(text: str | None) -> tuple[float, ...] | None:
    return None if text is None else tuple(map(float, text.split(",")))


def _on_earth(*degrees: float) -> bool:
    lats, longs = degrees[::2], degrees[1::2]
    return all(abs(lat) <= _LAT_MAX for lat in lats) and all(abs(long) <= _LONG_MAX for long in longs)


def filtered(wanted: Select[ComplaintRow], by: CaseFilter, caller: Caller, now: datetime) -> Select[ComplaintRow]:
    """Narrow a selection. An area holds the areas whose code begins with its own."""
    for column, value in (
        (ComplaintRow.status, by.status),
        (ComplaintRow.service_code, by.service_code),
        (ComplaintRow.client_reference, by.client_reference),
        (ComplaintRow.assignee, by.assigned_to),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if by.client_reference is not None and OFFICER not in caller.scopes:
        wanted = wanted.where(ComplaintRow.client_id == caller.client_id)  # it is not shown to others either
    if by.area_code is not None:
        wanted = wanted.where(in_area(by.area_code))
    if by.bbox is not None:
        west, south, east, north = by.bbox
        wanted = wanted.where(ComplaintRow.long.between(west, east), ComplaintRow.lat.between(south, north))
    if by.near is not None and by.radius is not None:
        wanted = wanted.where(within(by.near[0], by.near[1], by.radius))
    if by.q is not None:
        for word in by.q.split():
            wanted = wanted.where(ComplaintRow.description.icontains(word, autoescape=True))
    if by.updated_after is not None:
        wanted = wanted.where(ComplaintRow.updated_at >= by.updated_after.timestamp())
    if by.overdue is not None:
        wanted = wanted.where(overdue(now) if by.overdue else not_(overdue(now)))
    return wanted


def in_area(code: str) -> ColumnElement[bool]:
    """Whether a complaint is in an area or in one of its parts."""
    parts = ComplaintRow.area_code.startswith(f"{code}.", autoescape=True)
    return or_(ComplaintRow.area_code == code, parts)


def within(lat: float, long: float, metres: float) -> ColumnElement[bool]:
    """Whether a complaint has a point within so many metres: on a plane, which at this size is exact to the metre."""
    north = (ComplaintRow.lat - lat) * METRES_PER_DEGREE
    east = (ComplaintRow.long - long) * METRES_PER_DEGREE * math.cos(math.radians(lat))
    return north * north + east * east <= metres * metres


def distance_m(lat: float, long: float, row: ComplaintRow) -> float | None:
    """Metres from a point to a complaint's; None where it has none."""
    if row.lat is None or row.long is None:
        return None
    north = (row.lat - lat) * METRES_PER_DEGREE
    east = (row.long - long) * METRES_PER_DEGREE * math.cos(math.radians(lat))
    return math.hypot(north, east)


def overdue(now: datetime) -> ColumnElement[bool]:
    """Whether the stage of the service level that runs should be over."""
    at = now.timestamp()
    late: list[ColumnElement[bool]] = []
    for stage in sorted(set(STAGES.values())):
        states = [state for state, runs in STAGES.items() if runs == stage]
        late.append(and_(ComplaintRow.status.in_(states), ComplaintRow.due[stage].as_float() < at))
    # Without a service level the comparison is neither true nor false, and `not` would leave it so.
    return and_(ComplaintRow.due.is_not(None), or_(*late))
