"""Permits over the gateway (contract-v1 section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from egov_serang.core.body import File, Multipart, given
from egov_serang.core.call import Call
from egov_serang.core.decode import Decode, IfChanged
from egov_serang.core.paging import Page, Paged
from egov_serang.models.complaints import Location
from egov_serang.models.permits import Applicant, Application, Document, Licence, PermitType
from egov_serang.wires.gateway.calls import get, listing, post

_APPLICATIONS = "/v1/permits/applications"
_APPLICATION = _APPLICATIONS + "/{application_id}"


class PermitsGateway:
    """Builds the calls of `client.permits` and the services under it."""

    def types(self, limit: int | None, cursor: str | None) -> Paged[PermitType]:
        return listing("permits.types", "/v1/permits/types", Page[PermitType], limit=limit, cursor=cursor)

    def start(
        self,
        permit_type_code: str,
        *,
        applicant: Applicant,
        form: Mapping[str, Any] | None,
        location: Location | None,
        client_reference: str | None,
    ) -> Call[Application]:
        body = given(
            permit_type_code=permit_type_code,
            applicant=applicant.model_dump(exclude_none=True),
            form=form,
            location=location.model_dump(exclude_none=True) if location else None,
            client_reference=client_reference,
        )
        return post(
            "permits.applications.start", _APPLICATIONS, Decode(Application), body, client_reference=client_reference
        )

    def attach(self, application_id: str, kind: str, file: File) -> Call[Document]:
        body = Multipart((("file", file),), (("kind", kind),))
        params = {"application_id": application_id}
        return post("permits.applications.attach", _APPLICATION + "/documents", Decode(Document), body, params)

    def submit(self, application_id: str, version: int | None) -> Call[Application]:
        params = {"application_id": application_id}
        decode = Decode(Application)
        return post("permits.applications.submit", _APPLICATION + "/submit", decode, {}, params, version=version)

    def get(self, application_id: str) -> Call[Application]:
        params = {"application_id": application_id}
        return get("permits.applications.get", _APPLICATION, Decode(Application), params)

    def changed(self, application_id: str, etag: str | None) -> Call[Application | None]:
        return get(
            "permits.applications.get",
            _APPLICATION,
            IfChanged(Decode(Application)),
            {"application_id": application_id},
            if_none_match=etag,
        )

    def list(
        self,
        *,
        status: str | None,
        stage: str | None,
        permit_type_code: str | None,
        updated_after: datetime | None,
        client_reference: str | None,
        limit: int | None,
        cursor: str | None,
    ) -> Paged[Application]:
        return listing(
            "permits.applications.list",
            _APPLICATIONS,
            Page[Application],
            status=status,
            stage=stage,
            permit_type_code=permit_type_code,
            updated_after=updated_after,
            client_reference=client_reference,
            limit=limit,
            cursor=cursor,
        )

    def transition(
        self, application_id: str, version: int, action: str, fields: Mapping[str, Any]
    ) -> Call[Application]:
        return post(
            "permits.applications.transition",
            _APPLICATION + "/transitions",
            Decode(Application),
            given(action=action, **fields),
            {"application_id": application_id},
            version=version,
        )

    def licence(self, licence_id: str) -> Call[Licence]:
        path = "/v1/permits/licences/{licence_id}"
        return get("permits.licences.get", path, Decode(Licence), {"licence_id": licence_id})
