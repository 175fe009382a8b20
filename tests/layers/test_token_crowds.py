"""Fifty expiries under a crowd of threads, and of tasks on 3 loops: one token request each, and nobody waits early."""

from __future__ import annotations

import asyncio
import threading

import pytest
from tests.layers.flights import PATIENCE, Office, acquire, came, loop_of, started

EXPIRIES = 50
CROWD = 200
LIFE = 100  # seconds, of the tokens of `HeldIssuer`


def test_fifty_expiries_under_200_threads_make_fifty_requests() -> None:
    office = Office()
    office.issuer.hold = False
    counts: list[int] = []

    def expire() -> None:
        """By the last thread of each round to be done, before any goes on."""
        counts.append(office.issuer.count)
        office.clock.value += LIFE

    rounds = threading.Barrier(CROWD, action=expire)

    def caller() -> list[str]:
        found: list[str] = []
        for _ in range(EXPIRIES):
            found.append(office.get_now())
            rounds.wait(PATIENCE)
        return found

    results = [result.result(PATIENCE) for result in started(*[caller] * CROWD)]
    assert counts == list(range(1, EXPIRIES + 1))
    assert all(found == [f"Bearer token-{number}" for number in range(1, EXPIRIES + 1)] for found in results)


def test_fifty_expiries_under_200_tasks_on_3_loops_make_fifty_requests() -> None:
    office = Office()
    office.issuer.hold = False
    counts: list[int] = []

    def expire() -> None:
        counts.append(office.issuer.count)
        office.clock.value += LIFE

    rounds = threading.Barrier(3, action=expire)

    async def crowd(size: int) -> list[set[str]]:
        found: list[set[str]] = []
        for _ in range(EXPIRIES):
            found.append(set(await asyncio.gather(*(office.get() for _ in range(size)))))
            await asyncio.get_running_loop().run_in_executor(None, rounds.wait, PATIENCE)
        return found

    results = started(*(loop_of(lambda size=size: crowd(size)) for size in (67, 67, 66)))  # type: ignore[misc]
    for result in results:
        assert result.result(PATIENCE) == [{f"Bearer token-{number}"} for number in range(1, EXPIRIES + 1)]
    assert counts == list(range(1, EXPIRIES + 1))


def test_no_thread_waits_for_a_renewal_while_the_token_lives() -> None:
    """Not even the one that finds it due: while the issuer holds the renewal, all 200 are served."""
    office = Office(age=90)
    office.threads.waiting = threading.Semaphore(0)  # the first token of all was waited for
    results = started(*[office.get_now] * CROWD)
    assert {result.result(PATIENCE) for result in results} == {"Bearer token-1"}
    acquire(office.issuer.arrived, 1)
    assert not office.threads.waiting.acquire(blocking=False)
    assert office.issuer.count == 1
    office.issuer.release()


def test_no_task_waits_for_a_renewal_while_the_token_lives() -> None:
    office = Office(age=90)

    async def crowd(size: int) -> set[str]:
        found = set(await asyncio.gather(*(office.get() for _ in range(size))))
        asked.wait(PATIENCE)  # whose loop has the renewal ends last, and must have begun it
        return found

    asked = threading.Barrier(3)
    results = started(*(loop_of(lambda size=size: crowd(size)) for size in (67, 67, 66)))  # type: ignore[misc]
    assert [result.result(PATIENCE) for result in results] == [{"Bearer token-1"}] * 3
    assert not office.tasks.waiting.acquire(blocking=False)
    assert office.issuer.count == 1


@pytest.mark.parametrize("age", [90, 200], ids=["to be renewed", "expired"])
def test_a_sync_call_inside_a_loop_finishes_while_tasks_of_that_loop_renew(age: float) -> None:
    """Again and again, in the loop that would have to finish the renewal: it never waits for itself."""
    office = Office(age=age)

    async def main() -> list[str]:
        renewals = [asyncio.ensure_future(office.get()) for _ in range(20)]
        await came(office.issuer.arrived, 1)
        office.issuer.hold = False
        inside = [office.get_now() for _ in range(20)]
        office.issuer.release()
        await asyncio.gather(*renewals)
        return inside

    (result,) = started(loop_of(main))
    expected = "Bearer token-1" if age == 90 else "Bearer token-2"
    assert result.result(PATIENCE) == [expected] * 20


def test_a_sync_call_inside_a_loop_does_not_hold_the_loop_up_for_an_early_renewal() -> None:
    office = Office(age=90)

    async def main() -> str:
        return office.get_now()  # the issuer holds the renewal until this has returned

    (result,) = started(loop_of(main))
    assert result.result(PATIENCE) == "Bearer token-1"
    acquire(office.issuer.arrived, 1)
    office.issuer.release()
