"""The statutory clock: pausing keeps what restarting forgets."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from egov_serang.sandbox.permits.clock import StatutoryClock
from egov_serang.sandbox.working import WIB, add_working, working_between

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=WIB)
DAY = timedelta(days=1)

TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=WIB))
SPANS = st.timedeltas(timedelta(0), timedelta(days=60))


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
