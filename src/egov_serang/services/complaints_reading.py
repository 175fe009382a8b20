"""What is read about complaints as a whole: the catalogue, tokens, the change feed, statistics."""

from __future__ import annotations

from datetime import datetime

from egov_serang.core.bind import M, Service, operation, paginated
from egov_serang.core.call import Call
from egov_serang.core.paging import Paged
from egov_serang.models.complaints import Change, Location, ServiceDefinition, Statistics, SubmissionToken
from egov_serang.models.complaints import Service as Category
from egov_serang.models.open311 import Open311Discovery
from egov_serang.services.complaints_wire import ComplaintsWire


class ComplaintsReading(Service[M], path="complaints"):
    """The part of `client.complaints` that concerns no single complaint."""

    wire: ComplaintsWire

    @paginated
    def services(
        self, *, near: Location | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Paged[Category]:
        """The categories (*kategori aduan*) one may complain about, in the client's language.

        Args:
            near: only those on offer at this point; none outside the city.
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`.

        Source: contract-v1 section 2.
        """
        lat, long = (None, None) if near is None else (near.lat, near.long)
        return self.wire.services(lat, long, limit, cursor)

    @operation
    def service(self, service_code: str) -> Call[ServiceDefinition]:
        """A category with the further fields it asks for; `form()` makes a typed form of them.

        Args:
            service_code: from `services()`.

        Raises:
            NotFound: there is no such category (`service_not_found`).

        Source: contract-v1 section 2.
        """
        return self.wire.service(service_code)

    @operation
    def discovery(self) -> Call[Open311Discovery]:
        """Where the city's Open311 service is, which formats it speaks, and how to get an API key.

        Raises:
            UnsupportedOperation: over the gateway.

        Source: Open311 Service Discovery.
        """
        return self.wire.discovery()

    @operation
    def token(self, token: str) -> Call[SubmissionToken]:
        """Ask for the complaint behind the token of a `batch` category.

        Args:
            token: from the `Complaint` that `submit()` gave.

        Returns:
            The token with its `complaint_id`, which is None until the batch has run: ask again later.

        Raises:
            NotFound: there is no such token, or it is another client's.

        Source: contract-v1 section 2; Open311 GeoReport v2 (`tokens`).
        """
        return self.wire.token(token)

    @paginated
    def changes(self, *, since: str | None = None, limit: int | None = None) -> Paged[Change]:
        """What happened to the complaints this client may see, in order: nothing is skipped, nothing comes twice.

        Args:
            since: the `cursor` of the last change you handled, kept anywhere; from the beginning by default.
            limit: items per page.

        The list ends where nothing has happened yet: call again later, with the last `cursor`.

        Source: contract-v1 section 1 (change feeds).
        """
        return self.wire.changes(limit, since)

    @operation
    def statistics(
        self,
        *,
        service_code: str | None = None,
        area_code: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Call[Statistics]:
        """Counts and median times, whole and by state, category and area.

        Args:
            service_code: only this category.
            area_code: only this kelurahan or kecamatan, by its Kemendagri code.
            since: only those submitted at this time or later; needs a time zone.
            until: only those submitted before this time.

        Raises:
            Invalid: a time without a zone, or `until` before `since`.

        Source: contract-v1 section 2.
        """
        return self.wire.statistics(service_code=service_code, area_code=area_code, since=since, until=until)
