"""What may be sent about a complaint."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from egov_serang.models.complaints import ForwardedTo, Rating, Reporter
from egov_serang.sandbox.fields import Moment

_Id = Annotated[str, Field(min_length=1, max_length=100)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ReporterIn(Reporter):
    """Who complains."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ForwardTo(ForwardedTo):
    """The agency it is handed to."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class RatingIn(Rating):
    """The reporter's verdict."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ComplaintIn(_Closed):
    """A complaint to submit."""

    service_code: _Id
    description: str = Field(min_length=1, max_length=4000)
    attributes: dict[str, JsonValue] = {}
    lat: float | None = Field(default=None, ge=-90, le=90)
    long: float | None = Field(default=None, ge=-180, le=180)
    address_string: str | None = Field(default=None, max_length=500)
    address_id: str | None = Field(default=None, max_length=100)
    area_code: str | None = Field(default=None, max_length=20)
    reporter: ReporterIn | None = None
    visibility: Literal["public", "confidential"] = "public"
    anonymous: bool = False
    channel: str | None = Field(default=None, max_length=50)
    client_reference: str | None = Field(default=None, max_length=200)


class TransitionIn(_Closed):
    """An action on a complaint.

    `assign` names an `assignee`, `transfer` a `forward_to`, `mark_duplicate` a `data.duplicate_of`, `rate` a
    `data.score` from 1 to 5 (and a `data.comment`).
    """

    action: _Id
    comment: str | None = Field(default=None, max_length=4000)
    reason_code: str | None = Field(default=None, max_length=100)
    assignee: str | None = Field(default=None, max_length=200)
    forward_to: ForwardTo | None = None
    data: dict[str, JsonValue] = {}


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which complaints are wanted."""

    status: str | None
    service_code: str | None
    area_code: str | None
    updated_after: datetime | None
    client_reference: str | None
    assigned_to: str | None
    q: str | None


async def case_filter(
    *,
    status: str | None = None,
    service_code: str | None = None,
    area_code: str | None = None,
    updated_after: Moment | None = None,
    client_reference: str | None = None,
    assigned_to: str | None = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
) -> CaseFilter:
    """The filters of `GET /cases`."""
    return CaseFilter(status, service_code, area_code, updated_after, client_reference, assigned_to, q)
