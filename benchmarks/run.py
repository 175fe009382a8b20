"""Runs the SDK and its opponents against the same server in one run, and reports ratios.

usage: python benchmarks/run.py [--reference DIR] [--rows N] [--rounds N] [--write FILE]

DIR holds the opponent (`handwritten.py`) and the server (`server.py`); they are run as they are, in processes of their
own on loopback. Rounds are interleaved and the median counts, so that a noisy moment hits everybody.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
RESULT = re.compile(r"([0-9]+) rows/s, ([0-9]+) us CPU a row")


def main() -> None:
    """Measure, print and, if asked, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, default=HERE.parent.parent / "shared" / "reference" / "bench")
    parser.add_argument("--rows", type=int, default=3000, help="calls a measurement (the hand-written one: a third)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path, help="also write the table to this Markdown file")
    given = parser.parse_args()
    if not (given.reference / "handwritten.py").is_file():
        sys.exit(f"no handwritten.py in {given.reference}: name the opponent's folder with --reference")
    table = measure(given.reference, given.rows, given.rounds)
    print(table)
    if given.write:
        given.write.write_text(table, "utf-8")


def measure(reference: Path, rows: int, rounds: int) -> str:
    """The whole comparison as a Markdown table."""
    few = max(1, rows // 3)
    with tempfile.TemporaryDirectory() as folder, serving(reference / "server.py") as url:
        make_keys(Path(folder))
        commands = {
            "bare httpx, one at a time": [str(HERE / "bare.py"), url, str(rows)],
            "egov-serang sync, one at a time": [str(HERE / "sdk.py"), url, str(rows), "0", folder],
            "hand-written, 64 in flight": [str(reference / "handwritten.py"), url, str(few), "64", "sign"],
            "egov-serang async, 64 in flight": [str(HERE / "sdk.py"), url, str(rows), "64", folder],
        }
        seen: dict[str, list[tuple[int, int]]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                seen[name].append(run(command))
    return render(seen, rows, rounds)


def run(command: list[str]) -> tuple[int, int]:
    """Rows per second and CPU microseconds a row, as the process printed them."""
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=600, check=False)
    found = RESULT.search(done.stdout)
    if done.returncode or found is None:
        sys.exit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return int(found[1]), int(found[2])


def render(seen: dict[str, list[tuple[int, int]]], rows: int, rounds: int) -> str:
    """The table, with what it was measured on."""
    middle = {
        name: (statistics.median(r for r, _ in values), statistics.median(c for _, c in values))
        for name, values in seen.items()
    }
    bare, sync, hand, flying = middle.values()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE, check=False
    ).stdout.strip()
    lines = [
        "# Benchmarks, configuration A",
        "",
        f"Commit {commit or 'unknown'}, {datetime.now(UTC):%Y-%m-%d}, CPython {platform.python_version()}, "
        f"{os.cpu_count()} cores {platform.machine()}, {platform.system()}; loopback; {rows} rows, median of {rounds} "
        "interleaved rounds. Trust the ratios, not the absolute numbers.",
        "",
        "| what | rows/s | CPU µs a row |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {speed:.0f} | {cpu:.0f} |" for name, (speed, cpu) in middle.items()),
        "",
        "| ratio | measured | budget |",
        "| --- | ---: | ---: |",
        f"| one call, CPU: SDK / bare httpx | {sync[1] / bare[1]:.2f} | at most 1.1 |",
        f"| 64 in flight, rows/s: SDK on lanes / hand-written | {flying[0] / hand[0]:.1f} | at least 5 |",
        "",
    ]
    return "\n".join(lines)


@contextmanager
def serving(script: Path) -> Iterator[str]:
    """The benchmark server in a process of its own, on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(script), str(port)])
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int) -> None:
    """Until the server accepts connections, at most 10 s."""
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def make_keys(folder: Path) -> None:
    """An assertion key (P-256) and a message key (Ed25519)."""
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "assertion.pem").write_bytes(generate_private_key(SECP256R1()).private_bytes(*form))
    (folder / "message.pem").write_bytes(Ed25519PrivateKey.generate().private_bytes(*form))


if __name__ == "__main__":
    main()
