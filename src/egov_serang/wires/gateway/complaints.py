"""Complaints over the gateway (contract-v1 section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from egov_serang.core.body import Multipart, given
from egov_serang.core.call import Call
from egov_serang.core.decode import Decode, Streamed
from egov_serang.core.file import File
from egov_serang.core.paging import Page, Paged
from egov_serang.core.reply import Download
from egov_serang.models.complaints import Complaint, Location, Media, Reporter, Service
from egov_serang.wires.gateway.calls import get, listing, post

_CASE = "/v1/complaints/cases/{complaint_id}"


class ComplaintsGateway:
    """Builds the calls of `client.complaints`."""

    def services(self, limit: int | None, cursor: str | None) -> Paged[Service]:
        return listing("complaints.services", "/v1/complaints/services", Page[Service], limit=limit, cursor=cursor)

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
    ) -> Call[Complaint]:
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
        return post(
            "complaints.submit", "/v1/complaints/cases", Decode(Complaint), body, client_reference=client_reference
        )

    def attach(self, complaint_id: str, file: File) -> Call[Media]:
        params = {"complaint_id": complaint_id}
        return post("complaints.attach", _CASE + "/media", Decode(Media), Multipart((("file", file),)), params)

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
        updated_after: datetime | None,
        client_reference: str | None,
        limit: int | None,
        cursor: str | None,
    ) -> Paged[Complaint]:
        return listing(
            "complaints.list",
            "/v1/complaints/cases",
            Page[Complaint],
            status=status,
            service_code=service_code,
            area_code=area_code,
            updated_after=updated_after,
            client_reference=client_reference,
            limit=limit,
            cursor=cursor,
        )

    def transition(self, complaint_id: str, version: int, action: str, fields: Mapping[str, Any]) -> Call[Complaint]:
        return post(
            "complaints.transition",
            _CASE + "/transitions",
            Decode(Complaint),
            given(action=action, **fields),
            {"complaint_id": complaint_id},
            version=version,
        )
