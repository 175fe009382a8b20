"""Runs everything side by side in one run, and records it: results as JSON, tables, a picture.

usage: python -m benchmarks.run [--reference DIR] [--rounds N] [--seconds S] [--widths 1,8,64,256] [--record DIR]

DIR of --reference holds a hand-written script (`handwritten.py`) and its server (`server.py`), which are run as they
are; without it `benchmarks/opponent.py` and `benchmarks/server.py` stand for them. Everything runs in processes of its
own on loopback, the server on a core of its own. Rounds take turns and the median counts, so that a noisy moment hits
everybody. Exits 1 when a budget is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from benchmarks import answers, footprint, signatures, tokens
from benchmarks.cases import BARE, WIDTHS, Case, Place, cases
from benchmarks.gateway import make_keys
from benchmarks.measure import ROOT, Bench, Sample, Server, cores, serving
from benchmarks.plot import draw
from benchmarks.ratios import ratios
from benchmarks.table import render, rewrite

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results.json"
TABLES: Final = HERE / "RESULTS.md"
PICTURE: Final = ROOT / "docs" / "assets" / "benchmarks.svg"
_CEILING_ROWS: Final = 20_000


def main() -> int:
    """Measure, print, record, and say whether the budgets hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, help="folder of a hand-written script and its server")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="for one measurement; 0: the fewest calls")
    parser.add_argument("--widths", type=_widths, default=WIDTHS, help="calls in flight, with commas between")
    parser.add_argument("--record", type=Path, help="write results.json, table.md and plot.svg to this folder instead")
    given = parser.parse_args()
    if given.reference and not (given.reference / "handwritten.py").is_file():
        parser.error(f"there is no handwritten.py in {given.reference}")
    results = measure(given.reference, given.rounds, given.seconds, given.widths)
    print(render(results))
    record(results, given.record)
    return int(not all(ratio.holds for ratio in ratios(results)))


def _widths(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(part) for part in text.split(",")))


def record(results: Mapping[str, Any], folder: Path | None) -> None:
    """Write the results, the tables and the picture: where they are kept, or to a folder."""
    text = json.dumps(results, indent=1) + "\n"
    if folder is None:
        RESULTS.write_text(text, "utf-8")
        rewrite(TABLES, results)
        PICTURE.write_text(draw(results), "utf-8")
    else:
        (folder / "results.json").write_text(text, "utf-8")
        (folder / "table.md").write_text(render(results), "utf-8")
        (folder / "plot.svg").write_text(draw(results), "utf-8")


def measure(reference: Path | None, rounds: int, seconds: float, widths: tuple[int, ...]) -> dict[str, Any]:
    """Everything, as `results.json` holds it."""
    divided, meter, stated = cores(), Meter(), machine()
    script = [str(reference / "server.py")] if reference else ["-m", "benchmarks.server"]
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(divided, [sys.executable, *script]) as plain,
        serving(divided, [sys.executable, "-m", "benchmarks.server", "--sign"]) as signing,
    ):
        make_keys(Path(folder))
        bench = Bench(Place(plain.url, signing.url, Path(folder), reference), (plain, signing), divided)
        load = bench.rounds(cases(widths, given=reference is not None), rounds, seconds, _tell)
        _tell("the server's ceiling")
        top = [_ceiling(bench, plain, width, rounds, round(_CEILING_ROWS * min(1.0, seconds))) for width in widths]
        _tell("imports and clients")
        prints = footprint.measured(plain.url, Path(folder), rounds)
        _tell("signatures and tokens")
        weight = min(1.0, seconds)
        results: dict[str, Any] = {
            "run": {
                "rounds": rounds,
                "seconds": seconds,
                "is_divided": divided.is_divided,
                "opponent": "given, unchanged" if reference else "benchmarks/opponent.py",
            },
            "load": [_line(case, samples) for case, samples in load.items()],
            "ceiling": top,
            "footprint": prints,
            "signatures": signatures.measured(max(50, round(2000 * weight)), rounds),
            "tokens": tokens.measured(max(100, round(100_000 * weight))),
            "answers": answers.measured(max(10, round(1000 * weight)), rounds),
        }
        others = meter.others([plain, signing])
    return {"machine": {**stated, "others": others}, **results}


def _ceiling(bench: Bench, server: Server, width: int, rounds: int, rows: int) -> dict[str, Any]:
    line = [sys.executable, "-m", "benchmarks.ceiling", server.url, str(max(rows, width)), str(width)]
    samples = [bench.measured(line, max(rows, width), server) for _ in range(rounds)]
    return {"in_flight": width, "speed": [s.speed for s in samples], "served": [s.served for s in samples]}


def _line(case: Case, samples: list[Sample]) -> dict[str, Any]:
    measured = {name: [getattr(sample, name) for sample in samples] for name in ("speed", "cpu", "served")}
    return {"key": case.key, **asdict(case), **measured}


def _tell(what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", file=sys.stderr, flush=True)


class Meter:
    """How much of all cores programs other than ours used since it was made. Knows it on Linux."""

    def __init__(self) -> None:
        self._began, self._used, self._ours = time.monotonic(), _everybody(), _ours([])

    def others(self, servers: list[Server]) -> float | None:
        """A part of 1, or None where the system does not say."""
        used = _everybody()
        if used is None or self._used is None:
            return None
        spent = used - self._used - (_ours(servers) - self._ours)
        return max(0.0, spent / ((time.monotonic() - self._began) * (os.cpu_count() or 1)))


def _everybody() -> float | None:
    """Seconds of CPU everybody on this machine has used, idling and waiting left out."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()[1:9]]
    except OSError:
        return None
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def _ours(servers: list[Server]) -> float:
    """Seconds of CPU of this process, of its children that ended, and of the servers that run."""
    spent = os.times()
    mine = spent.user + spent.system + spent.children_user + spent.children_system
    return mine + sum(server.used() or 0.0 for server in servers)


def machine() -> dict[str, Any]:
    """What all this runs on, and of which commit; asked before anything is measured."""
    return {
        "commit": _git("rev-parse", "--short", "HEAD") + ("" if _is_clean() else " with changes"),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "cpu": _cpu(),
        "system": platform.system(),
        "missing": [name for name in (*BARE, "uvloop") if find_spec(name) is None],
    }


def _is_clean() -> bool:
    kept = {str(path.relative_to(ROOT)) for path in (RESULTS, TABLES, PICTURE)}
    return not {line[3:] for line in _git("status", "--porcelain").splitlines()} - kept


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, cwd=ROOT, check=False)
    return done.stdout.rstrip() or "unknown"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return named or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
