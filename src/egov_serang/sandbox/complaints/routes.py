"""Complaints: submit, list, read, change, act (contract-v1 section 2)."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request, Response
from sqlalchemy.orm import Session

from egov_serang.models.complaints import AuthorRole, Complaint, ComplaintAction, ServiceType
from egov_serang.sandbox.complaints.actions import outcome
from egov_serang.sandbox.complaints.callers import Actor, Reader, Writer
from egov_serang.sandbox.complaints.changes import apply
from egov_serang.sandbox.complaints.checks import category
from egov_serang.sandbox.complaints.clocks import patience, promises, tick, window
from egov_serang.sandbox.complaints.filters import Wanted, filtered
from egov_serang.sandbox.complaints.history import moved
from egov_serang.sandbox.complaints.intake import enter
from egov_serang.sandbox.complaints.schemas import ComplaintIn, ComplaintPatch, Receipt, TransitionIn
from egov_serang.sandbox.complaints.states import CITIZEN, MACHINE
from egov_serang.sandbox.complaints.store import ComplaintRow, actions, found, may_reopen, roles, shown, visible
from egov_serang.sandbox.db import Db
from egov_serang.sandbox.gate import Caller
from egov_serang.sandbox.paging import Page, Paging
from egov_serang.sandbox.platform import Here, Platform
from egov_serang.sandbox.problems import Problem, responses
from egov_serang.sandbox.route import contract_router
from egov_serang.sandbox.versions import etag, require_match, unchanged

__all__ = ["router", "tick"]

router = contract_router("complaints")


@router.post(
    "/cases",
    operation_id="complaints.submit",
    status_code=201,
    response_model=Complaint,
    responses={
        **responses(404, 409),
        202: {"model": Receipt, "description": "Taken by a category of type `batch` or `blackbox`"},
    },
)
def submit(*, body: ComplaintIn, response: Response, db: Db, here: Here, caller: Writer) -> Complaint | Response:
    """Submit a complaint."""
    now = here.clock.now()
    definition, row = enter(db, here, body, caller.client_id, now)
    if definition.type is not ServiceType.REALTIME:
        receipt = Receipt(token=row.token, client_reference=body.client_reference)
        return Response(receipt.model_dump_json(), 202, media_type="application/json")
    response.headers["Location"] = f"/v1/complaints/cases/{row.complaint_id}"
    return _answer(response, db, row, caller, now)


@router.get("/cases", operation_id="complaints.list")
def listing(*, page: Paging, by: Wanted, db: Db, here: Here, caller: Reader) -> Page[Complaint]:
    """Complaints, newest first."""
    now = here.clock.now()
    rows, cursor = page.rows(db, filtered(visible(caller), by, caller, now), ComplaintRow.seq, newest_first=True)
    return Page(data=[shown(db, row, caller, now) for row in rows], next_cursor=cursor)


@router.get(
    "/cases/{complaint_id}",
    operation_id="complaints.get",
    response_model=Complaint,
    responses={**responses(404), 304: {"description": "Not changed"}},
)
def get(
    *, complaint_id: str, request: Request, response: Response, db: Db, here: Here, caller: Reader
) -> Complaint | Response:
    """A complaint as this caller may see it."""
    row = found(db, complaint_id, caller)
    return unchanged(request, row.version) or _answer(response, db, row, caller, here.clock.now())


@router.patch("/cases/{complaint_id}", operation_id="complaints.change", responses=responses(404, 409, 412, 428))
def change(
    *,
    complaint_id: str,
    body: ComplaintPatch,
    request: Request,
    response: Response,
    db: Db,
    here: Here,
    caller: Actor,
) -> Complaint:
    """Change what was reported, or how it is kept."""
    row = found(db, complaint_id, caller)
    require_match(request, row.version)
    now = here.clock.now()
    apply(db, row, body, city=here.city, caller=caller, now=now)
    return _answer(response, db, row, caller, now)


@router.post(
    "/cases/{complaint_id}/transitions",
    operation_id="complaints.transition",
    responses=responses(404, 409, 412, 428),
)
def transition(
    *, complaint_id: str, body: TransitionIn, request: Request, response: Response, db: Db, here: Here, caller: Actor
) -> Complaint:
    """Do an action of the state table."""
    row = found(db, complaint_id, caller)
    require_match(request, row.version)
    _act(db, row, body, here, caller)
    return _answer(response, db, row, caller, here.clock.now())


def _act(db: Session, row: ComplaintRow, body: TransitionIn, here: Platform, caller: Caller) -> None:
    now = here.clock.now()
    try:
        rule = MACHINE.rule(row.status, body.action, roles(row, caller))
    except Problem as problem:
        # The table knows no windows: what is offered instead must be possible.
        problem.allowed_actions = actions(row, caller, now)
        raise
    if body.action == ComplaintAction.REOPEN and not may_reopen(row, now):
        raise Problem(
            "reopen_window_passed", "The time to reopen it is over.", allowed_actions=actions(row, caller, now)
        )
    details = outcome(db, row, body, caller)
    if body.action in {ComplaintAction.ASSIGN, ComplaintAction.REASSIGN}:
        row.assignee = body.assignee
    if body.action == ComplaintAction.REOPEN:
        row.due = promises(category(here.city, row.service_code).sla, now, here.city.calendar)
        row.breached = []
    row.waits_until = patience(now, here.city.calendar)
    row.reopen_until = window(now, here.city.calendar)
    by = AuthorRole.CITIZEN if rule.scope == CITIZEN else AuthorRole.OFFICER
    moved(db, row, now, action=body.action, to=rule.to, by=by, **details)


def _answer(response: Response, db: Session, row: ComplaintRow, caller: Caller, now: datetime) -> Complaint:
    response.headers["ETag"] = etag(row.version)
    return shown(db, row, caller, now)
