"""Cancelled calls by the thousand: the client still answers, and every lane is back.

The full 8 seconds run under `make soak`; every other run makes a part of the calls, counted and not timed.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import replace

from tests.scale import SCALE, scaled

from egov_serang import AsyncClient, Config
from egov_serang.transport.alanes import AsyncLanes

SLOTS = 16
WORKERS = 4 * SLOTS
FULL_SECONDS = 8.0
FULL_CALLS = 20_000


def test_the_client_answers_after_a_storm_of_cancelled_calls(city: Config) -> None:
    done = {"cancelled": 0, "answered": 0}
    dice = random.Random(8)

    async def cancelled_call(client: AsyncClient) -> None:
        call = asyncio.create_task(client.complaints.get("no-such-complaint"))
        await asyncio.sleep(dice.random() * 0.03)
        call.cancel()
        try:
            await call
        except asyncio.CancelledError:
            done["cancelled"] += 1
        except Exception:  # the 404 came before the cancellation
            done["answered"] += 1

    async def storm() -> None:
        lanes = AsyncLanes(slots=SLOTS)
        async with AsyncClient(replace(city, slots=SLOTS), transport=lanes) as client:
            before = [item async for item in client.complaints.services()]
            rest = lanes.count
            until = time.monotonic() + FULL_SECONDS
            left = scaled(FULL_CALLS)

            async def worker() -> None:
                nonlocal left
                while time.monotonic() < until if SCALE >= 1 else left > 0:
                    left -= 1
                    await cancelled_call(client)

            await asyncio.gather(*(worker() for _ in range(WORKERS)))
            for _ in range(3):
                assert [item async for item in client.complaints.services()] == before
            assert (lanes.count.busy, lanes.count.slots) == (rest.busy, rest.slots) == (0, SLOTS)
            assert lanes.count.idle <= SLOTS
        await lanes.close()
        assert lanes.count == (0, 0, SLOTS)

    asyncio.run(storm())
    assert done["cancelled"] > scaled(FULL_CALLS) // 4
    print(f"whole client: {done['cancelled']} cancelled, {done['answered']} answered before it")
