"""What is sent to an Open311 server, as fields of a form or a query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

from egov_serang.core.call import invalid
from egov_serang.models.complaints import Location, Reporter

_PLACE: Final = ("lat", "long", "address_string", "address_id")


def place(location: Location | None) -> list[tuple[str, str]]:
    """Where it is: a point, an address, the number of one, or several of them.

    Raises:
        Invalid: half a point.
    """
    given = location.model_dump(exclude_none=True, include={*_PLACE}) if location else {}
    if ("lat" in given) != ("long" in given):
        raise invalid("location", "lat and long go together", "pair")
    return [(name, number(given[name])) for name in _PLACE if name in given]


def contact(reporter: Reporter | None) -> list[tuple[str, str]]:
    """Who complains. The first word of a name is sent as `first_name`, the others as `last_name`."""
    if reporter is None:
        return []
    first, _, last = (reporter.name or "").strip().partition(" ")
    said = (
        ("first_name", first),
        ("last_name", last.strip()),
        ("phone", str(reporter.phone or "")),
        ("email", reporter.email or ""),
        ("account_id", reporter.subject_ref or ""),
    )
    return [(name, value) for name, value in said if value]


def attribute(code: str, value: object) -> list[tuple[str, str]]:
    """A further field: `attribute[code]`, or `attribute[code][]` once for each of several values.

    Raises:
        Invalid: a value that a form cannot hold.
    """
    if isinstance(value, list | tuple):
        return [(f"attribute[{code}][]", _single(one)) for one in cast("Sequence[object]", value)]
    return [] if value is None else [(f"attribute[{code}]", _single(value))]


def _single(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return moment("attributes", value) or ""
    if isinstance(value, str | int | float):
        return str(value)
    raise invalid("attributes", "Open311 takes texts, numbers, times, and lists of them", "type")


def number(value: str | float) -> str:
    """A number without an exponent: `str` would write a tiny one as `1e-05`."""
    if isinstance(value, float):
        return f"{value:.7f}".rstrip("0").rstrip(".")
    return str(value)


def moment(name: str, at: datetime | None) -> str | None:
    """A time as W3C's note writes it, with its zone."""
    if at is not None and at.tzinfo is None:
        raise invalid(name, "needs a time zone, such as datetime.now(UTC)", "timezone")
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
