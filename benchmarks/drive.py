"""How a measured client is driven, the same for all of ours: warm with one call, then as many as asked for."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any


def used() -> float:
    """CPU seconds of this process, all its threads together."""
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    return cpu.ru_utime + cpu.ru_stime


def body(serial: int) -> dict[str, Any]:
    """What every client sends: one person to verify, with a test number."""
    return {
        "subject": {"nik": f"997301010190{serial % 10000:04d}"},
        "attributes": {"full_name": "CONTOH", "birth_date": "1990-01-01"},
        "purpose": {"purpose_code": "permit"},
    }


def one_by_one(name: str, call: Callable[[int], object], rows: int) -> None:
    """One call after another."""
    call(0)
    start, cpu = time.perf_counter(), used()
    for serial in range(rows):
        call(serial)
    report(name, rows, 1, time.perf_counter() - start, used() - cpu)


async def by_workers(name: str, call: Callable[[int], Awaitable[object]], rows: int, width: int) -> None:
    """As many workers as calls in flight take rows from one list: the least a caller can do."""
    await call(0)
    todo = iter(range(rows))

    async def worker() -> None:
        for serial in todo:
            await call(serial)

    start, cpu = time.perf_counter(), used()
    await asyncio.gather(*(worker() for _ in range(width)))
    report(name, rows, width, time.perf_counter() - start, used() - cpu)


async def by_gather(name: str, call: Callable[[int], Awaitable[object]], rows: int, width: int) -> None:
    """All rows gathered behind a semaphore, as the hand-written script does it."""
    await call(0)
    gate = asyncio.Semaphore(width)

    async def one(serial: int) -> object:
        async with gate:
            return await call(serial)

    start, cpu = time.perf_counter(), used()
    await asyncio.gather(*(one(serial) for serial in range(rows)))
    report(name, rows, width, time.perf_counter() - start, used() - cpu)


def run(work: Coroutine[Any, Any, None], loop: str) -> None:
    """Run under asyncio's loop or uvloop's."""
    if loop == "uvloop":
        import uvloop  # noqa: PLC0415 - only where asked for

        uvloop.run(work)
    else:
        asyncio.run(work)


def report(name: str, rows: int, width: int, wall: float, cpu: float) -> None:
    """One line, as the hand-written script prints it."""
    print(f"{name} rows={rows} in_flight={width}: {rows / wall:.1f} rows/s, {cpu / rows * 1e6:.1f} us CPU a row")
