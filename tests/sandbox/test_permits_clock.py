"""The statutory clock: working time, and that pausing keeps what restarting forgets."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang.sandbox.permits.clock import WIB, StatutoryClock, add_working, working_between

FRIDAY = datetime(2026, 11, 20, 10, 0, tzinfo=WIB)
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=WIB)
DAY = timedelta(days=1)

TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=WIB))
SPANS = st.timedeltas(timedelta(0), timedelta(days=60))


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (MONDAY, 3, datetime(2026, 11, 26, 10, 0, tzinfo=WIB)),
        (FRIDAY, 1, datetime(2026, 11, 23, 10, 0, tzinfo=WIB)),
        (FRIDAY, 5, datetime(2026, 11, 27, 10, 0, tzinfo=WIB)),
        (FRIDAY, 6, datetime(2026, 11, 30, 10, 0, tzinfo=WIB)),
        (datetime(2026, 11, 21, 15, 0, tzinfo=WIB), 1, datetime(2026, 11, 24, 0, 0, tzinfo=WIB)),
    ],
)
def test_weekends_do_not_count(start: datetime, days: int, due: datetime) -> None:
    assert add_working(start, timedelta(days=days)) == due


@given(start=TIMES, span=SPANS)
def test_adding_and_measuring_agree(start: datetime, span: timedelta) -> None:
    assert working_between(start, add_working(start, span)) == span


@given(start=TIMES, first=SPANS, second=SPANS)
def test_adding_in_two_steps_is_adding_once(start: datetime, first: timedelta, second: timedelta) -> None:
    assert working_between(start, add_working(add_working(start, first), second)) == first + second


@given(start=TIMES, ran=st.timedeltas(timedelta(0), timedelta(days=4)), slept=SPANS)
def test_a_pause_moves_the_due_time_and_uses_nothing(start: datetime, ran: timedelta, slept: timedelta) -> None:
    clock = StatutoryClock(period=timedelta(days=10)).start(start)
    paused = clock.pause(start + ran, "confirmation")
    assert paused.due_at is None
    resumed = paused.resume(start + ran + slept)
    left = timedelta(days=10) - working_between(start, start + ran)
    assert resumed.due_at == add_working(start + ran + slept, left)


@given(start=TIMES, ran=st.timedeltas(timedelta(0), timedelta(days=4)))
def test_a_restart_begins_from_zero(start: datetime, ran: timedelta) -> None:
    clock = StatutoryClock(period=timedelta(days=10)).start(start).pause(start + ran, None).restart(start + ran)
    assert clock.due_at == add_working(start + ran, timedelta(days=10))
    assert clock.restarts == 1
    assert clock.restart(start + ran).restarts == 2


def test_a_stopped_clock_is_never_due() -> None:
    clock = StatutoryClock(period=3 * DAY)
    assert clock.due_at is None
    assert clock.start(MONDAY).stop(MONDAY + DAY).due_at is None
    assert clock.start(MONDAY).stop(MONDAY + DAY).used == DAY
