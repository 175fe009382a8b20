"""Civil registration over the gateway (contract-v1 section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from egov_serang.core.body import given
from egov_serang.core.call import Call
from egov_serang.core.decode import Decode
from egov_serang.core.paging import Page, Paged
from egov_serang.models.civil import (
    CivilApplicant,
    CivilApplication,
    CivilDelivery,
    CivilEvent,
    CivilService,
    CivilSubject,
)
from egov_serang.wires.gateway.applications import ApplicationCalls
from egov_serang.wires.gateway.calls import listing, post

_APPLICATIONS: Final = "/v1/identity/applications"


class CivilGateway(ApplicationCalls[CivilApplication]):
    """Builds the calls of `client.identity.civil_services` and `client.identity.applications`."""

    def __init__(self) -> None:
        super().__init__("identity.applications", _APPLICATIONS, CivilApplication)

    def services(self, limit: int | None, cursor: str | None) -> Paged[CivilService]:
        path = "/v1/identity/civil-services"
        return listing("identity.civil_services", path, Page[CivilService], limit=limit, cursor=cursor)

    def start(
        self,
        service_code: str,
        *,
        applicant: CivilApplicant,
        variant: str | None,
        subjects: Sequence[CivilSubject],
        form: Mapping[str, Any] | None,
        delivery: CivilDelivery | None,
        client_reference: str | None,
    ) -> Call[CivilApplication]:
        body = given(
            service_code=service_code,
            variant=variant,
            applicant=applicant.model_dump(exclude_none=True),
            subjects=[subject.model_dump(exclude_none=True) for subject in subjects] or None,
            form=form,
            delivery=delivery.model_dump(exclude_none=True) if delivery else None,
            client_reference=client_reference,
        )
        return post(
            "identity.applications.start",
            _APPLICATIONS,
            Decode(CivilApplication),
            body,
            client_reference=client_reference,
        )

    def list(
        self,
        *,
        status: str | None,
        service_code: str | None,
        updated_after: datetime | None,
        client_reference: str | None,
        limit: int | None,
        cursor: str | None,
    ) -> Paged[CivilApplication]:
        return listing(
            "identity.applications.list",
            _APPLICATIONS,
            Page[CivilApplication],
            status=status,
            service_code=service_code,
            updated_after=updated_after,
            client_reference=client_reference,
            limit=limit,
            cursor=cursor,
        )

    def history(self, application_id: str, limit: int | None, cursor: str | None) -> Paged[CivilEvent]:
        path = _APPLICATIONS + "/{application_id}/history"
        params = {"application_id": application_id}
        return listing("identity.applications.history", path, Page[CivilEvent], params, limit=limit, cursor=cursor)
