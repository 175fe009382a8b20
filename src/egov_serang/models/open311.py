"""Where an Open311 service is, as its discovery document says (Open311 Service Discovery)."""

from __future__ import annotations

from egov_serang.model import Model


class Open311Endpoint(Model):
    """One address the service is at."""

    specification: str
    """Of what is spoken there, such as `http://wiki.open311.org/GeoReport_v2`."""
    url: str
    changeset: str | None = None
    type: str | None = None
    """`production` or `test`."""
    formats: tuple[str, ...] = ()
    """Media types of its answers."""


class Open311Discovery(Model):
    """What a city says of its Open311 service."""

    changeset: str | None = None
    contact: str | None = None
    """Whom to ask."""
    key_service: str | None = None
    """How to get an API key."""
    endpoints: tuple[Open311Endpoint, ...] = ()
