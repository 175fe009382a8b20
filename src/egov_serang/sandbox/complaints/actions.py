"""What an action needs, and what it leaves behind."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from egov_serang.models.complaints import ComplaintAction as Action
from egov_serang.models.complaints import ComplaintStatus
from egov_serang.sandbox.complaints.schemas import RatingIn, TransitionIn
from egov_serang.sandbox.complaints.store import ComplaintRow, found
from egov_serang.sandbox.gate import Caller
from egov_serang.sandbox.problems import FieldError, Problem


def outcome(db: Session, row: ComplaintRow, body: TransitionIn, caller: Caller) -> dict[str, Any]:
    """The details an action sets.

    Raises:
        Problem: validation_failed where it lacks what it is about, not_found for an original nobody knows.
    """
    details: dict[str, Any] = {"status_notes": body.comment, "status_detail": body.reason_code}
    match body.action:
        case Action.ASSIGN if body.assignee is None:
            raise _wrong("/assignee", "required")
        case Action.TRANSFER:
            if body.forward_to is None:
                raise _wrong("/forward_to", "required")
            details["forwarded_to"] = body.forward_to.model_dump()
        case Action.MARK_DUPLICATE:
            details["duplicate_of"] = _original(db, row, body.data.get("duplicate_of"), caller)
        case Action.RATE:
            try:
                details["rating"] = RatingIn.model_validate(body.data).model_dump()
            except ValidationError as error:
                place = error.errors(include_input=False)[0]["loc"][0]
            else:
                return details
            known = place in RatingIn.model_fields
            raise _wrong(f"/data/{place}" if known else "/data", "score" if place == "score" else "unknown")
        case _:
            pass
    return details


def _original(db: Session, row: ComplaintRow, number: object, caller: Caller) -> str:
    """The main report another is a duplicate of. Chains would have to be followed, and could be rings."""
    pointer = "/data/duplicate_of"
    if not isinstance(number, str) or not number:
        raise _wrong(pointer, "required")
    if number == row.complaint_id:
        raise _wrong(pointer, "itself")
    main = found(db, number, caller)
    if main.status == ComplaintStatus.DUPLICATE:
        raise _wrong(pointer, "duplicate")
    return main.complaint_id


def _wrong(pointer: str, code: str) -> Problem:
    return Problem("validation_failed", "The action needs something else.", errors=[FieldError(pointer, code)])
