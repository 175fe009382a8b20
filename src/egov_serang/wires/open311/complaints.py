"""Complaints over Open311 GeoReport v2, with what 6Aika and mySociety added to it where a city has that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Never, TypeVar

from egov_serang.core.body import FormBody, Multipart
from egov_serang.core.call import Call, Decoder
from egov_serang.core.file import File
from egov_serang.core.message import Body
from egov_serang.core.paging import Page, Paged
from egov_serang.core.reply import Download, Reply
from egov_serang.errors import UnsupportedOperation
from egov_serang.models.complaints import (
    Change,
    Complaint,
    Duplicates,
    Location,
    Media,
    Reporter,
    Service,
    ServiceDefinition,
    Statistics,
    SubmissionToken,
    Update,
)
from egov_serang.models.open311 import Open311Discovery
from egov_serang.types import Unset
from egov_serang.wires.open311 import answers
from egov_serang.wires.open311.errors import read_error
from egov_serang.wires.open311.fields import attribute, contact, moment, number, place

T = TypeVar("T")

_ACCEPT: Final[Mapping[str, str]] = {
    "json": "application/json, text/xml;q=0.5",
    "xml": "text/xml, application/xml;q=0.9, application/json;q=0.5",
}
_CAN: Final = "Open311 can: services, service, submit, token, get, list, discovery"


@dataclass(frozen=True, slots=True)
class ComplaintsOpen311:
    """Builds the calls of `client.complaints`.

    Args:
        jurisdiction: sent as `jurisdiction_id`, where the endpoint serves several cities.
        format: `xml`, which every server speaks, or `json`.
        extensions: `6aika` and `mysociety`, where the city has them.
    """

    jurisdiction: str = ""
    format: str = "xml"
    extensions: frozenset[str] = frozenset()

    @property
    def attaches(self) -> bool:
        """Photos go with the submission, or nowhere."""
        return False

    def discovery(self) -> Call[Open311Discovery]:
        return self._get("discovery", "/discovery", answers.discovery)

    def services(self, lat: float | None, long: float | None, limit: int | None, cursor: str | None) -> Paged[Service]:
        _whole(limit, cursor, "the catalogue")
        if lat is not None or long is not None:
            self._need("mysociety", "services at a place")
        return Paged(self._get("services", "/services", answers.services, lat=lat, long=long), _no_more, _no_cursor)

    def service(self, service_code: str) -> Call[ServiceDefinition]:
        params = {"service_code": service_code}
        return self._get("service", "/services/{service_code}", answers.definition, params)

    def submit(
        self,
        service_code: str,
        description: str,
        *,
        location: Location | None,
        attributes: Mapping[str, Any] | None,
        reporter: Reporter | None,
        confidential: bool,
        anonymous: bool,
        client_reference: str | None,
        media_url: str | None = None,
        photos: Sequence[File] = (),
    ) -> Call[Complaint]:
        if photos:
            self._need("6aika", "photos with a complaint", "Give the address of one that is on the web: media_url=")
        for asked, what in (
            (confidential, "hide a complaint from the public"),
            (anonymous and reporter is not None, "keep a reporter from the agency: leave reporter out"),
            (client_reference is not None, "carry a number of yours (client_reference)"),
            (location is not None and location.area_code is not None, "name an area: give a point or an address"),
        ):
            if asked:
                _cannot(what)
        fields = [
            *self._jurisdiction(),
            ("service_code", service_code),
            *place(location),
            ("description", description),
        ]
        fields += contact(reporter)
        if media_url is not None:
            fields.append(("media_url", media_url))
        for code, value in (attributes or {}).items():
            fields += attribute(code, value)
        form = tuple(fields)
        body: Body = Multipart(tuple(("media", photo) for photo in photos), form) if photos else FormBody(form)
        return Call(
            "complaints.submit",
            "POST",
            f"/requests.{self.format}",
            answers.Submitted(service_code),
            read_error,
            headers=(("accept", _ACCEPT[self.format]),),
            body=body,
            safety="never_repeat",  # Open311 knows no idempotency keys: a second one is a second complaint
        )

    def token(self, token: str) -> Call[SubmissionToken]:
        return self._get("token", "/tokens/{token}", answers.Token(token), {"token": token})

    def get(self, complaint_id: str) -> Call[Complaint]:
        params = {"complaint_id": complaint_id}
        return self._get(
            "get", "/requests/{complaint_id}", answers.One(complaint_id), params, extensions=self._extended()
        )

    def list(
        self,
        *,
        status: str | None,
        service_code: str | None,
        area_code: str | None,
        bbox: tuple[float, float, float, float] | None,
        near: tuple[float, float] | None,
        radius: float | None,
        q: str | None,
        updated_after: datetime | None,
        assigned_to: str | None,
        overdue: bool | None,
        client_reference: str | None,
        limit: int | None,
        cursor: str | None,
        submitted_after: datetime | None = None,
        submitted_before: datetime | None = None,
    ) -> Paged[Complaint]:
        for name, given in (
            ("area_code", area_code),
            ("bbox", bbox),
            ("assigned_to", assigned_to),
            ("overdue", overdue),
            ("client_reference", client_reference),
        ):
            if given is not None:
                _cannot(f"filter by {name}")
        if status is not None and str(status) not in {"open", "closed"}:
            _cannot("filter by this state: it knows open and closed")
        for name, wanted in (("near", near), ("q", q), ("updated_after", updated_after), ("limit", limit or cursor)):
            if wanted is not None:
                self._need("6aika", f"lists by {name}")
        lat, long = near or (None, None)
        first = self._get(
            "list",
            "/requests",
            answers.requests,
            service_code=service_code,
            start_date=moment("submitted_after", submitted_after),
            end_date=moment("submitted_before", submitted_before),
            status=status,
            lat=lat,
            long=long,
            radius=radius,
            search=q,
            updated_after=moment("updated_after", updated_after),
            page_size=limit,
            page=cursor,
            extensions=self._extended(),
        )
        return Paged(first, self._next_page if "6aika" in self.extensions else _no_more, _page_of)

    def updates(self, complaint_id: str, limit: int | None, cursor: str | None) -> Paged[Update]:
        self._need("mysociety", "a thread of updates")
        _whole(limit, cursor, "a thread")
        call = self._get("updates", "/servicerequestupdates", answers.Updates(complaint_id))
        return Paged(call, _no_more, _no_cursor)

    def duplicates(
        self, service_code: str, description: str, *, location: Location, radius: float | None
    ) -> Call[Duplicates]:
        _cannot("look for duplicates")

    def attach(self, complaint_id: str, file: File, visibility: str | None) -> Call[Media]:
        _cannot("add files to a complaint: give submit photos= (6Aika) or media_url=")

    def open_upload(
        self, complaint_id: str, file: File, *, size: int, sha256: str, visibility: str | None
    ) -> Call[Media]:
        return self.attach(complaint_id, file, visibility)

    def upload_state(self, complaint_id: str, media_id: str) -> Call[Media]:
        _cannot("send a file in parts")

    def upload_part(self, complaint_id: str, media_id: str, start: int, part: File) -> Call[Media]:
        _cannot("send a file in parts")

    def download(self, complaint_id: str, media_id: str) -> Call[Download]:
        _cannot("give files: a complaint's media_url says where they are")

    def change(
        self, complaint_id: str, version: int, location: Location | Unset, fields: Mapping[str, Any]
    ) -> Call[Complaint]:
        _cannot("change what was reported")

    def transition(self, complaint_id: str, version: int, action: str, fields: Mapping[str, Any]) -> Call[Complaint]:
        _cannot("act on a complaint")

    def comment(self, complaint_id: str, text: str, visibility: str | None, media_ids: Sequence[str]) -> Call[Update]:
        _cannot("add to a thread: mySociety's updates always carry a new state, which is the agency's to give")

    def changes(self, limit: int | None, cursor: str | None) -> Paged[Change]:
        _cannot("give a feed of changes: read lists again")

    def statistics(
        self, *, service_code: str | None, area_code: str | None, since: datetime | None, until: datetime | None
    ) -> Call[Statistics]:
        _cannot("give statistics")

    def _get(
        self,
        name: str,
        path: str,
        decode: Decoder[T],
        params: Mapping[str, str] | None = None,
        **query: str | float | None,
    ) -> Call[T]:
        asked = tuple((key, number(value)) for key, value in query.items() if value is not None)
        return Call(
            f"complaints.{name}",
            "GET",
            f"{path}.{self.format}",
            decode,
            read_error,
            params or {},
            (*self._jurisdiction(), *asked),
            (("accept", _ACCEPT[self.format]),),
        )

    def _jurisdiction(self) -> tuple[tuple[str, str], ...]:
        return (("jurisdiction_id", self.jurisdiction),) if self.jurisdiction else ()

    def _extended(self) -> str | None:
        """What 6Aika's servers are asked for beside the plain answer: a finer state."""
        return "citysdk" if "6aika" in self.extensions else None

    def _need(self, extension: str, what: str, instead: str = "") -> None:
        if extension not in self.extensions:
            raise UnsupportedOperation(
                f"Open311 has no {what}",
                code="unsupported",
                hint=f"Where the city has {extension}'s extensions, set open311_extensions. {instead or _CAN}",
            )

    @staticmethod
    def _next_page(call: Call[Page[Complaint]], reply: Reply[Page[Complaint]]) -> Call[Page[Complaint]] | None:
        page = reply.data.next_cursor
        return call.with_query(page=page) if page else None


def _cannot(what: str) -> Never:
    raise UnsupportedOperation(f"Open311 cannot {what}", code="unsupported", hint=_CAN)


def _whole(limit: int | None, cursor: str | None, what: str) -> None:
    if limit is not None or cursor is not None:
        _cannot(f"give {what} in pages: leave limit and cursor out")


def _no_more(call: Call[Page[T]], reply: Reply[Page[T]]) -> None:
    return None


def _no_cursor(call: Call[Any]) -> None:
    return None


def _page_of(call: Call[Any]) -> str | None:
    return dict(call.query).get("page")
