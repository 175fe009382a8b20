"""Working time: the days a city's offices are open, and sums of time over them."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, Final, Self, cast

import holidays

WIB: Final = timezone(timedelta(hours=7), "WIB")
"""Western Indonesia Time, where a working day of Serang begins and ends."""

_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)
_KINDS: Final = ("closed", "open")

IsWorking = Callable[[date], bool]
"""Whether offices are open on a day."""


def weekday(day: date) -> bool:
    """Mondays to Fridays, public holidays among them."""
    return day.weekday() < _SATURDAY


class Calendar:
    """The working days of a city: weekdays that are neither public holidays nor collective leave (*cuti bersama*).

    The library `holidays` knows both as the yearly decree of three ministers sets them; for years without one it
    estimates Idul Fitri and the other days that depend on the moon. What a city decides itself it is told.

    Args:
        closed: further days without work, such as the city's anniversary.
        opened: days with work in spite of all.

    Raises:
        ValueError: a day is in both.
    """

    __slots__ = ("_own",)

    def __init__(self, closed: Iterable[date] = (), opened: Iterable[date] = ()) -> None:
        self._own = dict.fromkeys(closed, False)
        for day in opened:
            if day in self._own:
                raise ValueError(f"{day} is both closed and open")
            self._own[day] = True

    @classmethod
    def from_file(cls, file: Path) -> Self:
        """Read a city's own days: TOML with the arrays `closed` and `open` of dates.

        Raises:
            ValueError: there is no such file, or it says something else.
        """
        try:
            found: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
        except OSError as error:
            raise ValueError(f"{file} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise ValueError(f"{file} is not TOML: {error}") from None
        for name, days in found.items():
            right = isinstance(days, list) and all(type(day) is date for day in cast("list[object]", days))
            if name not in _KINDS or not right:
                raise ValueError(f"{file}: {name} is not one of {', '.join(_KINDS)}, or holds what is no date")
        return cls(found.get("closed", ()), found.get("open", ()))

    def is_working(self, day: date) -> bool:
        """Whether the city's offices are open on a day."""
        own = self._own.get(day)
        return weekday(day) and day not in _national(day.year) if own is None else own


NATIONAL: Final = Calendar()
"""The working days of a city that decides none itself."""


@functools.cache
def _national(year: int) -> frozenset[date]:
    """Public holidays and collective leave, of one year whole: the library's own table grows while threads read it."""
    return frozenset(holidays.country_holidays("ID", years=year, categories=("public", "government")))


def _next_midnight(at: datetime) -> datetime:
    return datetime.combine(at.date() + _DAY, time(), WIB)


def add_working(start: datetime, span: timedelta, is_working: IsWorking = weekday) -> datetime:
    """The moment `span` of working time after `start`.

    Args:
        start: an aware time.
        span: working time; one working day is 24 h of a day with work.
        is_working: which days count.
    """
    at = start.astimezone(WIB)
    while True:
        midnight = _next_midnight(at)
        if is_working(at.date()):
            if at + span <= midnight:
                return at + span
            span -= midnight - at
        at = midnight


def working_between(start: datetime, end: datetime, is_working: IsWorking = weekday) -> timedelta:
    """The working time from `start` to `end`; zero when `end` is not later."""
    at, last, total = start.astimezone(WIB), end.astimezone(WIB), timedelta()
    while at < last:
        upto = min(_next_midnight(at), last)
        if is_working(at.date()):
            total += upto - at
        at = upto
    return total
