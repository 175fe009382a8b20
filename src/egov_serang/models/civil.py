"""Civil registration (*adminduk*): services, applications for documents, results (contract-v1 section 4)."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, JsonValue

from egov_serang.model import Model
from egov_serang.models.permits import Document, RequiredDocument
from egov_serang.types import OpenEnum


class CivilStatus(OpenEnum):
    """Where an application is; it is over when `collected`, `rejected` or `withdrawn`."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"
    ISSUED = "issued"
    COLLECTED = "collected"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class CivilAction(OpenEnum):
    """What may be done to an application; which of them now, by this caller, is in its `allowed_actions`."""

    SUBMIT = "submit"
    RESUBMIT = "resubmit"
    WITHDRAW = "withdraw"
    START_REVIEW = "start_review"
    RETURN = "return"
    APPROVE = "approve"
    ISSUE = "issue"
    HAND_OVER = "hand_over"
    REJECT = "reject"


class CivilVariant(Model):
    """A way to use a service, such as a lost family card."""

    variant: str
    name: str = ""


class CivilRequirement(RequiredDocument):
    """A document an application needs; for these variants only, or for all when there are none."""

    variants: tuple[str, ...] = ()


class CivilService(Model):
    """A service of the civil registry (*layanan adminduk*). `form_schema` is JSON Schema 2020-12."""

    service_code: str
    name: str
    variants: tuple[CivilVariant, ...] = ()
    """An application names one of them, where there are any."""
    required_documents: tuple[CivilRequirement, ...] = ()
    form_schema: dict[str, JsonValue] = {}
    statutory_days: int | None = None
    """Working days the registry has."""
    outputs: tuple[str, ...] = ()
    """The kinds of documents that come out."""


class CivilApplicant(Model):
    """Who applies, and what they are to whom it is about. `repr` shows none of it."""

    subject_ref: str
    """From a verification: a pseudonym, never a number."""
    relation: Literal["self", "parent", "child", "spouse", "guardian", "family", "representative"] | str = "self"


class CivilSubject(Model):
    """A person the document is about. `repr` shows none of it."""

    role: str
    """Such as `child`, `mother`, `deceased`."""
    subject_ref: str | None = None
    name: str | None = None


class CivilDelivery(Model):
    """How the document is handed out. The address is for `post`; `repr` shows none of it."""

    mode: Literal["digital", "pickup", "post"] | str = "digital"
    address: str | None = None


class CivilResult(Model):
    """The document that was issued. `qr_payload` is a compact JWS by the gateway's key."""

    document_id: str
    kind: str
    number: str
    pdf_url: str | None = None
    sha256: str | None = None
    esign: dict[str, JsonValue] | None = None
    qr_payload: str | None = None


class CivilEvent(Model):
    """A step an application took."""

    action: CivilAction
    status: CivilStatus
    """The status after it."""
    actor: Literal["applicant", "officer"] | str
    occurred_at: AwareDatetime
    comment: str | None = None


class CivilApplication(Model):
    """An application for a civil document (*permohonan dokumen kependudukan*) as this caller may see it."""

    application_id: str
    reference: str | None = None
    service_code: str
    variant: str | None = None
    applicant: CivilApplicant | None = None
    subjects: tuple[CivilSubject, ...] = ()
    form: dict[str, JsonValue] = {}
    documents: tuple[Document, ...] = ()
    status: CivilStatus
    status_detail: str | None = None
    """The reason code of the last action."""
    status_notes: str | None = None
    """What the registry wrote when it returned or rejected the application."""
    waiting_on: Literal["applicant", "authority", "none"] | str | None = None
    expected_at: AwareDatetime | None = None
    delivery: CivilDelivery | None = None
    result: CivilResult | None = None
    allowed_actions: tuple[CivilAction, ...] = ()
    client_reference: str | None = None
    version: int
