"""Population identity: what is asked about a person, why, and what comes back (contract-v1 section 4)."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from egov_serang.model import Model, Money
from egov_serang.types import OpenEnum


class VerificationOutcome(OpenEnum):
    """What a verification (*padanan data*) found. Every outcome is a result, none an exception."""

    MATCH = "match"
    PARTIAL = "partial"
    NO_MATCH = "no_match"
    NOT_FOUND = "not_found"
    INACTIVE = "inactive"
    DECEASED = "deceased"
    DUPLICATE = "duplicate"
    PENDING = "pending"


class AttributeOutcome(OpenEnum):
    """What was found for one attribute (*sesuai* / *tidak sesuai*)."""

    MATCH = "match"
    NO_MATCH = "no_match"
    NOT_AVAILABLE = "not_available"
    NOT_CHECKED = "not_checked"


class Attributes(Model):
    """The data of a person to compare with the register. Nothing of it comes back; `repr` shows none of it.

    Fields not given are not compared. Further attributes a gateway knows may be given as keywords of their own.
    """

    full_name: str | None = None
    birth_date: date | None = None
    birth_place: str | None = None
    sex: Literal["male", "female"] | None = None
    address: str | None = None
    mother_name: str | None = None


class Purpose(Model):
    """Why the data is processed (Law 27/2022): carried on every identity call and kept in the audit trail."""

    purpose_code: str
    """A code the gateway's agreement names, such as `permit` or `social_aid`."""
    legal_basis: str
    """The basis in law, such as `consent`, `legal_obligation`, `public_task`."""
    agreement_ref: str | None = None
    """The cooperation agreement (*PKS*) that grants access."""


class Consent(Model):
    """The person's consent (*persetujuan*): by reference, or as it was given."""

    consent_ref: str | None = None
    given: bool | None = None
    at: AwareDatetime | None = None
    method: str | None = None


class AttributeResult(Model):
    """The verdict on one attribute; `score` is 0-100 where the match was fuzzy."""

    result: AttributeOutcome
    score: int | None = Field(default=None, ge=0, le=100)


class Verification(Model):
    """The answer to a verification: verdicts only, never the registered data.

    `subject_ref` is a pseudonym of the person, stable for this client only. `evidence` is a JWS to keep as proof.
    """

    transaction_id: str
    outcome: VerificationOutcome
    client_reference: str | None = None
    results: dict[str, AttributeResult] = {}
    subject_ref: str | None = None
    evidence: str | None = None
    cost: Money | None = None
    quota_left: int | None = None
    checked_at: AwareDatetime | None = None


Matching = dict[str, JsonValue]
"""How to compare, per attribute: `"exact"` or `{"score": n}` with n from 0 to 100."""
