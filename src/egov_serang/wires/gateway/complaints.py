"""Complaints over the gateway (contract-v1 section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Literal

from egov_serang.core.body import Multipart, given
from egov_serang.core.call import Call
from egov_serang.core.decode import Decode, Streamed
from egov_serang.core.file import File
from egov_serang.core.message import Response
from egov_serang.core.paging import Page, Paged
from egov_serang.core.reply import Download
from egov_serang.errors import UnsupportedOperation
from egov_serang.model import Model
from egov_serang.models.complaints import (
    Change,
    Complaint,
    ComplaintStatus,
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
from egov_serang.types import UNSET, Unset
from egov_serang.wires.gateway.calls import feed, get, listing, post, query

_BASE: Final = "/v1/complaints"
_CASE: Final = _BASE + "/cases/{complaint_id}"
_PARTS: Final = _CASE + "/media/{media_id}/parts"


class _Receipt(Model):
    token: str | None = None
    client_reference: str | None = None


@dataclass(frozen=True, slots=True)
class _Submitted:
    """Read the answer to a submission: a complaint, or 202 with what a category answers that gives no number yet."""

    service_code: str

    def __call__(self, response: Response) -> Complaint:
        if response.status != HTTPStatus.ACCEPTED:
            return Decode(Complaint)(response)
        receipt = Decode(_Receipt)(response)
        return Complaint(
            complaint_id="",
            token=receipt.token,
            service_code=self.service_code,
            status=ComplaintStatus.SUBMITTED,
            client_reference=receipt.client_reference,
            version=0,
        )


class ComplaintsGateway:
    """Builds the calls of `client.complaints`."""

    attaches: Literal[True] = True

    def discovery(self) -> Call[Open311Discovery]:
        raise UnsupportedOperation(
            "the gateway has no Open311 discovery document",
            code="unsupported",
            hint="Set complaints_wire = 'open311' and open311_url for a city that has one",
        )

    def services(self, lat: float | None, long: float | None, limit: int | None, cursor: str | None) -> Paged[Service]:
        path = _BASE + "/services"
        return listing("complaints.services", path, Page[Service], lat=lat, long=long, limit=limit, cursor=cursor)

    def service(self, service_code: str) -> Call[ServiceDefinition]:
        path, params = _BASE + "/services/{service_code}", {"service_code": service_code}
        return get("complaints.service", path, Decode(ServiceDefinition), params)

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
        if media_url is not None:
            raise UnsupportedOperation(
                "the gateway takes photos themselves, not their addresses",
                code="unsupported",
                hint="Give photos= in place of media_url=",
            )
        body = given(
            service_code=service_code,
            description=description,
            attributes=attributes,
            reporter=reporter.model_dump(exclude_none=True) if reporter else None,
            visibility="confidential" if confidential else None,
            anonymous=anonymous or None,
            client_reference=client_reference,
        )
        if location is not None:
            body.update(location.model_dump(exclude_none=True))
        decode = _Submitted(service_code)
        return post("complaints.submit", _BASE + "/cases", decode, body, client_reference=client_reference)

    def token(self, token: str) -> Call[SubmissionToken]:
        return get("complaints.token", _BASE + "/tokens/{token}", Decode(SubmissionToken), {"token": token})

    def duplicates(
        self, service_code: str, description: str, *, location: Location, radius: float | None
    ) -> Call[Duplicates]:
        place = location.model_dump(exclude_none=True, include={"lat", "long", "area_code"})
        body = given(service_code=service_code, description=description, radius=radius, **place)
        return post("complaints.duplicates", _BASE + "/duplicate-checks", Decode(Duplicates), body)

    def attach(self, complaint_id: str, file: File, visibility: str | None) -> Call[Media]:
        fields = () if visibility is None else (("visibility", str(visibility)),)
        body = Multipart((("file", file),), fields)
        return post("complaints.attach", _CASE + "/media", Decode(Media), body, {"complaint_id": complaint_id})

    def open_upload(
        self, complaint_id: str, file: File, *, size: int, sha256: str, visibility: str | None
    ) -> Call[Media]:
        body = given(
            filename=file.filename,
            media_type=file.media_type,
            size=size,
            sha256=sha256,
            visibility=None if visibility is None else str(visibility),
        )
        return post("complaints.upload", _CASE + "/uploads", Decode(Media), body, {"complaint_id": complaint_id})

    def upload_state(self, complaint_id: str, media_id: str) -> Call[Media]:
        params = {"complaint_id": complaint_id, "media_id": media_id}
        return get("complaints.upload_state", _PARTS, Decode(Media), params)

    def upload_part(self, complaint_id: str, media_id: str, start: int, part: File) -> Call[Media]:
        params = {"complaint_id": complaint_id, "media_id": media_id}
        body = Multipart((("file", part),), (("start", str(start)),))
        return post("complaints.upload_part", _PARTS, Decode(Media), body, params)

    def download(self, complaint_id: str, media_id: str) -> Call[Download]:
        params = {"complaint_id": complaint_id, "media_id": media_id}
        call = get("complaints.download", _CASE + "/media/{media_id}", Streamed(), params)
        return Call(
            call.operation,
            call.method,
            call.path,
            call.decode,
            call.read_error,
            params,
            headers=(("accept", "*/*"),),
            stream=True,
        )

    def get(self, complaint_id: str) -> Call[Complaint]:
        return get("complaints.get", _CASE, Decode(Complaint), {"complaint_id": complaint_id})

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
        if submitted_after is not None or submitted_before is not None:
            raise UnsupportedOperation(
                "the gateway lists complaints by when they were changed, not by when they were submitted",
                code="unsupported",
                hint="Give updated_after=",
            )
        return listing(
            "complaints.list",
            _BASE + "/cases",
            Page[Complaint],
            status=status,
            service_code=service_code,
            area_code=area_code,
            bbox=bbox,
            near=near,
            radius=radius,
            q=q,
            updated_after=updated_after,
            assigned_to=assigned_to,
            overdue=overdue,
            client_reference=client_reference,
            limit=limit,
            cursor=cursor,
        )

    def change(
        self, complaint_id: str, version: int, location: Location | Unset, fields: Mapping[str, Any]
    ) -> Call[Complaint]:
        # None empties a field here, so what was not given must not be there at all.
        body = {name: value for name, value in fields.items() if value is not UNSET}
        if location is not UNSET:
            body |= location.model_dump(exclude_unset=True)
        params = {"complaint_id": complaint_id}
        return post("complaints.change", _CASE, Decode(Complaint), body, params, version=version, method="PATCH")

    def transition(self, complaint_id: str, version: int, action: str, fields: Mapping[str, Any]) -> Call[Complaint]:
        return post(
            "complaints.transition",
            _CASE + "/transitions",
            Decode(Complaint),
            given(action=action, **fields),
            {"complaint_id": complaint_id},
            version=version,
        )

    def updates(self, complaint_id: str, limit: int | None, cursor: str | None) -> Paged[Update]:
        params = {"complaint_id": complaint_id}
        return listing("complaints.updates", _CASE + "/updates", Page[Update], params, limit=limit, cursor=cursor)

    def comment(self, complaint_id: str, text: str, visibility: str | None, media_ids: Sequence[str]) -> Call[Update]:
        body = given(description=text, visibility=visibility, media_ids=list(media_ids) or None)
        return post("complaints.comment", _CASE + "/updates", Decode(Update), body, {"complaint_id": complaint_id})

    def changes(self, limit: int | None, cursor: str | None) -> Paged[Change]:
        return feed("complaints.changes", _BASE + "/changes", Page[Change], limit=limit, cursor=cursor)

    def statistics(
        self, *, service_code: str | None, area_code: str | None, since: datetime | None, until: datetime | None
    ) -> Call[Statistics]:
        asked = query(service_code=service_code, area_code=area_code, since=since, until=until)
        return get("complaints.statistics", _BASE + "/statistics", Decode(Statistics), query=asked)
