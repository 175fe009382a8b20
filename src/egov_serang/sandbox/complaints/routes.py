"""Citizen complaints (contract-v1 section 2)."""

from __future__ import annotations

import hashlib
import mimetypes
import secrets
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Response, UploadFile
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from egov_serang.models.complaints import Complaint, Media, Service
from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.complaints.catalogue import ServiceDefinition, attribute_error
from egov_serang.sandbox.complaints.schemas import CaseFilter, ComplaintIn, RatingIn, TransitionIn, case_filter
from egov_serang.sandbox.complaints.states import MACHINE
from egov_serang.sandbox.complaints.store import (
    ComplaintRow,
    MediaRow,
    changed,
    filtered,
    found,
    happened,
    patience,
    promises,
    roles,
    shown,
    tick,
    visible,
    waited_too_long,
)
from egov_serang.sandbox.db import Db
from egov_serang.sandbox.gate import Caller, requires
from egov_serang.sandbox.openapi import takes_files
from egov_serang.sandbox.paging import Page, Paging
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import FieldError, Problem, responses
from egov_serang.sandbox.route import contract_router
from egov_serang.sandbox.versions import etag, require_match, unchanged

__all__ = ["router", "tick"]

_MEDIA_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "video/mp4", "application/pdf"})

_Reader = Annotated[Caller, Depends(requires("complaints:read"))]
_Actor = Annotated[Caller, Depends(requires("complaints:write", "complaints:manage"))]

router = contract_router("complaints")


@router.get("/services", operation_id="complaints.services")
def services(page: Paging, here: Here, caller: _Reader) -> Page[Service]:
    """The categories one may complain about."""
    some, cursor = page.items(tuple(here.city.complaint_services.values()))
    plain = [Service.model_validate(service.model_dump(exclude={"attributes"})) for service in some]
    return Page(data=plain, next_cursor=cursor)


@router.get("/services/{service_code}", operation_id="complaints.service", responses=responses(404))
def service(service_code: str, here: Here, caller: _Reader) -> ServiceDefinition:
    """A category with the attributes it asks for."""
    return _service(here.city, service_code)


@router.post("/cases", operation_id="complaints.submit", status_code=201, responses=responses(404, 409))
def submit(
    *,
    body: ComplaintIn,
    response: Response,
    db: Db,
    here: Here,
    caller: Annotated[Caller, Depends(requires("complaints:write"))],
) -> Complaint:
    """Submit a complaint."""
    category = _service(here.city, body.service_code)
    _check_place(here.city, category, body)
    _check_attributes(category, body)
    now = here.clock.now()
    row = ComplaintRow(
        complaint_id=f"cmp_{secrets.token_hex(10)}",
        client_id=caller.client_id,
        reference="",  # made from the row's own number, which it gets below
        service_code=body.service_code,
        due=promises(category.sla, now, here.city.calendar),
        status="submitted",
        waits_until=patience(now, here.city.calendar),
        area_code=body.area_code,
        visibility=body.visibility,
        description=body.description,
        client_reference=body.client_reference,
        requested_at=now.timestamp(),
        updated_at=now.timestamp(),
        version=1,
        details={
            **body.model_dump(
                mode="json",
                include={
                    "attributes",
                    "lat",
                    "long",
                    "address_string",
                    "address_id",
                    "reporter",
                    "anonymous",
                    "channel",
                },
            ),
            "agency_responsible": category.agency_responsible,
        },
    )
    db.add(row)
    db.flush()
    row.reference = f"{here.city.prefix}-{now.year}-{row.seq:06}"
    happened(db, row, "created", now)
    response.headers["Location"] = f"/v1/complaints/cases/{row.complaint_id}"
    return _answer(response, db, row, caller, now)


@router.get("/cases", operation_id="complaints.list")
def listing(
    *, page: Paging, by: Annotated[CaseFilter, Depends(case_filter)], db: Db, here: Here, caller: _Reader
) -> Page[Complaint]:
    """Complaints, newest first."""
    rows, cursor = page.rows(db, filtered(visible(caller), by), ComplaintRow.seq, newest_first=True)
    now = here.clock.now()
    return Page(data=[shown(db, row, caller, now) for row in rows], next_cursor=cursor)


@router.get(
    "/cases/{complaint_id}",
    operation_id="complaints.get",
    response_model=Complaint,
    responses={**responses(404), 304: {"description": "Not changed"}},
)
def get(
    *, complaint_id: str, request: Request, response: Response, db: Db, here: Here, caller: _Reader
) -> Complaint | Response:
    """A complaint as this caller may see it."""
    row = found(db, complaint_id, caller)
    return unchanged(request, row.version) or _answer(response, db, row, caller, here.clock.now())


@router.post(
    "/cases/{complaint_id}/transitions",
    operation_id="complaints.transition",
    responses=responses(404, 409, 412, 428),
)
def transition(
    *, complaint_id: str, body: TransitionIn, request: Request, response: Response, db: Db, here: Here, caller: _Actor
) -> Complaint:
    """Do an action of the state table."""
    row = found(db, complaint_id, caller)
    require_match(request, row.version)
    now = here.clock.now()
    target = MACHINE.next_state(row.status, body.action, roles(row, caller))
    if body.action == "reopen" and waited_too_long(row, now):
        raise Problem("reopen_window_passed", "The time to reopen it is over.")
    details = _details(db, row, body, caller)
    if body.action in {"assign", "reassign"}:
        row.assignee = body.assignee
    if body.action == "reopen":
        row.due = promises(_service(here.city, row.service_code).sla, now, here.city.calendar)
    row.waits_until = patience(now, here.city.calendar)
    changed(row, now, status=target, **details)
    happened(db, row, {"reopen": "reopened", "rate": "rated"}.get(body.action, "status_changed"), now)
    return _answer(response, db, row, caller, now)


@router.post(
    "/cases/{complaint_id}/media",
    operation_id="complaints.attach",
    status_code=201,
    responses=responses(404, 409, 415),
    openapi_extra=takes_files(_MEDIA_TYPES),
)
def attach(*, complaint_id: str, file: UploadFile, response: Response, db: Db, here: Here, caller: _Actor) -> Media:
    """Add a photo or file."""
    row = found(db, complaint_id, caller)
    if row.client_id != caller.client_id and "complaints:manage" not in caller.scopes:
        raise Problem("forbidden", "Only its own client and officers add to a complaint.")
    filename = (file.filename or "file").replace("\\", "/").rsplit("/", 1)[-1][:200]
    media_type = file.content_type or ""
    if media_type in {"", "application/octet-stream"}:
        media_type = mimetypes.guess_type(filename)[0] or ""
    if media_type not in _MEDIA_TYPES:
        raise Problem("unsupported_media", "Send one of: " + ", ".join(sorted(_MEDIA_TYPES)) + ".")
    content = file.file.read()
    media = MediaRow(
        media_id=f"med_{secrets.token_hex(10)}",
        complaint_seq=row.seq,
        filename=filename,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )
    db.add(media)
    changed(row, here.clock.now())
    answer = media.shown(complaint_id)
    response.headers["Location"] = answer.url or ""
    return answer


@router.get(
    "/cases/{complaint_id}/media/{media_id}",
    operation_id="complaints.download",
    response_class=Response,
    responses={
        **responses(404),
        200: {"content": {kind: {} for kind in sorted(_MEDIA_TYPES)}, "description": "The file as it was sent"},
    },
)
def download(complaint_id: str, media_id: str, db: Db, caller: _Reader) -> Response:
    """The bytes of a file; `Media.url` names this path."""
    row = found(db, complaint_id, caller)
    wanted = select(MediaRow).where(MediaRow.complaint_seq == row.seq, MediaRow.media_id == media_id)
    media = db.scalar(wanted)
    if media is None:
        raise Problem("not_found", "The complaint has no such file.")
    # A file somebody uploaded must never run as a page of this origin.
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff", "ETag": f'"{media.sha256}"'}
    return Response(media.content, 200, headers, media.media_type)


def _answer(response: Response, db: Session, row: ComplaintRow, caller: Caller, now: datetime) -> Complaint:
    response.headers["ETag"] = etag(row.version)
    return shown(db, row, caller, now)


def _service(city: Municipality, code: str) -> ServiceDefinition:
    if code not in city.complaint_services:
        raise Problem(
            "service_not_found", "There is no such category.", errors=[FieldError("/service_code", "unknown")]
        )
    return city.complaint_services[code]


def _check_place(city: Municipality, category: ServiceDefinition, body: ComplaintIn) -> None:
    if (body.lat is None) != (body.long is None):
        raise Problem("validation_failed", errors=[FieldError("/lat", "pair", "lat and long go together")])
    if body.lat is not None and body.long is not None and not city.box.holds(body.lat, body.long):
        raise Problem("outside_jurisdiction", f"The point is not in {city.name}.", errors=[FieldError("/lat", "area")])
    if body.area_code is not None and body.area_code not in city.region:
        raise Problem("outside_jurisdiction", "Not an area of the city.", errors=[FieldError("/area_code", "area")])
    placed = (body.lat, body.address_string, body.address_id, body.area_code)
    if category.location_requirement == "required" and not any(part is not None for part in placed):
        raise Problem("location_required", "This category needs a point, an address or an area.")


def _check_attributes(category: ServiceDefinition, body: ComplaintIn) -> None:
    definitions = {definition.code: definition for definition in category.attributes}
    missing = [code for code, d in definitions.items() if d.required and body.attributes.get(code) is None]
    if missing:
        absent = [FieldError(f"/attributes/{code}", "required") for code in missing]
        raise Problem("attribute_required", "This category asks for more.", errors=absent)
    errors: list[FieldError] = []
    for code, value in body.attributes.items():
        wrong = attribute_error(definitions[code], value) if code in definitions else "unknown"
        if wrong is not None:
            errors.append(FieldError(f"/attributes/{code}" if code in definitions else "/attributes", wrong))
    if errors:
        raise Problem("validation_failed", errors=errors)


def _details(db: Session, row: ComplaintRow, body: TransitionIn, caller: Caller) -> dict[str, Any]:
    details: dict[str, Any] = {"status_notes": body.comment, "status_detail": body.reason_code}
    match body.action:
        case "assign" if body.assignee is None:
            raise _missing("/assignee")
        case "transfer":
            if body.forward_to is None:
                raise _missing("/forward_to")
            details["forwarded_to"] = body.forward_to.model_dump()
        case "mark_duplicate":
            original = body.data.get("duplicate_of")
            if not isinstance(original, str) or original == row.complaint_id:
                raise _missing("/data/duplicate_of")
            details["duplicate_of"] = found(db, original, caller).complaint_id
        case "rate":
            try:
                details["rating"] = RatingIn.model_validate(body.data).model_dump()
            except ValidationError:
                raise _missing("/data/score") from None
        case _:
            pass
    return details


def _missing(pointer: str) -> Problem:
    return Problem("validation_failed", "The action needs more.", errors=[FieldError(pointer, "required")])
