"""From the documents of an Open311 server to what users hold. A wrong shape is an `UnexpectedReply`, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel

from egov_serang.core.decode import fitted
from egov_serang.core.message import Response
from egov_serang.core.paging import Page
from egov_serang.errors import NotFound, UnexpectedReply
from egov_serang.models.attributes import AttributeDefinition, AttributeType
from egov_serang.models.complaints import (
    AuthorRole,
    Complaint,
    ComplaintStatus,
    Service,
    ServiceDefinition,
    ServiceType,
    SubmissionToken,
    Update,
)
from egov_serang.models.open311 import Open311Discovery
from egov_serang.wires.open311.documents import listed, plain
from egov_serang.wires.open311.errors import refuse_hidden
from egov_serang.wires.open311.shapes import (
    AttributeShape,
    DefinitionShape,
    ReceiptShape,
    RequestShape,
    ServiceShape,
    UpdateShape,
)
from egov_serang.wires.open311.statuses import status_of

_RENAMED: Final = frozenset(
    {"service_request_id", "requested_datetime", "updated_datetime", "expected_datetime", "address"}
)


def services(response: Response) -> Page[Service]:
    """The catalogue. Open311 gives it whole."""
    document = _document(response)
    found = fitted(list[ServiceShape], listed(document, "services", "service"), what="a list of services")
    return Page[Service](data=tuple(_service(one) for one in found))


def definition(response: Response) -> ServiceDefinition:
    """The further fields of a category. Its name and type stand in the catalogue alone."""
    items = listed(_document(response), "service_definition", "service_definition")
    if len(items) != 1:
        raise UnexpectedReply("the answer is not one service definition", code="wrong_shape", sent="yes")
    found = fitted(DefinitionShape, items[0], what="a service definition")
    return ServiceDefinition(
        service_code=found.service_code,
        service_name="",
        type=ServiceType("unknown"),
        metadata=True,
        attributes=tuple(_attribute(number, one) for number, one in enumerate(found.attributes, 1)),
    )


@dataclass(frozen=True, slots=True)
class Submitted:
    """Read the answer to a submission: a number, a token, or neither (type `blackbox`)."""

    service_code: str

    def __call__(self, response: Response) -> Complaint:
        items = listed(_document(response), "service_requests", "request")
        receipts = fitted(list[ReceiptShape], items, what="a receipt of a request")
        if len(receipts) > 1:
            raise UnexpectedReply("the answer holds more than one receipt", code="wrong_shape", sent="yes")
        receipt = receipts[0] if receipts else ReceiptShape()
        return Complaint(
            **_extras(receipt.model_extra or {}),
            complaint_id=receipt.service_request_id or "",
            token=receipt.token,
            service_code=self.service_code,
            status=ComplaintStatus("open"),
            version=0,
        )


@dataclass(frozen=True, slots=True)
class Token:
    """Read the number behind a token."""

    token: str

    def __call__(self, response: Response) -> SubmissionToken:
        items = listed(_document(response), "service_requests", "request")
        found = fitted(list[ReceiptShape], items, what="a token")
        if not found:
            raise _nothing("token")
        if found[0].token not in {None, self.token}:
            raise _unbound(response, "token")
        return SubmissionToken(token=self.token, complaint_id=found[0].service_request_id)


@dataclass(frozen=True, slots=True)
class One:
    """Read one request, which Open311 gives as a list of one."""

    complaint_id: str

    def __call__(self, response: Response) -> Complaint:
        found = _requests(response)
        if not found:
            raise _nothing("complaint")
        if len(found) > 1 or found[0].complaint_id != self.complaint_id:
            raise _unbound(response, "complaint")
        return found[0]


def requests(response: Response) -> Page[Complaint]:
    """A list of requests, and the number of the next page where the server has pages (6Aika)."""
    return Page[Complaint](data=tuple(_requests(response)), next_cursor=_next_page(response))


@dataclass(frozen=True, slots=True)
class Updates:
    """Read the updates of one request out of those of all (mySociety)."""

    complaint_id: str

    def __call__(self, response: Response) -> Page[Update]:
        document = listed(_document(response), "service_requests_updates", "request_update")
        found = fitted(list[UpdateShape], document, what="a list of updates")
        mine = [one for one in found if one.service_request_id == self.complaint_id]
        return Page[Update](data=tuple(_update(one) for one in mine))


def discovery(response: Response) -> Open311Discovery:
    """The discovery document."""
    return fitted(Open311Discovery, _flat(_document(response)), what="a discovery document")


def _document(response: Response) -> object:
    document = plain(response)
    refuse_hidden(response, document)
    return document


def _requests(response: Response) -> list[Complaint]:
    items = listed(_document(response), "service_requests", "request")
    return [_complaint(one) for one in fitted(list[RequestShape], items, what="a list of requests")]


def _service(found: ServiceShape) -> Service:
    return Service(
        **_extras(found.model_extra or {}, Service),
        service_code=found.service_code,
        service_name=found.service_name or found.service_code,
        description=found.description or "",
        keywords=found.keywords,
        group=found.group,
        type=ServiceType((found.type or "realtime").lower()),
        metadata=found.metadata,
    )


def _attribute(number: int, found: AttributeShape) -> AttributeDefinition:
    beyond = {
        "description": found.description,
        "variable": found.variable,
        "names": {one.key: one.name or one.key for one in found.values},
    }
    return AttributeDefinition(
        **_extras({**(found.model_extra or {}), **beyond}, AttributeDefinition),
        code=found.code,
        datatype=AttributeType((found.datatype or "string").lower()),
        required=found.required and found.variable,  # what is not variable is there to be read
        order=found.order or number,
        values=tuple(one.key for one in found.values),
        datatype_description=found.datatype_description or found.description or "",
    )


def _complaint(found: RequestShape) -> Complaint:
    detailed = found.extended_attributes.detailed_status if found.extended_attributes else None
    times = {name: _moment(getattr(found, f"{name}_datetime")) for name in ("requested", "updated", "expected")}
    # A time without its zone names no moment: it stays as it came, for the caller to read as he knows the city.
    zoneless = {f"{n}_datetime": getattr(found, f"{n}_datetime") for n, moment in times.items() if moment is None}
    more = found.model_dump(include={"extended_attributes"}, exclude_none=True)
    return Complaint(
        **_extras({**(found.model_extra or {}), **more}),
        **{name: text for name, text in zoneless.items() if text},
        complaint_id=found.service_request_id,
        service_code=found.service_code or "",
        status=status_of(found.status, detailed),
        status_detail=detailed or found.status,
        status_notes=found.status_notes,
        description=found.description or "",
        agency_responsible=found.agency_responsible,
        address_string=found.address,
        address_id=found.address_id,
        lat=found.lat,
        long=found.long,
        requested_at=times["requested"],
        updated_at=times["updated"],
        expected_at=times["expected"],
        version=0,
    )


def _update(found: UpdateShape) -> Update:
    created = _moment(found.updated_datetime)
    if created is None:
        raise UnexpectedReply("an update has no time with its zone", code="wrong_shape", sent="yes")
    return Update(
        **_extras(found.model_extra or {}, Update),
        update_id=found.update_id,
        complaint_id=found.service_request_id,
        author_role=AuthorRole("unknown"),  # mySociety does not say who wrote it
        description=found.description or "",
        status_after=status_of(found.status) if found.status else None,
        created_at=created,
    )


def _extras(given: Mapping[str, Any], model: type[BaseModel] = Complaint) -> dict[str, Any]:
    """What the server says beyond our words, under its own names."""
    taken = model.model_fields.keys() | _RENAMED
    return {name: value for name, value in given.items() if name.isidentifier() and name not in taken}


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _next_page(response: Response) -> str | None:
    """The number of the next page. The address it comes in is never followed: it may lead anywhere."""
    try:
        pages = parse_qs(urlsplit(response.headers.get("x-next-page-url", "")).query).get("page", [])
    except ValueError:
        return None
    return pages[0] if pages and pages[0].isascii() and pages[0].isdecimal() else None


def _flat(document: object) -> object:
    return document["discovery"] if isinstance(document, dict) and "discovery" in document else document  # pyright: ignore[reportUnknownVariableType]


def _nothing(what: str) -> NotFound:
    return NotFound(f"the service knows no such {what}", status=404, code="not_found")


def _unbound(response: Response, what: str) -> UnexpectedReply:
    response.condemn()
    return UnexpectedReply(f"the answer is about another {what} than asked for", code="unbound_answer", sent="yes")
