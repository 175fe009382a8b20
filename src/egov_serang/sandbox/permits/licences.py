"""From a granted application to a licence: number, validity, the claims of its QR code (contract-v1 section 3)."""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from egov_serang.models.permits import Licence, LicenceStatus
from egov_serang.sandbox.permits.case import Case
from egov_serang.sandbox.working import WIB

_DURATION: Final = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?")
_ROMAN: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_DECEMBER: Final = 12


def valid_until(start: datetime, validity: str | None) -> datetime | None:
    """The end of a licence.

    Args:
        start: when it begins.
        validity: an ISO 8601 duration of years, months and days; None for a licence without end.

    Raises:
        ValueError: any other duration.
    """
    if validity is None:
        return None
    match = _DURATION.fullmatch(validity)
    if match is None or not any(match.groups()):
        raise ValueError("a validity is a duration such as P1Y, P6M or P14D")
    years, months, days = (int(part or 0) for part in match.groups())
    month = start.month - 1 + months
    year = start.year + years + month // _DECEMBER
    month = month % _DECEMBER + 1
    # A year from 29 February ends on the 28th.
    day = min(start.day, calendar.monthrange(year, month)[1])
    return start.replace(year=year, month=month, day=day) + timedelta(days=days)


def licence_number(serial: int, permit_type_code: str, at: datetime) -> str:
    """A number as a licensing office writes it: file code, serial, type, office, month in Roman figures, year."""
    local = at.astimezone(WIB)
    return f"503/{serial:05d}/{permit_type_code.upper()}/DPMPTSP/{_ROMAN[local.month - 1]}/{local.year}"


def initials(name: str) -> str:
    """The holder as the QR code shows it: enough to compare with an identity card, not enough to collect names."""
    return "".join(word[0].upper() + "." for word in name.split())


def new_licence(case: Case, *, licence_id: str, serial: int, validity: str | None, now: datetime) -> Licence:
    """The licence of a granted application, still without its QR code."""
    conditions = () if case.decision is None else case.decision.conditions
    return Licence(
        licence_id=licence_id,
        licence_number=licence_number(serial, case.permit_type_code, now),
        permit_type_code=case.permit_type_code,
        holder=case.applicant.name,
        valid_from=now,
        valid_until=valid_until(now, validity),
        status=LicenceStatus.ACTIVE,
        conditions=conditions,
    )


def qr_claims(licence: Licence, *, serial: int, jurisdiction: str) -> dict[str, JsonValue]:
    """What an inspector's reader learns without a network: `{v, n, t, h, f, u, s, j}`, dates as local days."""
    until = licence.valid_until
    return {
        "v": 1,
        "n": licence.licence_number,
        "t": licence.permit_type_code,
        "h": initials(licence.holder),
        "f": licence.valid_from.astimezone(WIB).date().isoformat(),
        "u": None if until is None else until.astimezone(WIB).date().isoformat(),
        "s": serial,
        "j": jurisdiction,
    }


def as_of(licence: Licence, now: datetime) -> Licence:
    """The licence with the status it has by now: validity ends without anybody doing anything."""
    if licence.status == LicenceStatus.ACTIVE and licence.valid_until is not None and licence.valid_until <= now:
        return licence.model_copy(update={"status": LicenceStatus.EXPIRED})
    return licence
