"""What callers may send about civil applications. Unknown fields are refused, unlike in answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from egov_serang.sandbox.fields import CLOSED, Form, Short, Text


class CivilApplicantIn(BaseModel):
    """Who applies."""

    model_config = CLOSED

    subject_ref: Short
    relation: Literal["self", "parent", "child", "spouse", "guardian", "family", "representative"] = "self"


class CivilSubjectIn(BaseModel):
    """A person the document is about."""

    model_config = CLOSED

    role: Short
    subject_ref: Short | None = None
    name: Short | None = None


class CivilDeliveryIn(BaseModel):
    """How the document is handed out."""

    model_config = CLOSED

    mode: Literal["digital", "pickup", "post"] = "digital"
    address: Text | None = None

    @model_validator(mode="after")
    def _has_a_way(self) -> CivilDeliveryIn:
        if (self.mode == "post") != (self.address is not None):
            raise ValueError("an address for post, and only for post")
        return self


Subjects = Annotated[tuple[CivilSubjectIn, ...], Field(max_length=30)]


class StartCivil(BaseModel):
    """A new application; it stays a draft until it is submitted."""

    model_config = CLOSED

    service_code: Short
    variant: Short | None = None
    applicant: CivilApplicantIn
    subjects: Subjects = ()
    form: Form = {}
    delivery: CivilDeliveryIn = CivilDeliveryIn()
    client_reference: Short | None = None


class ChangeCivil(BaseModel):
    """What an applicant may still change. A field left out stays; a form or list replaces the whole one."""

    model_config = CLOSED

    form: Form = {}
    subjects: Subjects = ()
    delivery: CivilDeliveryIn = CivilDeliveryIn()


class CivilTransition(BaseModel):
    """An action on an application (contract-v1 section 1, Transitions)."""

    model_config = CLOSED

    action: Literal[
        "submit", "resubmit", "withdraw", "start_review", "return", "approve", "issue", "hand_over", "reject"
    ]
    comment: Text | None = None
    reason_code: Short | None = None
