"""Citizen complaints (*pengaduan*): catalogue, complaints, media (contract-v1 section 2)."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from egov_serang.model import Model
from egov_serang.types import OpenEnum, Phone


class ComplaintStatus(OpenEnum):
    """Where a complaint stands. The first six are open, the others closed (Open311's words)."""

    SUBMITTED = "submitted"
    NEEDS_INFORMATION = "needs_information"
    VERIFIED = "verified"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    TRANSFERRED = "transferred"
    WITHDRAWN = "withdrawn"


class ComplaintAction(OpenEnum):
    """What may be done to a complaint; which of them now, and by this caller, is in `Complaint.allowed_actions`."""

    VERIFY = "verify"
    REQUEST_INFO = "request_info"
    REJECT = "reject"
    MARK_DUPLICATE = "mark_duplicate"
    WITHDRAW = "withdraw"
    SUPPLY_INFO = "supply_info"
    EXPIRE = "expire"
    ASSIGN = "assign"
    TRANSFER = "transfer"
    START = "start"
    REASSIGN = "reassign"
    RESOLVE = "resolve"
    HOLD = "hold"
    RESUME = "resume"
    RATE = "rate"
    REOPEN = "reopen"
    AUTO_CLOSE = "auto_close"


class ServiceType(OpenEnum):
    """`realtime` answers with the complaint, `batch` with a token to ask later, `blackbox` with nothing to follow."""

    REALTIME = "realtime"
    BATCH = "batch"
    BLACKBOX = "blackbox"


class Sla(Model):
    """Service level, in working days from submission."""

    verify: int
    respond: int
    resolve: int


class Service(Model):
    """A category (*kategori aduan*) citizens may complain about."""

    service_code: str
    service_name: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    group: str | None = None
    type: ServiceType = ServiceType.REALTIME
    metadata: bool = False
    sla: Sla | None = None
    agency_responsible: str | None = None
    location_requirement: Literal["required", "optional", "none"] | str = "optional"
    languages: dict[str, str] = {}


class Location(Model):
    """Where it is: WGS84 degrees, or an address, or an area, or several of them."""

    lat: float | None = Field(default=None, ge=-90, le=90)
    long: float | None = Field(default=None, ge=-180, le=180)
    address_string: str | None = None
    address_id: str | None = None
    area_code: str | None = None
    """Kemendagri code of the kelurahan or kecamatan, such as `36.73.01.1001`."""


class Reporter(Model):
    """Who complains. Optional; `repr` shows none of it."""

    subject_ref: str | None = None
    name: str | None = None
    phone: Phone | None = None
    email: str | None = None


class Media(Model):
    """A photo or file of a complaint."""

    media_id: str
    filename: str
    media_type: str
    size: int
    sha256: str
    scan_status: str = "pending"
    url: str | None = None


class Due(Model):
    """The next service-level limit and whether it has passed."""

    stage: str
    at: AwareDatetime
    breached: bool


class ForwardedTo(Model):
    """The agency (*instansi tujuan*) a complaint was handed to, and its number there."""

    agency: str
    reference: str | None = None


class Rating(Model):
    """The reporter's verdict on the handling, 1 to 5."""

    score: int = Field(ge=1, le=5)
    comment: str | None = None


class Complaint(Model):
    """A complaint as this caller may see it. `version` is what a transition must name."""

    complaint_id: str
    reference: str | None = None
    token: str | None = None
    service_code: str
    status: ComplaintStatus
    status_detail: str | None = None
    status_notes: str | None = None
    description: str = ""
    attributes: dict[str, JsonValue] = {}
    lat: float | None = None
    long: float | None = None
    address_string: str | None = None
    address_id: str | None = None
    area_code: str | None = None
    media: tuple[Media, ...] = ()
    reporter: Reporter | None = None
    visibility: Literal["public", "confidential"] | str = "public"
    anonymous: bool = False
    agency_responsible: str | None = None
    assignee: str | None = None
    requested_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = None
    expected_at: AwareDatetime | None = None
    due: Due | None = None
    duplicate_of: str | None = None
    parent_id: str | None = None
    forwarded_to: ForwardedTo | None = None
    rating: Rating | None = None
    allowed_actions: tuple[ComplaintAction, ...] = ()
    client_reference: str | None = None
    channel: str | None = None
    version: int
