"""Civil registration over HTTP: services, applications, results (contract-v1 section 4)."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, File, Query, Request, Response

from egov_serang.models.civil import CivilApplication, CivilEvent, CivilResult, CivilService
from egov_serang.models.permits import Document
from egov_serang.sandbox.civil import service
from egov_serang.sandbox.civil.schemas import ChangeCivil, CivilTransition, StartCivil
from egov_serang.sandbox.civil.states import APPLICANT, OFFICER
from egov_serang.sandbox.civil.store import CivilRow, Found, find, visible
from egov_serang.sandbox.db import Db
from egov_serang.sandbox.fields import Empty, Moment
from egov_serang.sandbox.gate import Caller, requires
from egov_serang.sandbox.language import Language
from egov_serang.sandbox.openapi import takes_files
from egov_serang.sandbox.paging import Page, Paging
from egov_serang.sandbox.papers import IMAGE_OR_PDF, AttachDocument
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import Problem, responses
from egov_serang.sandbox.route import contract_router
from egov_serang.sandbox.versions import etag, require_match, unchanged

__all__ = ["router"]

router = contract_router("identity")

_POLL_AFTER_S: Final = "1"

Filter = Annotated[str | None, Query(max_length=200)]
Applying = Annotated[Caller, Depends(requires(APPLICANT))]
Concerned = Annotated[Caller, Depends(requires(APPLICANT, OFFICER))]


@router.get("/civil-services", operation_id="identity.civil_services")
def services(page: Paging, here: Here, caller: Concerned, language: Language) -> Page[CivilService]:
    """The services of the civil registry (*layanan adminduk*)."""
    some, cursor = page.items(tuple(here.city.civil_services.values()))
    return Page(data=[entry.public(language) for entry in some], next_cursor=cursor)


@router.get("/civil-services/{code}", operation_id="identity.civil_services.get", responses=responses(404))
def service_by_code(code: str, here: Here, caller: Concerned, language: Language) -> CivilService:
    """One service with its form and documents."""
    if code not in here.city.civil_services:
        raise Problem("not_found")
    return here.city.civil_services[code].public(language)


@router.post(
    "/applications",
    operation_id="identity.applications.start",
    status_code=201,
    responses=responses(400, 409, 413),
)
def start(body: StartCivil, response: Response, db: Db, here: Here, caller: Applying) -> CivilApplication:
    """Begin an application as a draft."""
    found = service.start(db, body, caller, here.city, here.clock.now())
    response.headers["Location"] = f"/v1/identity/applications/{found.row.application_id}"
    return _shown(response, found)


@router.get("/applications", operation_id="identity.applications.list")
def applications(
    *,
    page: Paging,
    db: Db,
    here: Here,
    caller: Concerned,
    status: Filter = None,
    service_code: Filter = None,
    updated_after: Annotated[Moment | None, Query()] = None,
    client_reference: Filter = None,
) -> Page[CivilApplication]:
    """The caller's applications; an officer's list holds everybody's."""
    wanted = visible(caller)
    equal = (
        (CivilRow.status, status),
        (CivilRow.service_code, service_code),
        (CivilRow.client_reference, client_reference),
    )
    for column, value in equal:
        if value is not None:
            wanted = wanted.where(column == value)
    if updated_after is not None:
        wanted = wanted.where(CivilRow.updated_at >= updated_after.timestamp())
    rows, cursor = page.rows(db, wanted, CivilRow.serial, newest_first=True)
    return Page(data=[Found(row, caller, here.city.civil_services).view() for row in rows], next_cursor=cursor)


@router.get(
    "/applications/{application_id}",
    operation_id="identity.applications.get",
    response_model=CivilApplication,
    responses={**responses(404), 304: {"description": "The caller holds this version"}},
)
def application(
    *, application_id: str, request: Request, response: Response, db: Db, here: Here, caller: Concerned
) -> Response | CivilApplication:
    """One application. While the registry has it, `Retry-After` says when to ask again."""
    found = find(db, application_id, caller, here.city.civil_services)
    same = unchanged(request, found.row.version)
    if same is not None:
        _hint(same, found)
        return same
    return _shown(response, found)


@router.patch(
    "/applications/{application_id}",
    operation_id="identity.applications.change",
    responses=responses(400, 404, 409, 412, 413, 428),
)
def change(
    *,
    application_id: str,
    body: ChangeCivil,
    request: Request,
    response: Response,
    db: Db,
    here: Here,
    caller: Applying,
) -> CivilApplication:
    """Change the form, the persons or the delivery of a draft or returned application."""
    found = find(db, application_id, caller, here.city.civil_services)
    require_match(request, found.row.version)
    service.change(found, body, here.clock.now())
    return _shown(response, found)


@router.post(
    "/applications/{application_id}/documents",
    operation_id="identity.applications.attach",
    status_code=201,
    responses=responses(400, 404, 409, 413, 415),
    openapi_extra=takes_files(IMAGE_OR_PDF),
)
def attach(
    application_id: str, upload: Annotated[AttachDocument, File()], db: Db, here: Here, caller: Applying
) -> Document:
    """Attach a document; with `replaces` it takes the place of another of its kind."""
    return service.attach(db, find(db, application_id, caller, here.city.civil_services), upload, here.clock.now())


@router.post(
    "/applications/{application_id}/submit",
    operation_id="identity.applications.submit",
    responses=responses(400, 404, 409, 412, 413),
)
def submit(
    *,
    application_id: str,
    request: Request,
    response: Response,
    db: Db,
    here: Here,
    caller: Applying,
    body: Empty | None = None,
) -> CivilApplication:
    """Hand in a draft, or hand in a returned application again. `If-Match` is honoured, not required."""
    found = find(db, application_id, caller, here.city.civil_services)
    if "if-match" in request.headers:
        require_match(request, found.row.version)
    service.submit(found, here.city, here.keys, here.clock.now())
    return _shown(response, found)


@router.post(
    "/applications/{application_id}/transitions",
    operation_id="identity.applications.transition",
    responses=responses(400, 404, 409, 412, 413, 428),
)
def transition(
    *,
    application_id: str,
    body: CivilTransition,
    request: Request,
    response: Response,
    db: Db,
    here: Here,
    caller: Concerned,
) -> CivilApplication:
    """Do an action; each has its own scope, the table is in contract-v1 section 4."""
    service.check_scope(body.action, caller)
    found = find(db, application_id, caller, here.city.civil_services)
    require_match(request, found.row.version)
    service.act(found, body, here.city, here.keys, here.clock.now())
    return _shown(response, found)


@router.get(
    "/applications/{application_id}/history", operation_id="identity.applications.history", responses=responses(404)
)
def history(application_id: str, page: Paging, db: Db, here: Here, caller: Concerned) -> Page[CivilEvent]:
    """The steps an application took, oldest first."""
    some, cursor = page.items(find(db, application_id, caller, here.city.civil_services).case.history)
    return Page(data=list(some), next_cursor=cursor)


@router.get(
    "/applications/{application_id}/result", operation_id="identity.applications.result", responses=responses(404)
)
def result(application_id: str, db: Db, here: Here, caller: Concerned) -> CivilResult:
    """The document that was issued, with its verifiable QR payload."""
    issued = find(db, application_id, caller, here.city.civil_services).case.result
    if issued is None:
        raise Problem("not_found", "Nothing has been issued yet.")
    return issued


def _shown(response: Response, found: Found) -> CivilApplication:
    response.headers["ETag"] = etag(found.row.version)
    _hint(response, found)
    return found.view()


def _hint(response: Response, found: Found) -> None:
    if found.waiting_on == "authority":
        response.headers["Retry-After"] = _POLL_AFTER_S
