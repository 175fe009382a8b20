"""What an announcement is as a city's catalogue writes it. Times count from the first day of the city."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from egov_serang.models.announcements import AnnouncementCategory as Category
from egov_serang.models.announcements import AnnouncementStatus as Status
from egov_serang.models.announcements import Severity
from egov_serang.sandbox.language import Bilingual

_HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One announcement; `begins` and `ends` are counted from the first day, without an end it stays in force."""

    code: str
    category: Category
    titles: Bilingual
    bodies: Bilingual
    areas: tuple[str, ...]
    severity: Severity = Severity.UNKNOWN
    begins: timedelta = -_HOUR
    ends: timedelta | None = 7 * DAY
    status: Status = Status.PUBLISHED
