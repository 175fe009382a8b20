"""Permits (*perizinan*): types, applications, documents, fees, decisions, licences (contract-v1 section 3)."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, JsonValue

from egov_serang.model import Model, Money
from egov_serang.models.complaints import Location
from egov_serang.types import Nib, OpenEnum


class RiskLevel(OpenEnum):
    """Risk class of a business activity (OSS RBA)."""

    LOW = "low"
    MEDIUM_LOW = "medium_low"
    MEDIUM_HIGH = "medium_high"
    HIGH = "high"


class Stage(OpenEnum):
    """Where an application is; the order depends on its type, payment and inspection may repeat."""

    PREPARATION = "preparation"
    SUBMISSION = "submission"
    VALIDATION = "validation"
    ASSESSMENT = "assessment"
    PAYMENT = "payment"
    INSPECTION = "inspection"
    DECISION = "decision"
    ISSUED = "issued"
    POST_ISSUE = "post_issue"


class ApplicationStatus(OpenEnum):
    """What an application is: open until `determined`, `lapsed` or `withdrawn`."""

    DRAFT = "draft"
    UNDETERMINED = "undetermined"
    RETURNED = "returned"
    DETERMINED = "determined"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class ApplicationAction(OpenEnum):
    """What may be done to an application; which of them now, by this caller, is in `Application.allowed_actions`."""

    SUBMIT = "submit"
    RESUBMIT = "resubmit"
    WITHDRAW = "withdraw"
    SUPPLY = "supply"
    RETURN = "return"
    ADVANCE = "advance"
    PAUSE = "pause"
    RESUME = "resume"
    RESTART = "restart"
    ACCEPT_DOCUMENT = "accept_document"
    REJECT_DOCUMENT = "reject_document"
    BILL = "bill"
    CONFIRM_PAYMENT = "confirm_payment"
    DECIDE = "decide"
    ISSUE = "issue"
    LAPSE = "lapse"
    DEEM_GRANT = "deem_grant"


class RequiredDocument(Model):
    """A document an application needs before it can be submitted."""

    kind: str
    name: str = ""
    required: bool = True
    media_types: tuple[str, ...] = ()


class PermitType(Model):
    """A kind of permit (*jenis izin*). `form_schema` is JSON Schema 2020-12."""

    permit_type_code: str
    version: int
    name: str
    sector: str | None = None
    risk_level: RiskLevel | None = None
    kbli: tuple[str, ...] = ()
    form_schema: dict[str, JsonValue] = {}
    required_documents: tuple[RequiredDocument, ...] = ()
    fee_rule: dict[str, JsonValue] | None = None
    statutory_period: int | None = None
    """Working days the authority has by law."""
    deemed_approval: bool = False
    validity: str | None = None
    """How long a licence holds, as an ISO 8601 duration."""
    published: bool = True


class Applicant(Model):
    """Who applies: a verified person (`subject_ref`) or a business (`nib`). `repr` shows none of it."""

    subject_ref: str | None = None
    nib: Nib | None = None
    name: str


class Clock(Model):
    """The statutory clock; a paused clock keeps its elapsed time, a restarted one begins from zero."""

    state: Literal["running", "paused", "stopped"] | str
    started_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    paused_since: AwareDatetime | None = None
    pause_reason: str | None = None
    restarts: int = 0


class Document(Model):
    """A document attached to an application."""

    document_id: str
    kind: str
    filename: str
    media_type: str
    size: int
    sha256: str
    scan_status: str = "pending"
    verification: Literal["pending", "accepted", "rejected"] | str = "pending"
    reason: str | None = None
    supersedes: str | None = None


class Task(Model):
    """Something that waits for somebody."""

    task_id: str
    kind: str
    assignee_role: str | None = None
    due_at: AwareDatetime | None = None


class FeeSummary(Model):
    """What is owed (*retribusi*) and what has been paid."""

    assessed: Money | None = None
    outstanding: Money | None = None


class Decision(Model):
    """The authority's decision."""

    outcome: Literal["granted", "granted_with_conditions", "refused", "deemed_granted"] | str
    made_by: str | None = None
    made_at: AwareDatetime | None = None
    conditions: tuple[str, ...] = ()
    grounds: str | None = None
    appeal_until: AwareDatetime | None = None


class Application(Model):
    """An application (*permohonan izin*) as this caller may see it."""

    application_id: str
    reference: str | None = None
    permit_type_code: str
    type_version: int | None = None
    applicant: Applicant | None = None
    agent: Applicant | None = None
    location: Location | None = None
    form: dict[str, JsonValue] = {}
    stage: Stage
    status: ApplicationStatus
    status_notes: str | None = None
    """What the authority wrote when it returned or paused the application."""
    decision: Decision | None = None
    clock: Clock | None = None
    waiting_on: Literal["applicant", "authority", "third_party", "payment", "none"] | str | None = None
    open_tasks: tuple[Task, ...] = ()
    documents: tuple[Document, ...] = ()
    fee_summary: FeeSummary | None = None
    licence_id: str | None = None
    """The licence, once issued."""
    allowed_actions: tuple[ApplicationAction, ...] = ()
    client_reference: str | None = None
    version: int


class LicenceStatus(OpenEnum):
    """Whether a licence holds."""

    PROVISIONAL = "provisional"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class LicenceDocument(Model):
    """The licence as a file."""

    pdf_url: str | None = None
    sha256: str | None = None
    esign: dict[str, JsonValue] | None = None


class LicenceVerification(Model):
    """What a licence carries for checking it in the field: a compact JWS for the QR code."""

    qr_payload: str
    url: str | None = None


class Licence(Model):
    """An issued permit (*izin terbit*)."""

    licence_id: str
    licence_number: str
    permit_type_code: str
    holder: str
    valid_from: AwareDatetime
    valid_until: AwareDatetime | None = None
    status: LicenceStatus
    conditions: tuple[str, ...] = ()
    document: LicenceDocument | None = None
    verification: LicenceVerification | None = None
