"""The fast transport against bare pyreqwest, which sends the same calls unsigned with a fixed token.

usage: python fast.py URL ROWS IN_FLIGHT KEYS bare|sdk asyncio|uvloop
KEYS is a folder as for `sdk.py`. With IN_FLIGHT 0 the synchronous client makes one call after another. Prints rows/s
and CPU microseconds a row, as the others do.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import uvloop
from pyreqwest.client import ClientBuilder, SyncClientBuilder
from sdk import Bench, config, report, used

from egov_serang import AsyncClient, Client

HEADERS = [("authorization", "Bearer t"), ("content-type", "application/json")]


def body(serial: int) -> bytes:
    """The request as JSON."""
    return json.dumps(
        {
            "subject": {"nik": f"997301010190{serial % 10000:04d}"},
            "attributes": {"full_name": "CONTOH", "birth_date": "1990-01-01"},
            "purpose": {"purpose_code": "permit"},
        }
    ).encode()


def bare_one_by_one(url: str, rows: int) -> None:
    """One call at a time; the answer is parsed, not modelled."""
    target = url + "/v1/identity/verifications"
    with SyncClientBuilder().error_for_status(True).build() as client:
        start, cpu = 0.0, 0.0
        for serial in range(-1, rows):
            if serial == 0:
                start, cpu = time.perf_counter(), used()
            answer = client.post(target).headers(HEADERS).body_bytes(body(serial)).build().send()
            json.loads(bytes(answer.bytes()))
        report("bare pyreqwest sync", rows, 1, time.perf_counter() - start, used() - cpu)


async def bare_many(url: str, rows: int, width: int) -> None:
    """So many calls in flight, gated as the SDK is."""
    target = url + "/v1/identity/verifications"
    async with ClientBuilder().error_for_status(True).build() as client:
        gate = asyncio.Semaphore(width)

        async def one(serial: int) -> object:
            async with gate:
                answer = await client.post(target).headers(HEADERS).body_bytes(body(serial)).build().send()
                return json.loads(bytes(await answer.bytes()))

        await one(0)
        start, cpu = time.perf_counter(), used()
        done = await asyncio.gather(*(one(serial) for serial in range(rows)))
        report("bare pyreqwest async", len(done), width, time.perf_counter() - start, used() - cpu)


def sdk_one_by_one(url: str, rows: int, keys: Path) -> None:
    """The SDK over the fast transport, one call at a time."""
    with Client(config(url, keys, 1), transport="fast") as client:
        service = Bench(client.identity.engine, None, client.identity.mode)
        service.verify(0)
        start, cpu = time.perf_counter(), used()
        for serial in range(rows):
            service.verify(serial)
        report("egov-serang sync, fast", rows, 1, time.perf_counter() - start, used() - cpu)


async def sdk_many(url: str, rows: int, width: int, keys: Path) -> None:
    """The SDK over the fast transport with so many calls in flight."""
    async with AsyncClient(config(url, keys, width), transport="fast") as client:
        service = Bench(client.identity.engine, None, client.identity.mode)
        await service.verify(0)
        gate = asyncio.Semaphore(width)

        async def one(serial: int) -> object:
            async with gate:
                return await service.verify(serial)

        start, cpu = time.perf_counter(), used()
        done = await asyncio.gather(*(one(serial) for serial in range(rows)))
        report("egov-serang async, fast", len(done), width, time.perf_counter() - start, used() - cpu)


def main() -> None:
    """Measure one of them."""
    url, rows, width, keys, who, loop = (
        *sys.argv[1:2],
        int(sys.argv[2]),
        int(sys.argv[3]),
        Path(sys.argv[4]),
        *sys.argv[5:],
    )
    run = uvloop.run if loop == "uvloop" else asyncio.run
    if who == "bare":
        run(bare_many(url, rows, width)) if width else bare_one_by_one(url, rows)
    else:
        run(sdk_many(url, rows, width, keys)) if width else sdk_one_by_one(url, rows, keys)


if __name__ == "__main__":
    main()
