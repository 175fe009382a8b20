"""Permits over HTTP: types, applications, licences (contract-v1 section 3)."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, File, Query, Request, Response
from sqlalchemy import select

from egov_serang.models.permits import Application, Document, Licence, PermitType
from egov_serang.models.permits import ApplicationAction as Action
from egov_serang.sandbox.db import Db
from egov_serang.sandbox.fields import Empty, Moment
from egov_serang.sandbox.gate import Caller, requires
from egov_serang.sandbox.language import Language
from egov_serang.sandbox.openapi import takes_files
from egov_serang.sandbox.paging import Page, Paging
from egov_serang.sandbox.papers import IMAGE_OR_PDF, AttachDocument
from egov_serang.sandbox.permits import service
from egov_serang.sandbox.permits.case import Case
from egov_serang.sandbox.permits.catalogue import CatalogueType
from egov_serang.sandbox.permits.issuing import find_licence, issue_licence
from egov_serang.sandbox.permits.schemas import ChangeApplication, Fee, StartApplication, TransitionRequest
from egov_serang.sandbox.permits.service import Party
from egov_serang.sandbox.permits.store import applications_at, find_type, read_case, seed
from egov_serang.sandbox.permits.tables import ApplicationRow, TypeRow
from egov_serang.sandbox.permits.view import application_view, fee_view
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import Problem, responses
from egov_serang.sandbox.route import contract_router
from egov_serang.sandbox.versions import etag, require_match, unchanged

__all__ = ["router", "seed"]

router = contract_router("permits")

_POLL_AFTER_S: Final = "1"

_ROLES: Final = ("permits:apply", "permits:review", "permits:decide", "permits:issue")


Filter = Annotated[str | None, Query(max_length=200)]
Applying = Annotated[Caller, Depends(requires("permits:apply"))]
Acting = Annotated[Caller, Depends(requires(*_ROLES))]
Reading = Annotated[Caller, Depends(requires("permits:read", *_ROLES))]


@router.get("/types", operation_id="permits.types")
def types(page: Paging, db: Db, caller: Reading, language: Language) -> Page[PermitType]:
    """The published permit types (*jenis izin*), each in its newest version."""
    rows, cursor = page.rows(db, select(TypeRow).where(TypeRow.published), TypeRow.serial)
    found = [CatalogueType.model_validate(row.body).public(language) for row in rows]
    return Page(data=found, next_cursor=cursor)


@router.get("/types/{code}", operation_id="permits.types.get", responses=responses(404))
def type_by_code(code: str, db: Db, caller: Reading, language: Language) -> PermitType:
    """One permit type in its newest published version."""
    found = find_type(db, code)
    if found is None:
        raise Problem("not_found")
    return found.public(language)


@router.post(
    "/applications",
    operation_id="permits.applications.start",
    status_code=201,
    responses=responses(400, 409, 413),
)
def start(body: StartApplication, response: Response, db: Db, here: Here, caller: Applying) -> Application:
    """Begin an application as a draft."""
    party = Party.of(caller, here.clock.now())
    case = service.start(db, body, party)
    response.headers["Location"] = f"/v1/permits/applications/{case.application_id}"
    return _shown(response, case, party)


@router.get("/applications", operation_id="permits.applications.list")
def applications(
    *,
    page: Paging,
    db: Db,
    here: Here,
    caller: Reading,
    status: Filter = None,
    stage: Filter = None,
    permit_type_code: Filter = None,
    updated_after: Annotated[Moment | None, Query()] = None,
    client_reference: Filter = None,
) -> Page[Application]:
    """The caller's applications; an officer's list holds everybody's."""
    party = Party.of(caller, here.clock.now())
    wanted = applications_at(
        party.now,
        status=status,
        stage=stage,
        permit_type_code=permit_type_code,
        updated_after=updated_after,
        client_reference=client_reference,
        client_id=None if party.is_officer else party.client_id,
    )
    rows, cursor = page.rows(db, wanted, ApplicationRow.serial, newest_first=True)
    cases = [read_case(row, party.now) for row in rows]
    return Page(data=[application_view(case, party.actors(case)) for case in cases], next_cursor=cursor)


@router.get(
    "/applications/{application_id}",
    operation_id="permits.applications.get",
    response_model=Application,
    responses={**responses(404), 304: {"description": "The caller holds this version"}},
)
def application(
    *, application_id: str, request: Request, response: Response, db: Db, here: Here, caller: Reading
) -> Response | Application:
    """One application. While an office has it, `Retry-After` says when to ask again."""
    party = Party.of(caller, here.clock.now())
    case = service.find_application(db, application_id, party).case
    same = unchanged(request, case.version)
    if same is not None:
        _hint(same, case)
        return same
    return _shown(response, case, party)


@router.patch(
    "/applications/{application_id}",
    operation_id="permits.applications.change",
    responses=responses(400, 404, 409, 412, 413, 428),
)
def change(
    *,
    application_id: str,
    body: ChangeApplication,
    request: Request,
    response: Response,
    db: Db,
    here: Here,
    caller: Applying,
) -> Application:
    """Change the form or the place of a draft or returned application."""
    party = Party.of(caller, here.clock.now())
    found = service.find_application(db, application_id, party)
    require_match(request, found.case.version)
    return _shown(response, service.change(db, found, body, party), party)


@router.post(
    "/applications/{application_id}/documents",
    operation_id="permits.applications.attach",
    status_code=201,
    responses=responses(400, 404, 409, 413, 415),
    openapi_extra=takes_files(IMAGE_OR_PDF),
)
def attach(
    application_id: str, upload: Annotated[AttachDocument, File()], db: Db, here: Here, caller: Applying
) -> Document:
    """Attach a document; with `replaces` it takes the place of another of its kind."""
    party = Party.of(caller, here.clock.now())
    found = service.find_application(db, application_id, party)
    return service.attach(db, found, upload, party)


@router.post(
    "/applications/{application_id}/submit",
    operation_id="permits.applications.submit",
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
) -> Application:
    """Hand in a draft, or hand in a returned application again. `If-Match` is honoured, not required."""
    party = Party.of(caller, here.clock.now())
    found = service.find_application(db, application_id, party)
    if "if-match" in request.headers:
        require_match(request, found.case.version)
    return _shown(response, service.submit(db, found, party), party)


@router.post(
    "/applications/{application_id}/transitions",
    operation_id="permits.applications.transition",
    responses=responses(400, 404, 409, 412, 413, 428),
)
def transition(
    *,
    application_id: str,
    body: TransitionRequest,
    request: Request,
    response: Response,
    db: Db,
    here: Here,
    caller: Acting,
) -> Application:
    """Do an action; each has its own scope, the table is in contract-v1 section 3."""
    party = Party.of(caller, here.clock.now())
    action = Action(body.action)
    service.check_role(action, party)
    found = service.find_application(db, application_id, party)
    require_match(request, found.case.version)
    if action in (Action.SUBMIT, Action.RESUBMIT):
        return _shown(response, service.submit(db, found, party, action), party)
    case = service.transition(found, body, party)
    if action == Action.ISSUE:
        case = issue_licence(db, case, here.city.code, here.keys, party.now)
    return _shown(response, found.write(db, case, party.now), party)


@router.get("/applications/{application_id}/fees", operation_id="permits.applications.fees", responses=responses(404))
def fees(application_id: str, page: Paging, db: Db, here: Here, caller: Reading) -> Page[Fee]:
    """What is owed for an application, with the code to pay it by once it is billed."""
    fee = service.find_application(db, application_id, Party.of(caller, here.clock.now())).case.fee
    owed, cursor = page.items([] if fee is None else [fee_view(fee)])
    return Page(data=list(owed), next_cursor=cursor)


@router.get("/licences/{licence_id}", operation_id="permits.licences.get", responses=responses(404))
def licence(licence_id: str, db: Db, here: Here, caller: Reading) -> Licence:
    """An issued permit with its verifiable QR payload."""
    return find_licence(db, licence_id, Party.of(caller, here.clock.now()))


def _shown(response: Response, case: Case, party: Party) -> Application:
    response.headers["ETag"] = etag(case.version)
    _hint(response, case)
    return application_view(case, party.actors(case))


def _hint(response: Response, case: Case) -> None:
    if case.waiting_on not in ("applicant", "none"):
        response.headers["Retry-After"] = _POLL_AFTER_S
