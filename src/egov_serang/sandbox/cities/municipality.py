"""What makes one city differ from another at its gateway: what it offers, how much it takes, what it accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from egov_serang.models.complaints import ServiceDefinition
from egov_serang.models.regions import City
from egov_serang.sandbox.announcements.catalogue import Entry
from egov_serang.sandbox.civil.catalogue import Registry
from egov_serang.sandbox.permits.catalogue import CatalogueType
from egov_serang.sandbox.working import NATIONAL, Calendar


@dataclass(frozen=True, slots=True)
class Box:
    """A box around a city, approximate: it lets in some of its neighbours. WGS84 degrees, least and most."""

    lat: tuple[float, float]
    long: tuple[float, float]

    def holds(self, lat: float, long: float) -> bool:
        """Whether a point is in it."""
        return self.lat[0] <= lat <= self.lat[1] and self.long[0] <= long <= self.long[1]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a gateway takes; its discovery document says so.

    Args:
        page_max: most items on a page; a larger `limit` gets this many.
        max_body_bytes: largest request body.
        idempotency_ttl_s: how long an answer is kept for its idempotency key, in seconds (contract: at least 24 h).
        token_ttl_s: life of an access token in seconds.
    """

    page_max: int = 200
    max_body_bytes: int = 10 * 1024 * 1024
    idempotency_ttl_s: int = 24 * 3600
    token_ttl_s: int = 900


@dataclass(frozen=True, slots=True)
class Municipality:
    """A city as its gateway knows it.

    Args:
        slug: what it is called on a command line.
        region: its place in the registry of cities.
        prefix: what the numbers of its complaints begin with.
        box: where its points lie.
        complaint_services: its complaint categories, by code.
        permit_types: its permit types, all versions.
        civil_services: what its civil registry issues, by code.
        announcements: those of its first days.
        message_algorithms: what requests may be signed with (RFC 9421 names), the one it prefers first.
        limits: how much its gateway takes.
        calendar: when its offices work.
    """

    slug: str
    region: City
    prefix: str
    box: Box
    complaint_services: Mapping[str, ServiceDefinition]
    permit_types: tuple[CatalogueType, ...]
    civil_services: Mapping[str, Registry]
    announcements: tuple[Entry, ...]
    message_algorithms: tuple[str, ...]
    limits: Limits = Limits()
    calendar: Calendar = NATIONAL

    @property
    def code(self) -> str:
        """Its Kemendagri code."""
        return self.region.code

    @property
    def name(self) -> str:
        """Its name with the kind, such as `Kota Serang`."""
        return self.region.name
