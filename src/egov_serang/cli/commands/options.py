"""Options that several groups share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from egov_serang import Client
from egov_serang.cli import inputs
from egov_serang.models.complaints import Location

Limit = Annotated[int, typer.Option(min=0, help="How many at most; 0 for all.")]
Lat = Annotated[float | None, typer.Option(min=-90, max=90, help="Latitude, WGS84 degrees (south is negative).")]
Long = Annotated[float | None, typer.Option(min=-180, max=180, help="Longitude, WGS84 degrees.")]
Area = Annotated[str | None, typer.Option(help="Kemendagri code of the kelurahan or kecamatan: 36.73.01.1001.")]
Address = Annotated[str | None, typer.Option(help="The place in words.")]
Reference = Annotated[str | None, typer.Option(help="Your own number for it.")]
Version = Annotated[int | None, typer.Option(min=1, help="The version decided on; the newest by default.")]
Comment = Annotated[str | None, typer.Option(help="Shown to the other side.")]
Reason = Annotated[str | None, typer.Option(help="Why, where the action asks for it.")]
Data = Annotated[
    str | None, typer.Option(metavar="FILE", help="JSON file with further fields of the action; - reads them.")
]
Key = Annotated[
    str | None,
    typer.Option("--idempotency-key", help="Run the same command again with the same key: no second effect."),
]
UpdatedAfter = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only those changed since, such as 2026-11-23T08:00:00+07:00.")
]

DEFAULT_LIMIT = 50


def location(lat: float | None, long: float | None, area: str | None, address: str | None) -> Location | None:
    """The place the options name, or None."""
    if (lat is None) != (long is None):
        raise typer.BadParameter("--lat and --long belong together")
    if lat is None and area is None and address is None:
        return None
    return Location(lat=lat, long=long, area_code=area, address_string=address)


def moment(value: str | None, name: str = "--updated-after") -> datetime | None:
    """A time with its zone."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise typer.BadParameter("must be a time with its zone, such as 2026-11-23T08:00:00+07:00", param_hint=name)
    return found


def keyed(client: Client, key: str | None) -> Client:
    """The client under the idempotency key of the command line, where one was given."""
    return client if key is None else client.with_options(idempotency_key=key)


def action_data(source: str | None) -> dict[str, object] | None:
    """What `--data` names."""
    return inputs.document(source, "--data")
