"""Permits over the gateway (contract-v1 section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from egov_serang.core.body import given
from egov_serang.core.call import Call
from egov_serang.core.decode import Decode
from egov_serang.core.paging import Page, Paged
from egov_serang.models.complaints import Location
from egov_serang.models.permits import Applicant, Application, Licence, PermitType
from egov_serang.wires.gateway.applications import ApplicationCalls
from egov_serang.wires.gateway.calls import get, listing, post

_APPLICATIONS = "/v1/permits/applications"


class PermitsGateway(ApplicationCalls[Application]):
    """Builds the calls of `client.permits` and the services under it."""

    def __init__(self) -> None:
        super().__init__("permits.applications", _APPLICATIONS, Application)

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

    def licence(self, licence_id: str) -> Call[Licence]:
        path = "/v1/permits/licences/{licence_id}"
        return get("permits.licences.get", path, Decode(Licence), {"licence_id": licence_id})
