"""A server's clock: the median of what was seen, within bounds."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang.core.clock import FARTHEST, Clock, date_of, skew

AT = 1_763_860_000


def test_the_date_of_an_answer_and_half_the_way_there() -> None:
    headers = {"date": formatdate(AT + 200, usegmt=True)}
    assert date_of(headers) == AT + 200
    assert skew(headers, AT - 1, AT + 2) == 200.0
    assert skew({**headers, "age": "3"}, AT, AT) is None


@pytest.mark.parametrize("field", ["", "yesterday", "Sun, 99 Foo 2025 25:61:61 GMT", "\x00", "1" * 5000])
def test_a_date_that_is_none(field: str) -> None:
    assert skew({"date": field}, AT, AT) is None


def test_the_median_counts_and_small_differences_do_not() -> None:
    clock = Clock()
    for seen in (1.9, -1.9, 2.0):
        clock.observe(seen, 0.1)
    assert clock.offset == 0.0
    for seen in (200.0, 201.0, 800.0, 202.0, -5.0, 201.5):
        clock.observe(seen, 0.1)
    assert clock.offset == 200.0  # of nine: -5, -1.9, 1.9, 2, 200, 201, 201.5, 202, 800
    for _ in range(9):
        clock.observe(0.0, 0.1)
    assert clock.offset == 0.0


def test_slow_silent_and_far_answers_teach_nothing() -> None:
    clock = Clock()
    for seen, took in ((300.0, 5.1), (None, 0.1), (901.0, 0.1), (-901.0, 0.1)):
        clock.observe(seen, took)
    assert clock.offset == 0.0


def test_a_refusal_counts_at_once_and_only_if_it_changes_something() -> None:
    clock = Clock()
    for _ in range(9):
        clock.observe(0.0, 0.1)
    assert clock.adopt(-200.0, 0.0)
    assert clock.offset == -200.0
    assert not clock.adopt(-199.0, -200.0)
    assert not clock.adopt(None, 0.0)
    assert not clock.adopt(901.0, 0.0)
    assert clock.offset == -200.0
    assert clock.adopt(-200.0, 0.0)  # another call's: what it was refused with was not this
    assert clock.adopt(0.0, -200.0)
    assert clock.offset == 0.0


@given(st.lists(st.tuples(st.booleans(), st.floats(allow_nan=True, allow_infinity=True)), max_size=40))
def test_nobody_moves_a_clock_by_more_than_fifteen_minutes(seen: list[tuple[bool, float]]) -> None:
    clock = Clock()
    for refused, offset in seen:
        if refused:
            clock.adopt(offset, clock.offset)
        else:
            clock.observe(offset, 0.1)
        assert abs(clock.offset) <= FARTHEST
