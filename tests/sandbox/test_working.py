"""Working time over holidays, collective leave, weekends and midnight, by a table made by hand from the decrees."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sandbox.conftest import CITIZEN
from tests.sandbox.peer import Peer

from egov_serang.sandbox.server import Sandbox
from egov_serang.sandbox.working import NATIONAL, WIB, Calendar, add_working, weekday, working_between

DAY = timedelta(days=1)
POTHOLE = {"service_code": "jalan_rusak", "description": "Jalan berlubang.", "lat": -6.1153, "long": 106.1503}

# Start (WIB unless it ends in Z), working days, due (WIB). Closed by decree besides weekends:
# 2024: 03-11 and 12 (Nyepi), 04-08 to 04-15 (Idul Fitri), 05-01.
# 2025: 03-28 to 04-07 (Nyepi, Idul Fitri), 04-18.
# 2026: 01-16, 02-16 and 17, 03-18 to 03-24 (Nyepi, Idul Fitri), 04-03, 05-01, 05-14 and 15, 05-27 and 28, 06-01, 06-16,
# 08-17, 08-25, 12-24 and 25. 2027: 01-01.
TABLE = """
2026-03-16T10:00       1   2026-03-17T10:00     the day before Nyepi's leave
2026-03-17T10:00       1   2026-03-25T10:00     over Nyepi and Idul Fitri
2026-03-17T10:00       3   2026-03-27T10:00     the same, verify
2026-03-18T09:00       1   2026-03-26T00:00     begun on collective leave
2026-03-19T23:59       3   2026-03-28T00:00     begun on Nyepi
2026-03-22T07:00       5   2026-04-01T00:00     begun on Idul Fitri, a Sunday
2026-03-17T16:59:00Z   1   2026-03-25T23:59     a minute before midnight in WIB
2026-03-27T16:00       1   2026-03-30T16:00     a plain weekend
2026-04-02T12:00       1   2026-04-06T12:00     over Good Friday
2026-04-30T08:00       1   2026-05-04T08:00     over Labour Day, a Friday
2026-05-13T15:00       1   2026-05-18T15:00     over Ascension and its leave
2026-05-26T09:00       2   2026-06-02T09:00     over Idul Adha, its leave and Pancasila Day
2026-06-15T10:00       1   2026-06-17T10:00     over 1 Muharam
2026-08-14T17:00       1   2026-08-18T17:00     over Independence Day, a Monday
2026-08-24T08:00       1   2026-08-26T08:00     over the Prophet's birthday
2026-12-23T10:00       1   2026-12-28T10:00     over Christmas and its leave
2026-12-31T10:00       1   2027-01-04T10:00     into the next year
2026-02-13T09:00       1   2026-02-18T09:00     over Imlek and its leave
2026-01-15T14:00       1   2026-01-19T14:00     over Isra Mikraj, a Friday
2025-03-27T10:00       1   2025-04-08T10:00     2025: twelve days at one stretch
2025-03-26T10:00       5   2025-04-11T10:00     2025: respond
2025-04-07T12:00       3   2025-04-11T00:00     2025: begun on collective leave
2025-04-17T10:00       1   2025-04-21T10:00     2025: over Good Friday
2024-03-08T11:00       1   2024-03-13T11:00     2024: over Nyepi and its leave
2024-04-05T11:00       1   2024-04-16T11:00     2024: over Idul Fitri
2024-04-05T11:00      14   2024-05-06T11:00     2024: resolve, over Labour Day too
2026-11-21T15:00       1   2026-11-24T00:00     begun on a Saturday
2026-11-22T23:59:59    3   2026-11-26T00:00     begun a second before Monday
2026-11-20T00:00       1   2026-11-21T00:00     begun at midnight: that day is counted whole
2026-11-20T16:59:00Z   1   2026-11-23T23:59     still Friday in WIB
2026-11-20T17:00:00Z   1   2026-11-24T00:00     Saturday in WIB already
2026-11-22T17:00:00Z   1   2026-11-24T00:00     Monday in WIB already
2026-02-02T09:00      60   2026-05-08T09:00     resolve of a supervisory complaint, over five of them
"""
CASES = [tuple(line.split(maxsplit=3)) for line in TABLE.strip().splitlines()]

TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=WIB))
SPANS = st.timedeltas(timedelta(0), timedelta(days=60))
CALENDARS = st.sampled_from([weekday, NATIONAL.is_working])


@pytest.mark.parametrize(("start", "days", "due", "why"), CASES, ids=[case[3].replace(" ", "-") for case in CASES])
def test_the_table(start: str, days: str, due: str, why: str) -> None:
    begun = datetime.fromisoformat(start)
    begun = begun if begun.tzinfo else begun.replace(tzinfo=WIB)
    ends = add_working(begun, int(days) * DAY, NATIONAL.is_working)
    assert ends == datetime.fromisoformat(due).replace(tzinfo=WIB), why


@given(start=TIMES, span=SPANS, days=CALENDARS)
def test_adding_and_measuring_agree(start: datetime, span: timedelta, days: object) -> None:
    assert callable(days)
    assert working_between(start, add_working(start, span, days), days) == span


@given(start=TIMES, first=SPANS, second=SPANS)
def test_adding_in_two_steps_is_adding_once(start: datetime, first: timedelta, second: timedelta) -> None:
    days = NATIONAL.is_working
    assert working_between(start, add_working(add_working(start, first, days), second, days), days) == first + second


def test_a_city_has_days_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "days.toml"
    file.write_text("closed = [2026-11-02]\nopen = [2026-12-24, 2026-12-26]\n", "utf-8")
    own = Calendar.from_file(file)
    assert not own.is_working(date(2026, 11, 2))
    assert own.is_working(date(2026, 12, 24))
    assert own.is_working(date(2026, 12, 26))
    assert not own.is_working(date(2026, 12, 25))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("closed = ", "is not TOML"),
        ('closed = ["2026-11-02"]', "closed"),
        ("closed = 2026-11-02", "closed"),
        ("holidays = []", "holidays"),
        ("closed = [2026-11-02T10:00:00]", "no date"),
        ("closed = [2026-11-02]\nopen = [2026-11-02]", "both closed and open"),
    ],
)
def test_a_file_that_says_something_else(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "days.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=said):
        Calendar.from_file(file)
    with pytest.raises(ValueError, match="cannot be read"):
        Calendar.from_file(tmp_path / "none.toml")


def test_complaints_are_promised_by_the_citys_calendar() -> None:
    today = datetime.now(WIB).date()
    closed = [today + DAY * number for number in range(30)]
    with Sandbox(calendar=Calendar(closed)) as city:
        peer = Peer(city.url, "citizen-app", CITIZEN)
        city.register("citizen-app", peer.jwks(), CITIZEN)
        with peer.http:
            submitted = peer.post("/v1/complaints/cases", POTHOLE).json()
    due = datetime.fromisoformat(submitted["due"]["at"])
    first = next(day for day in (closed[-1] + DAY * number for number in range(1, 9)) if NATIONAL.is_working(day))
    assert due == add_working(datetime(first.year, first.month, first.day, tzinfo=WIB), 3 * DAY, NATIONAL.is_working)
    assert due.astimezone(UTC) > datetime.now(UTC) + 30 * DAY
