"""Population identity: verifications against invented people (contract-v1 sections 4 and 7)."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator
from sqlalchemy import JSON, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.model import Money
from egov_serang.models.identity import (
    AttributeOutcome,
    AttributeResult,
    Consent,
    Purpose,
    Verification,
    VerificationOutcome,
)
from egov_serang.sandbox.db import Base, Db
from egov_serang.sandbox.fields import Moment
from egov_serang.sandbox.gate import Caller, late, requires
from egov_serang.sandbox.identity.matching import compare, outcome_of
from egov_serang.sandbox.identity.people import MAGIC, Behaviour, PersonRow, number_hash, seed, subject_of
from egov_serang.sandbox.platform import Here, Platform
from egov_serang.sandbox.problems import FieldError, Problem, responses
from egov_serang.sandbox.route import contract_router

__all__ = ["router", "seed"]

PURPOSES: Final = frozenset(
    {"permit", "social_aid", "civil_registration", "complaint", "health", "education", "tax", "public_service"}
)
QUOTA: Final = 10_000
_SLOW_S: Final = 3.0
_COST: Final = Money.rupiah(0)
_ALL: Final = {
    "match": VerificationOutcome.MATCH,
    "slow": VerificationOutcome.MATCH,
    "unavailable": VerificationOutcome.MATCH,
    "pending": VerificationOutcome.MATCH,
    "no_match": VerificationOutcome.NO_MATCH,
}
_Number = Annotated[str, Field(pattern="^[0-9]{16}$")]

router = contract_router("identity")


class VerificationRow(Base):
    """A verification and its answer; of the subject it holds the caller's pseudonym only."""

    __tablename__ = "verifications"

    transaction_id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(index=True)
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)


class UsageRow(Base):
    """What a client has used up, and the outages it has been through."""

    __tablename__ = "identity_usage"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    used: Mapped[int]
    had_outage: Mapped[bool]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SubjectIn(_Closed):
    """Whom: exactly one of the numbers."""

    nik: _Number | None = None
    no_kk: _Number | None = None
    passport: Annotated[str, Field(min_length=6, max_length=16)] | None = None


class AttributesIn(BaseModel):
    """What to compare; a field the register does not know is answered `not_available`."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    full_name: str | None = Field(default=None, max_length=200)
    birth_date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    birth_place: str | None = Field(default=None, max_length=200)
    sex: str | None = Field(default=None, pattern="^(male|female)$")
    address: str | None = Field(default=None, max_length=500)
    mother_name: str | None = Field(default=None, max_length=200)

    def sent(self) -> dict[str, str]:
        """What was given, as text."""
        return {name: str(value) for name, value in self.model_dump(exclude_none=True).items()}


class PurposeIn(Purpose):
    """Why."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ConsentIn(Consent):
    """The person's consent."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    at: Moment | None = None


class VerifyIn(_Closed):
    """A verification to make."""

    subject: SubjectIn
    attributes: AttributesIn = AttributesIn()
    matching: dict[str, JsonValue] = {}
    purpose: PurposeIn
    consent: ConsentIn | None = None
    client_reference: str | None = Field(default=None, max_length=200)

    @field_validator("subject")
    @classmethod
    def _one_number(cls, subject: SubjectIn) -> SubjectIn:
        if sum(number is not None for number in (subject.nik, subject.no_kk, subject.passport)) != 1:
            raise ValueError("exactly one of nik, no_kk, passport")
        return subject


@router.post(
    "/verifications",
    operation_id="identity.verify",
    response_model=Verification,
    responses={**responses(409), 202: {"model": Verification, "description": "Still being looked up"}},
)
def verify(
    *,
    body: VerifyIn,
    request: Request,
    response: Response,
    db: Db,
    here: Here,
    caller: Annotated[Caller, Depends(requires("identity:verify"))],
) -> Verification | Response:
    """Verify what is said about a person; verdicts come back, never data."""
    _check_purpose(body)
    number = body.subject.nik or body.subject.no_kk or body.subject.passport or ""
    _only_test_numbers(body.subject)
    behaviour = MAGIC.get(number)
    usage = db.get(UsageRow, caller.client_id) or UsageRow(client_id=caller.client_id, used=0, had_outage=False)
    db.add(usage)
    if behaviour == "quota" or usage.used >= QUOTA:
        raise Problem("quota_exhausted", "The quota of the agreement is used up.", retry_after_s=86_400)
    if behaviour == "unavailable" and not usage.had_outage:
        usage.had_outage = True
        # Answered, not raised: raising would roll back that the outage has been.
        return Problem("upstream_unavailable", "The register does not answer.", retry_after_s=1).response()
    usage.used += 1
    outcome, results = _judge(db, here, body, number, behaviour)
    verification = _recorded(
        db, here, caller, body, number, outcome=outcome, results=results, quota_left=QUOTA - usage.used
    )
    if behaviour == "slow":
        late(request, _SLOW_S)
    if behaviour == "pending":
        response.status_code = 202
        response.headers["Retry-After"] = "1"
        response.headers["Location"] = f"/v1/identity/verifications/{verification.transaction_id}"
        return _pending(verification)
    return verification


@router.get("/verifications/{transaction_id}", operation_id="identity.verification", responses=responses(404))
def verification(
    transaction_id: str, db: Db, caller: Annotated[Caller, Depends(requires("identity:verify"))]
) -> Verification:
    """The outcome of a verification that was pending."""
    row = db.get(VerificationRow, transaction_id)
    if row is None or row.client_id != caller.client_id:
        raise Problem("not_found", "There is no such verification of this client.")
    return Verification.model_validate(row.answer)


def _check_purpose(body: VerifyIn) -> None:
    if body.purpose.purpose_code not in PURPOSES:
        raise Problem(
            "purpose_not_allowed",
            "The agreement does not name this purpose; it names: " + ", ".join(sorted(PURPOSES)) + ".",
            errors=[FieldError("/purpose/purpose_code", "purpose")],
        )
    consent = body.consent
    if body.purpose.legal_basis == "consent" and (consent is None or not (consent.consent_ref or consent.given)):
        raise Problem("consent_required", "The legal basis is consent; say how it was given.")


def _only_test_numbers(subject: SubjectIn) -> None:
    for name, number in (("nik", subject.nik), ("no_kk", subject.no_kk)):
        if number is not None and not (number.startswith("99") or number.endswith("0000")):
            raise Problem(
                "validation_failed",
                "A sandbox takes invented numbers only: province 99 or serial 0000.",
                errors=[FieldError(f"/subject/{name}", "test_numbers_only", "looks like a real person's number")],
            )


def _judge(
    db: Session, here: Platform, body: VerifyIn, number: str, behaviour: Behaviour | None
) -> tuple[VerificationOutcome, dict[str, AttributeResult]]:
    sent = body.attributes.sent()
    if behaviour is not None:
        outcome = _ALL.get(behaviour) or VerificationOutcome(behaviour)
        known = AttributeOutcome(outcome) if behaviour in _ALL else AttributeOutcome.NOT_CHECKED
        return outcome, {name: AttributeResult(result=known) for name in sent}
    hashed = number_hash(here.keys, number)
    if body.subject.no_kk is not None:
        wanted = select(PersonRow).where(PersonRow.household_hash == hashed, PersonRow.is_head)
    else:
        wanted = select(PersonRow).where(PersonRow.number_hash == hashed)
    person = db.scalar(wanted)
    if person is None or person.status != "active":
        outcome = VerificationOutcome.NOT_FOUND if person is None else VerificationOutcome(person.status)
        return outcome, {name: AttributeResult(result=AttributeOutcome.NOT_CHECKED) for name in sent}
    results = compare(sent, person.attributes, body.matching)
    return outcome_of(results), results


def _recorded(
    db: Session,
    here: Platform,
    caller: Caller,
    body: VerifyIn,
    number: str,
    *,
    outcome: VerificationOutcome,
    results: dict[str, AttributeResult],
    quota_left: int,
) -> Verification:
    now = here.clock.now()
    transaction_id = f"ver_{secrets.token_hex(12)}"
    known = outcome != VerificationOutcome.NOT_FOUND
    subject_ref = subject_of(here.keys, caller.client_id, number_hash(here.keys, number)) if known else None
    evidence = here.keys.sign(
        {
            "iss": here.settings.base_url,
            "aud": caller.client_id,
            "iat": int(now.timestamp()),
            "txn": transaction_id,
            "sub": subject_ref,
            "outcome": outcome.value,
            "results": {name: result.result.value for name, result in results.items()},
        },
        typ="evidence+jwt",
    )
    answer = Verification(
        transaction_id=transaction_id,
        outcome=outcome,
        client_reference=body.client_reference,
        results=results,
        subject_ref=subject_ref,
        evidence=evidence,
        cost=_COST,
        quota_left=quota_left,
        checked_at=now,
    )
    db.add(
        VerificationRow(
            transaction_id=transaction_id, client_id=caller.client_id, answer=answer.model_dump(mode="json")
        )
    )
    return answer


def _pending(verification: Verification) -> Verification:
    return Verification(
        transaction_id=verification.transaction_id,
        outcome=VerificationOutcome.PENDING,
        client_reference=verification.client_reference,
        quota_left=verification.quota_left,
    )
