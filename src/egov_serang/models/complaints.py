"""Citizen complaints (*pengaduan*): catalogue, complaints, media (contract-v1 section 2)."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field, JsonValue

from egov_serang.model import Model
from egov_serang.models.attributes import AttributeDefinition, form_of
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


class ServiceDefinition(Service):
    """A category with the further fields (*isian tambahan*) it asks for."""

    attributes: tuple[AttributeDefinition, ...] = ()

    def form(self) -> type[BaseModel]:
        """A model of its further fields: one typed field each, wrong values refused when it is made.

        Source: contract-v1 section 2 (`ServiceDefinition.attributes`).
        """
        return form_of(self.service_code, self.attributes)


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


class Visibility(OpenEnum):
    """Who may see a complaint, a comment or a file; a complaint is never `internal`."""

    PUBLIC = "public"
    CONFIDENTIAL = "confidential"
    """The reporter and the officers (*rahasia*)."""
    INTERNAL = "internal"
    """The officers alone."""


class MediaPart(Model):
    """A part of a large file that has arrived."""

    start: int
    """Where it begins, in bytes."""
    size: int
    sha256: str


class MediaUpload(Model):
    """A large file that is still being sent, part by part."""

    mode: Literal["chunked"] | str = "chunked"
    part_size: int
    """Bytes of each part but the last."""
    parts: tuple[MediaPart, ...] = ()


class Media(Model):
    """A photo or file of a complaint."""

    media_id: str
    filename: str
    media_type: str
    size: int
    sha256: str
    scan_status: Literal["pending", "clean", "infected"] | str = "pending"
    visibility: Visibility = Visibility.PUBLIC
    url: str | None = None
    upload: MediaUpload | None = None
    """What has arrived of it; None once it is whole."""


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
    """A complaint as this caller may see it. `version` is what a transition must name.

    A category of type `batch` answers with a `token` alone at first and one of type `blackbox` with nothing to follow:
    `complaint_id` is then empty and `version` 0.
    """

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


class AuthorRole(OpenEnum):
    """On which side somebody stands who wrote an update."""

    CITIZEN = "citizen"
    OFFICER = "officer"
    SYSTEM = "system"


class Update(Model):
    """One entry of a complaint's thread (*tanggapan, tindak lanjut*): a comment, or what a transition said."""

    update_id: str
    complaint_id: str
    author_role: AuthorRole
    description: str = ""
    media: tuple[Media, ...] = ()
    status_after: ComplaintStatus | None = None
    """The state a transition led to; None for a comment."""
    visibility: Visibility = Visibility.PUBLIC
    created_at: AwareDatetime


class ChangeKind(OpenEnum):
    """What happened to a complaint, in the words of the contract's events."""

    CREATED = "created"
    UPDATED = "updated"
    STATUS_CHANGED = "status_changed"
    COMMENTED = "commented"
    SLA_BREACHED = "sla_breached"
    REOPENED = "reopened"
    RATED = "rated"


class Change(Model):
    """One change of one complaint, in the order they happened. Keep `cursor`: `changes(since=...)` goes on after it."""

    cursor: str
    kind: ChangeKind
    complaint_id: str
    status: ComplaintStatus
    """After the change; by now it may be another."""
    version: int
    changed_at: AwareDatetime


class SubmissionToken(Model):
    """What a `batch` category answers with; `complaint_id` is None until the batch has run."""

    token: str
    complaint_id: str | None = None


class Candidate(Model):
    """A complaint that may be about the same thing."""

    complaint: Complaint
    distance_m: float | None = None
    """Metres between the two points; None where one of them has no point."""
    similarity: float
    """Of the two texts, 0 to 1."""


class Duplicates(Model):
    """What a duplicate check found, the likeliest first."""

    candidates: tuple[Candidate, ...] = ()


class Medians(Model):
    """Median times from submission, in seconds; None where there is none to count."""

    verify_s: float | None = None
    respond_s: float | None = None
    resolve_s: float | None = None


class Tally(Model):
    """How many complaints, and how fast they were handled."""

    total: int
    open: int
    closed: int
    overdue: int
    median: Medians = Medians()


class Statistics(Tally):
    """The tally of all complaints asked for, and of parts of them by state, category and area."""

    by_status: dict[str, int] = {}
    by_service: dict[str, Tally] = {}
    by_area: dict[str, Tally] = {}
