"""What callers may send to the permits module. Unknown fields are refused, unlike in answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from egov_serang.model import Model, Money
from egov_serang.models.complaints import Location
from egov_serang.models.permits import Applicant
from egov_serang.sandbox.fields import CLOSED, Form, Short, Text


class MoneyIn(BaseModel):
    """Rupiah as exact decimal text."""

    model_config = CLOSED

    amount: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}(\.[0-9]{1,2})?$")]
    currency: Literal["IDR"] = "IDR"

    @property
    def money(self) -> Money:
        """The amount as the models carry it."""
        return Money(amount=Decimal(self.amount), currency=self.currency)


class ApplicantIn(Applicant):
    """A person (`subject_ref`) or a business (`nib`), with a name."""

    model_config = ConfigDict(extra="forbid")

    name: Short

    @model_validator(mode="after")
    def _is_somebody(self) -> ApplicantIn:
        if (self.subject_ref is None) == (self.nib is None):
            raise ValueError("give subject_ref or nib, one of them")
        return self


class LocationIn(Location):
    """Where the permitted thing will be."""

    model_config = ConfigDict(extra="forbid")


class StartApplication(BaseModel):
    """A new application; it stays a draft until it is submitted."""

    model_config = CLOSED

    permit_type_code: Short
    type_version: int | None = Field(default=None, ge=1, le=1_000_000)
    applicant: ApplicantIn
    agent: ApplicantIn | None = None
    location: LocationIn | None = None
    form: Form = {}
    client_reference: Short | None = None


class ChangeApplication(BaseModel):
    """What an applicant may still change. A field left out stays; null empties it; a form replaces the whole form."""

    model_config = CLOSED

    form: Form | None = None
    location: LocationIn | None = None


class TransitionData(BaseModel):
    """What some actions need: a decision, a document, an amount, or for whom the clock is paused."""

    model_config = CLOSED

    outcome: Literal["granted", "granted_with_conditions", "refused"] | None = None
    conditions: Annotated[tuple[Text, ...], Field(max_length=50)] = ()
    grounds: Text | None = None
    document_id: Short | None = None
    amount: MoneyIn | None = None
    waiting_on: Literal["applicant", "third_party"] | None = None


class TransitionRequest(BaseModel):
    """An action on an application (contract-v1 section 1, Transitions)."""

    model_config = CLOSED

    action: Literal[
        "submit",
        "resubmit",
        "withdraw",
        "supply",
        "return",
        "advance",
        "pause",
        "resume",
        "restart",
        "accept_document",
        "reject_document",
        "bill",
        "confirm_payment",
        "decide",
        "issue",
    ]
    comment: Text | None = None
    reason_code: Short | None = None
    data: TransitionData = TransitionData()


class Fee(Model):
    """A fee of an application (contract-v1 section 3)."""

    fee_id: str
    code: str
    amount: Money
    status: Literal["assessed", "billed", "confirmed"]
    billing_code: str | None = None
    due_at: AwareDatetime | None = None
    receipt: str | None = None
