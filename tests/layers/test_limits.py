"""The bucket and the limit of calls at once: as state machines, and against simulated services, by a clock of ours."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from egov_serang.layers.limits import HORIZON, Bucket, Concurrency
from egov_serang.layers.quotas import Quota


class BucketMachine(RuleBasedStateMachine):
    """A bucket against the service it follows: a window of `QUOTA` requests that begins anew every `WINDOW` seconds.

    The service answers in any order and when it likes. Whoever asks the bucket first is never refused by it.
    """

    QUOTA = 5
    WINDOW = 10

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.opened = 1000.0
        self.counted = 0
        self.bucket = Bucket()
        self.on_the_way: deque[int] = deque()
        self.answers: list[tuple[int, int, float]] = []
        self.told = False

    def _window(self) -> None:
        while self.now >= self.opened + self.WINDOW:
            self.opened += self.WINDOW
            self.counted = 0

    @rule(seconds=st.sampled_from([0.25, 1.0, 3.0, 10.0, 47.0]))
    def time_passes(self, seconds: float) -> None:
        # What is on its way arrives within its window: a network that lets it grow old is not what this is about.
        while self.on_the_way:
            self.arrives()
        self.now += seconds
        self.answers.clear()
        self._window()

    # Before the first announcement there is nothing to go by: one call fetches it.
    @precondition(lambda self: self.told or not (self.on_the_way or self.answers))
    @rule()
    def a_call_is_let_through(self) -> None:
        wait = self.bucket.wait(self.now) if self.told else 0.0
        assert 0 <= wait <= HORIZON
        if wait == 0 and (self.told or self.counted < self.QUOTA):
            self.on_the_way.append(self.bucket.take() if self.told else 0)

    @precondition(lambda self: self.on_the_way)
    @rule()
    def arrives(self) -> None:
        number = self.on_the_way.popleft()
        self._window()
        assert self.counted < self.QUOTA, "the service had to refuse what the bucket let through"
        self.counted += 1
        self.answers.append((number, self.QUOTA - self.counted, self.opened + self.WINDOW - self.now))

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def an_answer_comes_back(self, data: st.DataObject) -> None:
        which = data.draw(st.integers(0, len(self.answers) - 1))
        number, remaining, reset = self.answers.pop(which)
        held = number if self.told else None
        self.told = True
        self.bucket.learn(Quota("w", remaining, reset, self.QUOTA, self.WINDOW), held, self.now)

    @invariant()
    def holds_no_more_than_there_is(self) -> None:
        assert 0 <= self.bucket.left <= self.QUOTA


TestBucket = BucketMachine.TestCase
TestBucket.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)


def test_who_has_nothing_left_waits_for_the_reset_and_later_ones_for_later_windows() -> None:
    bucket = Bucket()
    bucket.learn(Quota("w", 0, 4, 2, 10), None, 100.0)
    assert [bucket.wait(now) for now in (100.0, 101.5)] == [4.0, 2.5]
    bucket.queued = 4
    assert bucket.wait(100.0) == 24.0
    assert bucket.wait(104.0) == 0.0
    assert bucket.left == 2


def test_an_announcement_is_believed_for_two_minutes() -> None:
    bucket = Bucket()
    bucket.learn(Quota("day", 0, 50_000, 1000, 86_400), None, 0.0)
    assert bucket.wait(0.0) == HORIZON
    assert bucket.wait(HORIZON) == 0.0


def test_a_pause_ends_without_a_trace() -> None:
    bucket = Bucket()
    bucket.learn(Quota("retry-after", 0, 7), None, 0.0)
    assert bucket.wait(0.0) == 7.0
    assert not bucket.spent(6.9)
    assert bucket.spent(7.0)
    assert bucket.wait(7.0) == 0.0


def test_a_reset_in_no_whole_second_is_still_to_come() -> None:
    bucket = Bucket()
    bucket.learn(Quota("w", 0, 0, 5, 60), None, 0.0)
    assert bucket.wait(0.0) == 1.0


def test_what_was_sent_later_is_taken_off_and_an_older_answer_says_nothing() -> None:
    bucket = Bucket()
    bucket.learn(Quota("w", 9, 60, 10, 60), None, 0.0)
    first, second, _ = bucket.take(), bucket.take(), bucket.take()
    bucket.learn(Quota("w", 7, 60, 10, 60), second, 0.0)
    assert bucket.left == 6
    bucket.learn(Quota("w", 8, 60, 10, 60), first, 0.0)
    assert bucket.left == 6
    bucket.give_back()
    assert bucket.left == 7


class ConcurrencyMachine(RuleBasedStateMachine):
    """The limit of calls at once, whatever happens in whatever order."""

    MOST = 16

    def __init__(self) -> None:
        super().__init__()
        self.room = Concurrency(self.MOST)
        self.now = 0.0
        self.started: list[float] = []

    @rule()
    def starts(self) -> None:
        self.now += 0.5
        self.started.append(self.now)

    @precondition(lambda self: self.started)
    @rule()
    def succeeds(self) -> None:
        before = self.room.limit
        self.started.pop(0)
        self.room.succeeded()
        assert before <= self.room.limit <= before + 2 * self.MOST

    @precondition(lambda self: self.started)
    @rule()
    def is_refused(self) -> None:
        before, at = self.room.limit, self.started.pop(0)
        self.now += 0.5
        lowered = self.room.refused(at, len(self.started) + 1, self.now)
        assert self.room.limit < before if lowered else self.room.limit == before

    @rule(refused=st.integers(1, 16))
    def of_a_crowd_some_are_refused(self, refused: int) -> None:
        self.now += 0.5
        at, crowd = self.now, min(16, self.room.allowed)
        refused = min(refused, crowd)
        for n in range(refused):
            self.room.refused(at, crowd - n, at + 0.1 + n / 100)
        assert self.room.allowed <= max(1, crowd - refused + 1)
        assert self.room.limit >= max(1.0, 0.9 * (crowd - refused))
        self.now += 0.5

    @invariant()
    def stays_within_its_bounds(self) -> None:
        assert 1 <= self.room.allowed <= self.MOST


TestConcurrency = ConcurrencyMachine.TestCase
TestConcurrency.settings = settings(max_examples=80, stateful_step_count=60, deadline=None)


@dataclass
class Seen:
    """What a simulated run came to."""

    done: int = 0
    refused: int = 0
    busy: float = 0.0
    """Calls under way times seconds, at the service."""


def simulate(
    capacity: Callable[[float], int], *, crowd: int, seconds: float, warm: float = 0.0, seed: int = 1
) -> tuple[Seen, Concurrency]:
    """A crowd that always wants to call a service that can do `capacity` calls at once and refuses what is over it."""
    drawn, room, seen = random.Random(seed), Concurrency(64), Seen()
    events: list[tuple[float, int, str, float]] = []
    waiting, under_way, inside, now, number = crowd, 0, 0, 0.0, 0
    while now < seconds:
        while waiting and under_way < room.allowed:
            waiting, under_way, number = waiting - 1, under_way + 1, number + 1
            heapq.heappush(events, (now + 0.002 + drawn.random() * 0.001, number, "arrives", now))
        before = now
        now, _, what, started = heapq.heappop(events)
        if now > warm:
            seen.busy += inside * (now - max(before, warm))
        number += 1
        if what == "arrives":
            fits = inside < capacity(now)
            inside += fits
            took = 0.05 + drawn.random() * 0.05 if fits else 0.001
            heapq.heappush(events, (now + took, number, "answers" if fits else "refuses", started))
        elif what == "answers":
            inside -= 1
            heapq.heappush(events, (now + 0.002, number, "done", started))
        elif what == "refuses":
            heapq.heappush(events, (now + 0.002, number, "refused", started))
        elif what == "back":
            waiting += 1
        elif what == "done":
            under_way, waiting, seen.done = under_way - 1, waiting + 1, seen.done + 1
            room.succeeded()
        else:
            seen.refused += 1
            room.refused(started, under_way, now)
            under_way -= 1
            heapq.heappush(events, (now + drawn.random(), number, "back", now))  # the retry's own wait
    return seen, room


@pytest.mark.parametrize("capacity", [1, 2, 3, 5, 8, 13, 20, 40, 50])
@pytest.mark.parametrize("crowd", [64, 300])
def test_it_settles_near_what_the_service_can_do_and_is_hardly_refused(capacity: int, crowd: int) -> None:
    seconds = max(200.0, 6000 / (capacity * 13))
    seen, _ = simulate(lambda _: capacity, crowd=crowd, seconds=seconds, warm=20)
    assert 0.8 * capacity <= seen.busy / (seconds - 20) <= 1.2 * capacity
    assert seen.refused < 0.02 * (seen.done + seen.refused), (seen.refused, seen.done)


@pytest.mark.parametrize("seed", range(5))
def test_it_follows_a_service_that_grows_and_shrinks(seed: int) -> None:
    def capacity(now: float) -> int:
        return 10 if now < 100 or now > 250 else 40

    grown, _ = simulate(capacity, crowd=200, seconds=250, warm=200, seed=seed)
    assert 0.8 * 40 <= grown.busy / 50 <= 40
    shrunk, room = simulate(capacity, crowd=200, seconds=350, warm=300, seed=seed)
    assert 0.8 * 10 <= shrunk.busy / 50 <= 10
    assert room.allowed <= 12
    assert shrunk.refused < 0.02 * shrunk.done


def test_a_service_that_never_refuses_is_never_held_back() -> None:
    seen, room = simulate(lambda _: 10_000, crowd=64, seconds=20)
    assert (seen.refused, room.allowed) == (0, 64)


@given(st.integers(1, 64), st.integers(0, 3000))
def test_it_comes_back_after_any_trouble(allowed: int, successes: int) -> None:
    room = Concurrency(64)
    room.refused(0.0, allowed, 1.0)
    low = room.limit
    for _ in range(successes):
        room.succeeded()
    assert room.limit >= low
    for _ in range(8000):
        room.succeeded()
    assert room.allowed == 64
