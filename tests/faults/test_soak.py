"""Cancelled calls by the thousand: the transport still answers, and every slot is back.

`EGOV_SERANG_SOAK=1` runs the full 8 seconds; without it a fiftieth of the calls, counted and not timed.
"""

from __future__ import annotations

import asyncio
import random
import time

import pytest
from tests.faults.worlds import post, within
from tests.scale import SCALE

from egov_serang.core.message import TransportFault
from egov_serang.testing.faults import FaultServer, Peer, answer
from egov_serang.transport.afast import AsyncFast
from egov_serang.transport.alanes import AsyncLanes

SLOTS = 16
WORKERS = 4 * SLOTS
FULL_SECONDS = 8.0
FULL_CALLS = 20_000


async def unsteady(peer: Peer) -> None:
    await asyncio.sleep(random.random() * 0.02)  # so that cancellations meet calls in every phase
    await peer.send(b"".join(answer(peer.request)))


def test_lanes_survive_a_storm_of_cancelled_calls() -> None:
    outcomes = {"cancelled": 0, "answered": 0}

    async def cancelled_call(lanes: AsyncLanes) -> None:
        call = asyncio.create_task(lanes.send(post(server.url), within(30)))
        await asyncio.sleep(random.random() * 0.03)
        call.cancel()
        try:
            await call
            outcomes["answered"] += 1
        except asyncio.CancelledError:
            outcomes["cancelled"] += 1

    async def main() -> None:
        lanes = AsyncLanes(slots=SLOTS)
        end = time.monotonic() + FULL_SECONDS * SCALE
        todo = iter(range(int(FULL_CALLS * SCALE)))

        async def worker() -> None:
            if SCALE >= 1:
                while time.monotonic() < end:
                    await cancelled_call(lanes)
            else:
                for _ in todo:
                    await cancelled_call(lanes)

        await asyncio.gather(*(worker() for _ in range(WORKERS)))
        assert lanes.count.busy == 0
        assert lanes.count.idle <= SLOTS
        for _ in range(3):
            assert (await lanes.send(post(server.url), within())).status == 200
        at_once = await asyncio.gather(*(lanes.send(post(server.url), within()) for _ in range(WORKERS)))
        assert [response.status for response in at_once] == [200] * WORKERS
        assert lanes.count.busy == 0
        await lanes.close()
        assert lanes.count == (0, 0, SLOTS)

    with FaultServer(default=unsteady) as server:
        asyncio.run(main())
    assert outcomes["cancelled"] > outcomes["answered"]
    assert sum(outcomes.values()) >= FULL_CALLS * min(SCALE, 0.02)
    print(f"lanes alone: {outcomes['cancelled']} cancelled, {outcomes['answered']} answered before it")


def test_a_cancelled_call_never_leaks_its_answer_to_another() -> None:
    """Each answer carries its request's number: with cancellations about, nobody gets somebody else's."""

    async def main() -> None:
        lanes = AsyncLanes(slots=4)

        async def one(number: int) -> None:
            request = post(server.url)
            request.headers[0] = ("x-request-id", str(number))
            call = asyncio.create_task(lanes.send(request, within(30)))
            if number % 2:
                await asyncio.sleep(random.random() * 0.02)
                call.cancel()
            try:
                assert (await call).headers["x-request-id"] == str(number)
            except asyncio.CancelledError:
                assert number % 2

        await asyncio.gather(*(one(number) for number in range(200)))
        assert lanes.count.busy == 0
        await lanes.close()

    with FaultServer(default=unsteady) as server:
        asyncio.run(main())


@pytest.mark.parametrize("kind", [AsyncLanes, AsyncFast])
def test_calls_refused_in_a_storm_leave_no_slot_taken(kind: type[AsyncLanes | AsyncFast]) -> None:
    async def main() -> None:
        lanes = kind(slots=4)
        results = await asyncio.gather(
            *(lanes.send(post("http://127.0.0.1:1"), within()) for _ in range(40)), return_exceptions=True
        )
        assert all(isinstance(result, TransportFault) and result.sent == "no" for result in results)
        assert lanes.count == (0, 0, 4)

    asyncio.run(main())
