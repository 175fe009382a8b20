"""Running the cases: servers on a core of their own, rounds that take turns, and what each process printed."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.cases import Case, Place, command

ROOT: Final = Path(__file__).parents[1]
_RESULT: Final = re.compile(r"([0-9.]+) rows/s, ([0-9.]+) us CPU a row")
_TRIES: Final = 3
_LEAST: Final = 20
_FIRST: Final = 100
"""Rows of the round that only finds out how many rows fill the time."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement of one case.

    Attributes:
        speed: rows a second.
        cpu: microseconds of CPU a row, of the client's process.
        served: microseconds of CPU a row that the server took; None where the system does not say.
    """

    speed: float
    cpu: float
    served: float | None

    @property
    def busy(self) -> float | None:
        """The part of the time the server was computing: 1 would make it the limit."""
        return None if self.served is None else self.speed * self.served / 1e6


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    url: str
    process: subprocess.Popen[bytes]

    def used(self) -> float | None:
        """Seconds of CPU its only thread took, on Linux."""
        try:
            spent = Path(f"/proc/{self.process.pid}/schedstat").read_text("ascii").split()[0]
        except OSError:
            return None
        return int(spent) / 1e9


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores the servers and the clients run on; both everywhere where there is nothing to divide."""

    server: frozenset[int]
    client: frozenset[int]

    @property
    def is_divided(self) -> bool:
        """Whether neither can take time from the other."""
        return not self.server & self.client


def cores() -> Cores:
    """The last core for the server, the others for whoever is measured."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(frozenset(), frozenset({-1}))
    mine = sorted(os.sched_getaffinity(0))
    if len(mine) == 1:
        return Cores(frozenset(mine), frozenset(mine))
    return Cores(frozenset(mine[-1:]), frozenset(mine[:-1]))


@contextmanager
def on(which: frozenset[int]) -> Iterator[None]:
    """Have the processes started meanwhile run on these cores."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, which)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def serving(divided: Cores, line: Sequence[str]) -> Iterator[Server]:
    """A server in a process of its own, on a free port of this machine, on its core.

    Args:
        divided: where it runs.
        line: its command; the port is put behind it.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with on(divided.server):
        process = subprocess.Popen([*line, str(port)], cwd=ROOT)
    try:
        _wait_for(port, process)
        yield Server(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


class Bench:
    """Measures cases.

    Args:
        place: where.
        servers: the plain one and the one that signs.
        divided: the clients' cores.
    """

    def __init__(self, place: Place, servers: tuple[Server, Server], divided: Cores) -> None:
        self._place, self._servers, self._cores = place, servers, divided

    def rounds(
        self, cases: Sequence[Case], rounds: int, seconds: float, told: Callable[[str], None]
    ) -> dict[Case, list[Sample]]:
        """All cases, round after round, so that a noisy moment of the machine hits everybody alike.

        Args:
            cases: what to measure.
            rounds: how often.
            seconds: how long one measurement is to take, about; 0 for the fewest rows.
            told: of what is going on.
        """
        rows = {case: self._enough(case, seconds) for case in cases}
        seen: dict[Case, list[Sample]] = {case: [] for case in cases}
        for number in range(1, rounds + 1):
            told(f"round {number} of {rounds}")
            for case in cases:
                seen[case].append(self.sample(case, rows[case]))
        return seen

    def sample(self, case: Case, rows: int) -> Sample:
        """One measurement of one case."""
        return self.measured(command(case, rows, self._place), rows, self._servers[case.is_signing])

    def measured(self, line: Sequence[str], rows: int, server: Server) -> Sample:
        """What a process printed, and what the server spent on it."""
        before = server.used()
        with on(self._cores.client):
            speed, cpu = run(line)
        after = server.used()
        served = None if before is None or after is None else (after - before) / rows * 1e6
        return Sample(speed, cpu, served)

    def _enough(self, case: Case, seconds: float) -> int:
        """Rows that fill the time, at least twice what is in flight."""
        least = max(2 * case.in_flight, _LEAST)
        if not seconds:
            return least
        return max(least, round(self.sample(case, max(_FIRST, case.in_flight)).speed * seconds))


def run(line: Sequence[str]) -> tuple[float, float]:
    """Rows a second and microseconds of CPU a row, as the process printed them.

    A process with pyreqwest may abort at its very end, which says nothing about what it measured: it is run again.
    """
    for _ in range(_TRIES):
        done = subprocess.run(list(line), cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
        found = _RESULT.search(done.stdout)
        if done.returncode == 0 and found is not None:
            return float(found[1]), float(found[2])
        if done.returncode >= 0:
            break
    sys.exit(f"{' '.join(line)} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
