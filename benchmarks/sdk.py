"""The SDK under load: configuration A (Bearer token), B (A with answers verified) or C (B with DPoP).

usage: python -m benchmarks.sdk URL ROWS IN_FLIGHT KEYS [--configuration B] [--transport fast] [--loop uvloop] ...
KEYS is a folder with `assertion.pem` and `message.pem`. With IN_FLIGHT 0 the synchronous client makes one call after
another. Prints rows/s and CPU microseconds a row, as the hand-written script does.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.drive import body, by_gather, by_workers, one_by_one, run

from egov_serang import AsyncClient, Call, Client, Config, Money, Nik
from egov_serang.core.bind import M, Service, operation
from egov_serang.core.body import JsonBody
from egov_serang.core.decode import Decode
from egov_serang.model import Model
from egov_serang.wires.gateway.problems import read_problem

SETTLE = 0.05
"""Seconds before a process with pyreqwest ends: some of those that end at once abort, after all was done."""


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
        content = body(serial)
        content["subject"] = {"nik": Nik(content["subject"]["nik"])}
        return Call(
            "bench.verify",
            "POST",
            "/v1/identity/verifications",
            Decode(Verification),
            read_problem,
            body=JsonBody(content),
            safety="keyed",
        )


def config(url: str, keys: Path, width: int, configuration: str = "A") -> Config:
    """A configuration for the benchmark server, which echoes request ids only where it signs."""
    plain = Config(
        gateway=url,
        client_id="bench",
        key_file=keys / "assertion.pem",
        signing_key_file=keys / "message.pem",
        slots=max(1, width),
        request_id_echo=False,
        verify_answers=configuration != "A",
    )
    return plain.with_(auth="fapi2") if configuration == "C" else plain


def bench(client: Any) -> Bench[Any]:
    """The operation, bound to a client as its own services are."""
    return Bench(client.identity.engine, None, client.identity.mode)


def options(transport: str) -> dict[str, Any]:
    """What the client is given beside its configuration."""
    return {"transport": "fast"} if transport == "fast" else {}


def threads(settings: Config, rows: int, transport: str) -> None:
    """The synchronous client, one call at a time."""
    with Client(settings, **options(transport)) as client:
        one_by_one("egov-serang", bench(client).verify, rows)
    time.sleep(SETTLE)


async def tasks(settings: Config, rows: int, width: int, transport: str, *, gathered: bool) -> None:
    """The asynchronous client."""
    drive = by_gather if gathered else by_workers
    async with AsyncClient(settings, **options(transport)) as client:
        await drive("egov-serang", bench(client).verify, rows, width)
    await asyncio.sleep(SETTLE)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("rows", type=int)
    parser.add_argument("in_flight", type=int)
    parser.add_argument("keys", type=Path)
    parser.add_argument("--configuration", choices=("A", "B", "C"), default="A")
    parser.add_argument("--transport", choices=("lanes", "fast"), default="lanes")
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    parser.add_argument("--gather", action="store_true", help="drive it as the hand-written script drives itself")
    given = parser.parse_args()
    settings = config(given.url, given.keys, given.in_flight, given.configuration)
    if given.in_flight:
        work = tasks(settings, given.rows, given.in_flight, given.transport, gathered=given.gather)
        run(work, given.loop)
    else:
        threads(settings, given.rows, given.transport)


if __name__ == "__main__":
    main()
