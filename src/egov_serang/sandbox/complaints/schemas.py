"""What may be sent about a complaint."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from egov_serang.models.complaints import ForwardedTo, Rating, Reporter

Audience = Literal["public", "confidential", "internal"]
"""Who may see a comment or a file: an `OpenEnum` would take any word here."""

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


class ComplaintPatch(_Closed):
    """What to change; null empties a field, and what is not named stays.

    The reporter's client may change what it reported until it is verified, officers the category, the area, what is
    public, and the complaint it belongs to.
    """

    service_code: _Id | None = None
    description: str | None = Field(default=None, min_length=1, max_length=4000)
    attributes: dict[str, JsonValue] | None = None
    lat: float | None = Field(default=None, ge=-90, le=90)
    long: float | None = Field(default=None, ge=-180, le=180)
    address_string: str | None = Field(default=None, max_length=500)
    address_id: str | None = Field(default=None, max_length=100)
    area_code: str | None = Field(default=None, max_length=20)
    reporter: ReporterIn | None = None
    visibility: Literal["public", "confidential"] | None = None
    anonymous: bool | None = None
    parent_id: _Id | None = None


class UpdateIn(_Closed):
    """A comment, with files that were attached before."""

    description: str = Field(min_length=1, max_length=4000)
    visibility: Audience = "public"
    media_ids: list[_Id] = Field(default=[], max_length=20)


class UploadIn(_Closed):
    """A large file that is about to be sent in parts."""

    filename: str = Field(min_length=1, max_length=500)
    media_type: str = Field(default="", max_length=100)
    size: int = Field(ge=1, le=2**40)
    sha256: str = Field(pattern="^[0-9a-fA-F]{64}$")
    visibility: Audience = "public"


class DuplicateCheckIn(_Closed):
    """What is about to be submitted."""

    service_code: _Id
    description: str = Field(default="", max_length=4000)
    lat: float | None = Field(default=None, ge=-90, le=90)
    long: float | None = Field(default=None, ge=-180, le=180)
    area_code: str | None = Field(default=None, max_length=20)
    radius: float = Field(default=200, gt=0, le=5000)
    """Metres around the point."""


class Receipt(BaseModel):
    """Taken, but not yet a complaint with a number (type `batch`: a token to ask with), or never (type `blackbox`)."""

    token: str | None
    client_reference: str | None
