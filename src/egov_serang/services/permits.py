"""Permits (*perizinan*): types, applications, licences."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Protocol

from egov_serang.core.bind import M, Service, Steps, flow, operation, paginated
from egov_serang.core.call import Call
from egov_serang.core.file import File, FileSource
from egov_serang.core.paging import Paged
from egov_serang.models.complaints import Location
from egov_serang.models.permits import (
    Applicant,
    Application,
    ApplicationAction,
    ApplicationStatus,
    Document,
    Licence,
    PermitType,
)
from egov_serang.services.arguments import needed_version, text
from egov_serang.services.waiting import wait_until

_SETTLED: Final = frozenset(
    {
        ApplicationStatus.RETURNED,
        ApplicationStatus.DETERMINED,
        ApplicationStatus.LAPSED,
        ApplicationStatus.WITHDRAWN,
    }
)


class PermitsWire(Protocol):
    """What a wire for permits can build."""

    def types(self, limit: int | None, cursor: str | None) -> Paged[PermitType]: ...
    def start(
        self,
        permit_type_code: str,
        *,
        applicant: Applicant,
        form: Mapping[str, Any] | None,
        location: Location | None,
        client_reference: str | None,
    ) -> Call[Application]: ...
    def attach(self, application_id: str, kind: str, file: File) -> Call[Document]: ...
    def submit(self, application_id: str, version: int | None) -> Call[Application]: ...
    def get(self, application_id: str) -> Call[Application]: ...
    def changed(self, application_id: str, etag: str | None) -> Call[Application | None]: ...
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
    ) -> Paged[Application]: ...
    def transition(
        self, application_id: str, version: int, action: str, fields: Mapping[str, Any]
    ) -> Call[Application]: ...
    def licence(self, licence_id: str) -> Call[Licence]: ...


class Applications(Service[M], path="permits.applications"):
    """Applications for permits (*permohonan izin*)."""

    wire: PermitsWire

    @operation
    def start(
        self,
        permit_type_code: str,
        *,
        applicant: Applicant,
        form: Mapping[str, Any] | None = None,
        location: Location | None = None,
        client_reference: str | None = None,
    ) -> Call[Application]:
        """Open a draft application.

        Args:
            permit_type_code: from `permits.types()`.
            applicant: a verified person or a business.
            form: the type's form, by its JSON Schema; checked whole when you submit.
            location: where the activity is.
            client_reference: your own number for it; echoed and checked.

        Returns:
            The draft.

        Raises:
            Invalid: an unknown type or a malformed field.

        Source: contract-v1 section 3.
        """
        return self.wire.start(
            text("permit_type_code", permit_type_code, 100),
            applicant=applicant,
            form=form,
            location=location,
            client_reference=client_reference,
        )

    @operation
    def attach(self, application_id: str, kind: str, file: FileSource) -> Call[Document]:
        """Attach a document.

        Args:
            application_id: of the draft or returned application.
            kind: one of the type's `required_documents`.
            file: a path, bytes, an open binary file, or a `File` (which can tell its progress); streamed.

        Raises:
            Invalid: the file cannot be read, is too large or of a kind not taken.
            NotFound: there is no such application.

        Source: contract-v1 section 3.
        """
        return self.wire.attach(application_id, text("kind", kind, 100), File.of(file))

    @operation
    def submit(self, application: Application | str, *, version: int | None = None) -> Call[Application]:
        """Hand a draft in, or hand a returned application in again.

        Args:
            application: the application, or its id.
            version: submit only this version of it; whatever it holds by now when None (attaching makes a new one).

        Returns:
            The application, now waiting for the authority: `wait_for` follows it.

        Raises:
            Invalid: documents are missing (`documents_incomplete`) or the form is incomplete.
            InvalidTransition: it is not a draft or returned.
            Conflict: it is not at that version any more.

        Source: contract-v1 section 3.
        """
        number = application.application_id if isinstance(application, Application) else application
        return self.wire.submit(number, version)

    @operation
    def get(self, application_id: str) -> Call[Application]:
        """Read an application.

        Args:
            application_id: of the application.

        Raises:
            NotFound: there is none, or this client may not see it.

        Source: contract-v1 section 3.
        """
        return self.wire.get(application_id)

    @paginated
    def list(
        self,
        *,
        status: ApplicationStatus | str | None = None,
        stage: str | None = None,
        permit_type_code: str | None = None,
        updated_after: datetime | None = None,
        client_reference: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Paged[Application]:
        """Applications, newest first.

        Args:
            status: only those in this status.
            stage: only those at this stage.
            permit_type_code: only this type.
            updated_after: only those changed at this time or later; needs a time zone.
            client_reference: only the one with this number of yours.
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`.

        Source: contract-v1 section 3.
        """
        return self.wire.list(
            status=status,
            stage=stage,
            permit_type_code=permit_type_code,
            updated_after=updated_after,
            client_reference=client_reference,
            limit=limit,
            cursor=cursor,
        )

    @operation
    def transition(
        self,
        application: Application | str,
        action: ApplicationAction | str,
        *,
        version: int | None = None,
        comment: str | None = None,
        reason_code: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Call[Application]:
        """Do something to an application: return, advance, decide, issue, withdraw ...

        Args:
            application: as you read it (its version guards against changes in between), or its id with `version=`.
            action: one of `application.allowed_actions`.
            version: the version you decided on, where only the id is given.
            comment: shown to the other side.
            reason_code: why, where the action asks for it.
            data: further fields of the action, such as `{"outcome": "granted"}` for `decide`.

        Returns:
            The application after it.

        Raises:
            InvalidTransition: not in this state; `allowed_actions` says what is.
            Conflict: somebody changed it since you read it: reload and decide again.
            Forbidden: this client may not.

        Source: contract-v1 sections 1 and 3.
        """
        if isinstance(application, Application):
            version = application.version if version is None else version
            application = application.application_id
        return self.wire.transition(
            application,
            needed_version(version),
            action,
            {"comment": comment, "reason_code": reason_code, "data": data},
        )

    @flow
    async def wait_for(
        self,
        step: Steps,
        application: Application | str,
        until: Collection[ApplicationStatus | str] = _SETTLED,
        timeout: float = 60.0,
    ) -> Application:
        """Wait until an application reaches a status; by default until the authority wants or decided something.

        Args:
            application: the application or its id; all that a restarted process needs.
            until: statuses to stop at.
            timeout: seconds for the whole wait, in place of the client's deadline.

        Returns:
            The application in one of these statuses.

        Raises:
            DeadlineExceeded: the time is over first. Nothing is lost: call it again.
            NotFound: there is no such application.

        Source: contract-v1 section 3; conditional reads (RFC 9110 section 13.1.2) at the service's Retry-After.
        """
        number = application.application_id if isinstance(application, Application) else application
        wanted = frozenset(until)
        return await wait_until(
            step, lambda etag: self.wire.changed(number, etag), lambda now: now.status in wanted, timeout
        )


class Licences(Service[M], path="permits.licences"):
    """Issued permits (*izin terbit*)."""

    wire: PermitsWire

    @operation
    def get(self, licence_id: str) -> Call[Licence]:
        """Read a licence.

        Args:
            licence_id: from `Application.licence_id`.

        Raises:
            NotFound: there is none, or this client may not see it.

        Source: contract-v1 section 3.
        """
        return self.wire.licence(licence_id)


class Permits(Service[M], path="permits"):
    """Kinds of permits, applications for them, and licences."""

    wire: PermitsWire

    @cached_property
    def applications(self) -> Applications[M]:
        """Applications for permits."""
        return Applications(self.engine, self.wire, self.mode)

    @cached_property
    def licences(self) -> Licences[M]:
        """Issued permits."""
        return Licences(self.engine, self.wire, self.mode)

    @paginated
    def types(self, *, limit: int | None = None, cursor: str | None = None) -> Paged[PermitType]:
        """The kinds of permits (*jenis izin*) one may apply for.

        Args:
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`.

        Source: contract-v1 section 3.
        """
        return self.wire.types(limit, cursor)
