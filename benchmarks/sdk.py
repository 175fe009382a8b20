"""The SDK in configuration A: Bearer token, requests signed with Ed25519, answers not verified.

usage: python sdk.py URL ROWS IN_FLIGHT KEYS
KEYS is a folder with `assertion.pem` and `message.pem`. With IN_FLIGHT 0 the synchronous client makes one call after
another. Prints rows/s and CPU microseconds a row, as the hand-written opponent does.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from datetime import datetime
from pathlib import Path

from egov_serang import AsyncClient, Call, Client, Config, Money, Nik
from egov_serang.core.bind import M, Service, operation
from egov_serang.core.body import JsonBody
from egov_serang.core.decode import Decode
from egov_serang.model import Model
from egov_serang.wires.gateway.problems import read_problem


class Verification(Model):
    """The shape the benchmark server answers with."""

    transaction_id: str
    outcome: str
    results: dict[str, str]
    subject_ref: str
    cost: Money
    quota_left: int
    checked_at: datetime


class Bench(Service[M]):
    """One operation, bound and decoded like those of the SDK's own services."""

    @operation
    def verify(self, serial: int) -> Call[Verification]:
        """Verify one person."""
        body = {
            "subject": {"nik": Nik(f"997301010190{serial % 10000:04d}")},
            "attributes": {"full_name": "CONTOH", "birth_date": "1990-01-01"},
            "purpose": {"purpose_code": "permit"},
        }
        return Call(
            "bench.verify",
            "POST",
            "/v1/identity/verifications",
            Decode(Verification),
            read_problem,
            body=JsonBody(body),
            safety="keyed",
        )


def config(url: str, keys: Path, width: int) -> Config:
    """A configuration for the benchmark server, which echoes no request ids and signs nothing."""
    return Config(
        gateway=url,
        client_id="bench",
        key_file=keys / "assertion.pem",
        signing_key_file=keys / "message.pem",
        slots=max(1, width),
        request_id_echo=False,
        verify_answers=False,
    )


def used() -> float:
    """CPU seconds of this process."""
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    return cpu.ru_utime + cpu.ru_stime


def report(name: str, rows: int, width: int, wall: float, cpu: float) -> None:
    """One line, as the opponents print it."""
    print(f"{name} rows={rows} in_flight={width}: {rows / wall:.0f} rows/s, {cpu / rows * 1e6:.0f} us CPU a row")


def one_by_one(url: str, rows: int, keys: Path) -> None:
    """The synchronous client, one call at a time."""
    with Client(config(url, keys, 1)) as client:
        service = Bench(client.identity.engine, None, client.identity.mode)
        service.verify(0)
        start, cpu = time.perf_counter(), used()
        for serial in range(rows):
            service.verify(serial)
        report("egov-serang sync", rows, 1, time.perf_counter() - start, used() - cpu)


async def many(url: str, rows: int, width: int, keys: Path) -> None:
    """The asynchronous client with `width` calls in flight, gated as the opponent gates itself."""
    async with AsyncClient(config(url, keys, width)) as client:
        service = Bench(client.identity.engine, None, client.identity.mode)
        await service.verify(0)
        gate = asyncio.Semaphore(width)

        async def one(serial: int) -> Verification:
            async with gate:
                return await service.verify(serial)

        start, cpu = time.perf_counter(), used()
        done = await asyncio.gather(*(one(serial) for serial in range(rows)))
        report("egov-serang async", len(done), width, time.perf_counter() - start, used() - cpu)


if __name__ == "__main__":
    address, count, in_flight, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    if in_flight:
        asyncio.run(many(address, count, in_flight, folder))
    else:
        one_by_one(address, count, folder)
