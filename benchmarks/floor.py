"""What a signed call over `fast` costs at least, piece by piece, and what it really costs. For a budget that is missed.

usage: python -m benchmarks.floor [--in-flight N] [--loop uvloop] [--windows N]
CPU microseconds a row, each piece in a process of its own on the clients' core, the server on another. The least of so
many windows counts: whatever else the machine does can only add. What the pieces together take is the floor: no client
that signs with `cryptography` and sends over pyreqwest is under it. What is above it is handing work from thread to
thread, and caches that are cold each time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.bare import HEADERS, PATH, SETTLE
from benchmarks.drive import body, run, used
from benchmarks.gateway import make_keys
from benchmarks.measure import ROOT, cores, on, serving
from benchmarks.sdk import bench, config
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic_core import to_json

from egov_serang import AsyncClient
from egov_serang.core.message import Headers, Limits, Request, Response

ROWS: Final = 600
_FOUND: Final = re.compile(r"([0-9.]+) us")
_BASE_BYTES: Final = 600
"""About as long as the signature base of the call."""
PIECES: Final = {
    "crypto": "Ed25519 by `cryptography`, alone",
    "pyreqwest": "pyreqwest, unsigned, its answer as bytes",
    "unsigned": "the SDK without a network, unsigned",
    "signed": "the SDK without a network, signed",
    "fast": "the SDK over `fast`, signed",
}

ANSWER: Final = (
    b'{"transaction_id": "TRX-1", "outcome": "match", "results": {"full_name": "match", "birth_date": "match"},'
    b' "subject_ref": "pw-1", "cost": {"amount": "1000.00", "currency": "IDR"}, "quota_left": 900000,'
    b' "checked_at": "2026-11-23T10:00:00+07:00"}'
)
"""What the server answers with."""

Call = Callable[[int], Awaitable[object]]


class Instant:
    """A transport that answers in the loop's next turn."""

    count: None = None

    async def send(self, request: Request, limits: Limits) -> Response:
        """A token, or the answer."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn
        granted = b'{"access_token": "t", "token_type": "Bearer", "expires_in": 3600}'
        content = granted if request.url.endswith("/token") else ANSWER
        head = Headers([("content-type", "application/json"), ("content-length", str(len(content)))])
        return Response(200, head, content)

    async def close(self) -> None:
        """Nothing to close."""


async def least(call: Call, width: int, windows: int) -> float:
    """CPU microseconds a row, in the window where they were fewest."""
    for serial in range(ROWS // 2):
        await call(serial)
    seen: list[float] = []
    for _ in range(windows):
        todo = iter(range(ROWS))

        async def worker(todo: Any = todo) -> None:
            for serial in todo:
                await call(serial)

        before = used()
        await asyncio.gather(*(worker() for _ in range(width)))
        seen.append((used() - before) / ROWS * 1e6)
    return min(seen)


async def measured(piece: str, url: str, keys: Path, width: int, windows: int) -> float:
    """One piece."""
    if piece == "crypto":
        key, base = Ed25519PrivateKey.generate(), os.urandom(_BASE_BYTES)

        async def sign(_: int) -> object:
            return key.sign(base)

        return await least(sign, 1, windows)
    if piece == "pyreqwest":
        return await least_of_pyreqwest(url, width, windows)
    settings = config(url, keys, width)
    if piece == "unsigned":
        settings = settings.with_(signature="none")
    given: dict[str, Any] = {"transport": "fast" if piece == "fast" else Instant()}
    async with AsyncClient(settings, **given) as client:
        return await least(bench(client).verify, width, windows)


async def least_of_pyreqwest(url: str, width: int, windows: int) -> float:
    """Bare, in a process without the SDK's transport: the first client in a process settles how their thread runs."""
    from pyreqwest.client import ClientBuilder  # noqa: PLC0415 - loads its thread

    async with ClientBuilder().build() as bare:

        async def send(serial: int) -> bytes:
            request = bare.post(url + PATH).body_bytes(to_json(body(serial))).headers(HEADERS).build()
            return bytes(await (await request.send()).bytes())

        return await least(send, width, windows)


async def told(piece: str, url: str, keys: Path, width: int, windows: int) -> None:
    """One piece, printed."""
    print(f"{await measured(piece, url, keys, width, windows):.1f} us")
    await asyncio.sleep(SETTLE)


def apart(piece: str, url: str, keys: Path, given: argparse.Namespace) -> float:
    """One piece in a process of its own."""
    options = ["--in-flight", str(given.in_flight), "--windows", str(given.windows), "--loop", given.loop]
    line = [sys.executable, "-m", "benchmarks.floor", *options, "--piece", piece, url, str(keys)]
    with on(cores().client):
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    found = _FOUND.search(done.stdout)
    if found is None:
        sys.exit(f"{piece} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return float(found[1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    parser.add_argument("--windows", type=int, default=30)
    parser.add_argument("--piece", nargs=3, metavar=("PIECE", "URL", "KEYS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.piece:
        piece, url, keys = given.piece
        run(told(piece, url, Path(keys), given.in_flight, given.windows), given.loop)
        return
    with (
        tempfile.TemporaryDirectory() as name,
        serving(cores(), [sys.executable, "-m", "benchmarks.server"]) as server,
    ):
        make_keys(Path(name))
        found = {piece: apart(piece, server.url, Path(name), given) for piece in PIECES}
    print(f"| CPU µs a row, {given.in_flight} in flight, {given.loop} | |\n| --- | ---: |")
    for piece, says in PIECES.items():
        print(f"| {says} | {found[piece]:.0f} |")
    floor = found["pyreqwest"] + found["signed"]
    print(f"| floor: pyreqwest and the signed SDK without a network | {floor:.0f} |")
    print(f"| above the floor | {found['fast'] - floor:.0f} |")


if __name__ == "__main__":
    main()
