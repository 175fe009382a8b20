"""Civil registration (*adminduk*): applications for the documents of a life."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from egov_serang.core.bind import M, Service, Steps, flow, operation, paginated
from egov_serang.core.call import Call
from egov_serang.core.file import File, FileSource
from egov_serang.core.paging import Paged
from egov_serang.models.civil import (
    CivilAction,
    CivilApplicant,
    CivilApplication,
    CivilDelivery,
    CivilEvent,
    CivilService,
    CivilStatus,
    CivilSubject,
)
from egov_serang.models.permits import Document
from egov_serang.services.arguments import needed_version, text
from egov_serang.services.waiting import wait_until

_SETTLED: Final = frozenset(
    {
        CivilStatus.RETURNED,
        CivilStatus.ISSUED,
        CivilStatus.COLLECTED,
        CivilStatus.REJECTED,
        CivilStatus.WITHDRAWN,
    }
)


class CivilWire(Protocol):
    """What a wire for civil registration can build."""

    def services(self, limit: int | None, cursor: str | None) -> Paged[CivilService]: ...
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
    ) -> Call[CivilApplication]: ...
    def attach(self, application_id: str, kind: str, file: File) -> Call[Document]: ...
    def submit(self, application_id: str, version: int | None) -> Call[CivilApplication]: ...
    def get(self, application_id: str) -> Call[CivilApplication]: ...
    def changed(self, application_id: str, etag: str | None) -> Call[CivilApplication | None]: ...
    def list(
        self,
        *,
        status: str | None,
        service_code: str | None,
        updated_after: datetime | None,
        client_reference: str | None,
        limit: int | None,
        cursor: str | None,
    ) -> Paged[CivilApplication]: ...
    def transition(
        self, application_id: str, version: int, action: str, fields: Mapping[str, Any]
    ) -> Call[CivilApplication]: ...
    def history(self, application_id: str, limit: int | None, cursor: str | None) -> Paged[CivilEvent]: ...


class CivilApplications(Service[M], path="identity.applications"):
    """Applications for documents of the civil registry (*permohonan dokumen kependudukan*)."""

    wire: CivilWire

    @operation
    def start(
        self,
        service_code: str,
        *,
        applicant: CivilApplicant,
        variant: str | None = None,
        subjects: Sequence[CivilSubject] = (),
        form: Mapping[str, Any] | None = None,
        delivery: CivilDelivery | None = None,
        client_reference: str | None = None,
    ) -> Call[CivilApplication]:
        """Open a draft application.

        Args:
            service_code: from `identity.civil_services()`, such as `akta_kelahiran`.
            applicant: a verified person, and what they are to whom it is about.
            variant: one of the service's `variants`, where it has any.
            subjects: the persons the document is about.
            form: the service's form, by its JSON Schema; checked whole when you submit.
            delivery: how the document is to be handed out; as a file when None.
            client_reference: your own number for it; echoed and checked.

        Returns:
            The draft.

        Raises:
            Invalid: an unknown service or variant, or a malformed field.

        Source: contract-v1 section 4.
        """
        return self.wire.start(
            text("service_code", service_code, 100),
            applicant=applicant,
            variant=variant,
            subjects=subjects,
            form=form,
            delivery=delivery,
            client_reference=client_reference,
        )

    @operation
    def attach(self, application_id: str, kind: str, file: FileSource) -> Call[Document]:
        """Attach a document.

        Args:
            application_id: of the draft or returned application.
            kind: one of the service's `required_documents`.
            file: a path, bytes, an open binary file, or a `File` (which can tell its progress); streamed.

        Raises:
            Invalid: the file cannot be read, is too large or of a kind not taken.
            NotFound: there is no such application.

        Source: contract-v1 section 4.
        """
        return self.wire.attach(application_id, text("kind", kind, 100), File.of(file))

    @operation
    def submit(self, application: CivilApplication | str, *, version: int | None = None) -> Call[CivilApplication]:
        """Hand a draft in, or hand a returned application in again.

        Args:
            application: the application, or its id.
            version: submit only this version of it; whatever it holds by now when None (attaching makes a new one).

        Returns:
            The application, now waiting for the registry: `wait_for` follows it.

        Raises:
            Invalid: documents are missing (`documents_incomplete`) or the form is incomplete.
            InvalidTransition: it is not a draft or returned.
            Conflict: it is not at that version any more.

        Source: contract-v1 section 4.
        """
        return self.wire.submit(_number(application), version)

    @operation
    def get(self, application_id: str) -> Call[CivilApplication]:
        """Read an application.

        Args:
            application_id: of the application.

        Raises:
            NotFound: there is none, or this client may not see it.

        Source: contract-v1 section 4.
        """
        return self.wire.get(application_id)

    @paginated
    def list(
        self,
        *,
        status: CivilStatus | str | None = None,
        service_code: str | None = None,
        updated_after: datetime | None = None,
        client_reference: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Paged[CivilApplication]:
        """Applications, newest first.

        Args:
            status: only those in this status.
            service_code: only this service.
            updated_after: only those changed at this time or later; needs a time zone.
            client_reference: only the one with this number of yours.
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`.

        Source: contract-v1 section 4.
        """
        return self.wire.list(
            status=status,
            service_code=service_code,
            updated_after=updated_after,
            client_reference=client_reference,
            limit=limit,
            cursor=cursor,
        )

    @paginated
    def history(self, application_id: str, *, limit: int | None = None, cursor: str | None = None) -> Paged[CivilEvent]:
        """The steps an application took, oldest first.

        Args:
            application_id: of the application.
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`.

        Source: contract-v1 section 4.
        """
        return self.wire.history(application_id, limit, cursor)

    @operation
    def transition(
        self,
        application: CivilApplication | str,
        action: CivilAction | str,
        *,
        version: int | None = None,
        comment: str | None = None,
        reason_code: str | None = None,
    ) -> Call[CivilApplication]:
        """Do something to an application: start the review, return, approve, issue, hand over, withdraw ...

        Args:
            application: as you read it (its version guards against changes in between), or its id with `version=`.
            action: one of `application.allowed_actions`.
            version: the version you decided on, where only the id is given.
            comment: shown to the other side; needed to return or reject.
            reason_code: why, as a code.

        Returns:
            The application after it.

        Raises:
            InvalidTransition: not in this state; `allowed_actions` says what is.
            Conflict: somebody changed it since you read it: reload and decide again.
            Forbidden: this client may not.

        Source: contract-v1 sections 1 and 4.
        """
        if isinstance(application, CivilApplication):
            version = application.version if version is None else version
        fields = {"comment": comment, "reason_code": reason_code}
        return self.wire.transition(_number(application), needed_version(version), action, fields)

    @flow
    async def wait_for(
        self,
        step: Steps,
        application: CivilApplication | str,
        until: Collection[CivilStatus | str] = _SETTLED,
        timeout: float = 60.0,
    ) -> CivilApplication:
        """Wait until an application reaches a status; by default until the registry wants or decided something.

        Args:
            application: the application or its id; all that a restarted process needs.
            until: statuses to stop at.
            timeout: seconds for the whole wait, in place of the client's deadline.

        Returns:
            The application in one of these statuses.

        Raises:
            DeadlineExceeded: the time is over first. Nothing is lost: call it again.
            NotFound: there is no such application.

        Source: contract-v1 section 4; conditional reads (RFC 9110 section 13.1.2) at the service's Retry-After.
        """
        number, wanted = _number(application), frozenset(until)
        return await wait_until(
            step, lambda etag: self.wire.changed(number, etag), lambda now: now.status in wanted, timeout
        )


def _number(application: CivilApplication | str) -> str:
    return application.application_id if isinstance(application, CivilApplication) else application
