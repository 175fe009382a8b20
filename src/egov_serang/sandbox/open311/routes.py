"""GeoReport v2 over the city's complaints: read by everybody, written to with an API key.

What comes in waits in the officers' queue (`GET /v1/complaints/cases?status=submitted`). Until one has verified it, it
is in no list, and only who has its number can read it.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import Query, Response
from pydantic import BeforeValidator, JsonValue
from sqlalchemy import Select, not_, or_, select
from sqlalchemy.orm import Session

from egov_serang.models.complaints import ServiceType
from egov_serang.sandbox.complaints.catalogue import spoken
from egov_serang.sandbox.complaints.checks import category
from egov_serang.sandbox.complaints.intake import enter
from egov_serang.sandbox.complaints.states import BATCH_S, OPEN
from egov_serang.sandbox.complaints.store import ComplaintRow, shown
from egov_serang.sandbox.db import Db
from egov_serang.sandbox.fields import Moment
from egov_serang.sandbox.gate import Caller
from egov_serang.sandbox.language import Language, Word
from egov_serang.sandbox.open311 import views
from egov_serang.sandbox.open311.forms import Submission, complaint_in, media_url, one
from egov_serang.sandbox.open311.route import BASE, open311_router
from egov_serang.sandbox.open311.writing import FORMATS, document
from egov_serang.sandbox.platform import Here, Platform
from egov_serang.sandbox.problems import FieldError, Problem

EXAMPLE_KEY: Final = "sandbox-open311-key"
"""The API key of every sandbox: known to everybody, and good for nothing else."""
CLIENT_ID: Final = "open311"
"""Whose the complaints are that came in here."""
_MOST, _SPAN = 1000, timedelta(days=90)
_SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
_CHANGESET: Final = "2026-11-01T00:00:00Z"

Jurisdiction = Annotated[str | None, Query(alias="jurisdiction_id")]
Time = Annotated[Moment | None, BeforeValidator(lambda given: given or None)]
"""A parameter that is empty is as good as not given (GeoReport v2, "Optional Arguments")."""

router = open311_router()


@router.get("/discovery.{extension}", operation_id="open311.discovery")
def discovery(extension: str, here: Here) -> Response:
    """Where the service is, in which formats, and how to get a key."""
    _served(here, extension, None)
    endpoint: dict[str, JsonValue] = {
        "specification": _SPECIFICATION,
        "url": here.settings.base_url + BASE,
        "changeset": _CHANGESET,
        "type": "test",
        "formats": ["text/xml", "application/json"],
    }
    content: dict[str, JsonValue] = {
        "changeset": _CHANGESET,
        "contact": f"{here.city.name}: a sandbox for development, not a service of any government.",
        "key_service": f"The API key of every sandbox is {EXAMPLE_KEY}.",
        "endpoints": [endpoint],
    }
    return document(extension, "discovery", content)


@router.get("/services.{extension}", operation_id="open311.services")
def services(extension: str, here: Here, language: Language, jurisdiction: Jurisdiction = None) -> Response:
    """The catalogue."""
    _served(here, extension, jurisdiction)
    found = (spoken(definition, language) for definition in here.city.complaint_services.values())
    return document(extension, "services", [views.service(definition) for definition in found])


@router.get("/services/{service_code}.{extension}", operation_id="open311.service")
def service(
    service_code: str, extension: str, here: Here, language: Language, jurisdiction: Jurisdiction = None
) -> Response:
    """The further fields of a category."""
    _served(here, extension, jurisdiction)
    definition = spoken(category(here.city, service_code), language)
    return document(extension, "service_definition", views.service_definition(definition))


@router.post("/requests.{extension}", operation_id="open311.submit", status_code=201)
def submit(*, extension: str, fields: Submission, db: Db, here: Here, language: Language) -> Response:
    """Take a request."""
    _served(here, extension, one(fields, "jurisdiction_id"))
    key = one(fields, "api_key") or ""
    if not hmac.compare_digest(key.encode(), EXAMPLE_KEY.encode()):
        raise Problem("forbidden", "api_key is missing or not known.")
    code = one(fields, "service_code")
    if code is None:
        raise Problem("validation_failed", errors=[FieldError("/service_code", "required", "was not provided")])
    body = complaint_in(fields, category(here.city, code))
    address = media_url(fields)
    kept = {} if address is None else {"media_url": address}
    definition, row = enter(db, here, body, CLIENT_ID, here.clock.now(), held=True, **kept)
    number = row.complaint_id if definition.type is ServiceType.REALTIME else None
    return document(extension, "service_requests", [views.receipt(number, row.token, language)], 201)


@router.get("/requests.{extension}", operation_id="open311.list")
def requests(
    *,
    extension: str,
    service_request_id: str | None = None,
    service_code: str | None = None,
    start_date: Time = None,
    end_date: Time = None,
    status: str | None = None,
    jurisdiction: Jurisdiction = None,
    db: Db,
    here: Here,
    language: Language,
) -> Response:
    """Requests the public may see, newest first: at most 1000, of at most 90 days."""
    _served(here, extension, jurisdiction)
    wanted = select(ComplaintRow).where(ComplaintRow.visibility == "public")
    if service_request_id:  # named ones, whatever else is asked for
        wanted = _known(wanted).where(ComplaintRow.complaint_id.in_(_several(service_request_id)))
    else:
        wanted = wanted.where(not_(ComplaintRow.held))
        since, until = _period(here.clock.now(), start_date, end_date)
        wanted = wanted.where(ComplaintRow.requested_at.between(since.timestamp(), until.timestamp()))
        if service_code:
            wanted = wanted.where(ComplaintRow.service_code.in_(_several(service_code)))
        if status:
            wanted = _in_state(wanted, _several(status))
    rows = db.scalars(wanted.order_by(ComplaintRow.seq.desc()).limit(_MOST))
    content = [_request(db, here, row, language) for row in rows]
    return document(extension, "service_requests", [*content])


@router.get("/requests/{service_request_id}.{extension}", operation_id="open311.get")
def request(
    *,
    service_request_id: str,
    extension: str,
    jurisdiction: Jurisdiction = None,
    db: Db,
    here: Here,
    language: Language,
) -> Response:
    """One request."""
    _served(here, extension, jurisdiction)
    wanted = _known(select(ComplaintRow).where(ComplaintRow.visibility == "public"))
    row = db.scalar(wanted.where(ComplaintRow.complaint_id == service_request_id))
    if row is None:
        raise Problem("not_found", "service_request_id was not found.")
    return document(extension, "service_requests", [_request(db, here, row, language)])


@router.get("/tokens/{token}.{extension}", operation_id="open311.token")
def token(token: str, extension: str, db: Db, here: Here, jurisdiction: Jurisdiction = None) -> Response:
    """The number behind a token; empty until the batch has run."""
    _served(here, extension, jurisdiction)
    row = db.scalar(select(ComplaintRow).where(ComplaintRow.token == token, ComplaintRow.client_id == CLIENT_ID))
    if row is None:
        raise Problem("not_found", "token was not found.")
    ready = here.clock.timestamp() >= row.requested_at + BATCH_S
    found: dict[str, JsonValue] = {"service_request_id": row.complaint_id if ready else None, "token": token}
    return document(extension, "service_requests", [found])


def _served(here: Platform, extension: str, jurisdiction: str | None) -> None:
    """Refuse formats and cities that are not served here. The city need not be named, as there is one."""
    if extension not in FORMATS:
        raise Problem("not_found", "The format is xml or json.")
    if jurisdiction and jurisdiction != here.city.code:
        raise Problem("not_found", "jurisdiction_id was not found.")


def _known(wanted: Select[ComplaintRow]) -> Select[ComplaintRow]:
    """What may be read by its number: also what waits for moderation, if it came in here."""
    return wanted.where(or_(not_(ComplaintRow.held), ComplaintRow.client_id == CLIENT_ID))


def _request(db: Session, here: Platform, row: ComplaintRow, language: Word) -> dict[str, JsonValue]:
    anybody = Caller("", frozenset(), here.city.code)
    definition = here.city.complaint_services.get(row.service_code)
    complaint = shown(db, row, anybody, here.clock.now())
    return views.request(complaint, spoken(definition, language) if definition else None)


def _several(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _period(now: datetime, since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    """The time that is asked for: of 90 days at most, the last of them where only an end is missing."""
    end = until or (now if since is None else min(now, since + _SPAN))
    start = since or end - _SPAN
    if not start <= end <= start + _SPAN:
        raise Problem("validation_failed", errors=[FieldError("/end_date", "span", "0 to 90 days after start_date")])
    return start, end


def _in_state(wanted: Select[ComplaintRow], states: list[str]) -> Select[ComplaintRow]:
    if not {*states} <= {"open", "closed"}:
        raise Problem("validation_failed", errors=[FieldError("/status", "unknown", "open, closed")])
    if {*states} == {"open", "closed"}:
        return wanted
    is_open = ComplaintRow.status.in_(OPEN)
    return wanted.where(is_open if states == ["open"] else not_(is_open))
