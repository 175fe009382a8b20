"""Where a client's time goes, sampled by py-spy: own time by package, ours by folder. For a budget that is missed.

usage: python -m benchmarks.profiling {lanes,fast,httpx,...,hand-written} IN_FLIGHT [--loop uvloop] [--rows N] [--lines]
With IN_FLIGHT 0 the synchronous client is looked at. C code counts for the Python that called it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from benchmarks.cases import BARE, FAST, HAND, LANES, Case, Place, command
from benchmarks.gateway import make_keys
from benchmarks.measure import ROOT, cores, on, serving

_FRAME: Final = re.compile(r"(?P<function>.*) \((?P<file>.*?)(?::(?P<line>\d+))?\)$")
_RATE: Final = 500
_DRIVER: Final = "drive.py"
_SHOWN: Final = 25
_WHO: Final = {"lanes": LANES, "fast": FAST, HAND: HAND, **{who: who for who in BARE}}


def main() -> None:
    """Profile and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("who", choices=_WHO)
    parser.add_argument("in_flight", type=int)
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    parser.add_argument("--configuration", choices=("A", "B", "C"), default="A")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--lines", action="store_true", help="also the functions where most time is spent")
    given = parser.parse_args()
    who = _WHO[given.who]
    configuration = given.configuration if who in {LANES, FAST} else ""
    case = Case(who, given.in_flight, given.loop if given.in_flight else "", configuration, configuration in {"B", "C"})
    stacks = sampled(case, given.rows)
    total = sum(stacks.values())
    print(f"{case.key}, {given.rows} rows, {total} samples: own time by package")
    _show(by_package(stacks), total)
    if given.lines:
        print("by function")
        _show(by_function(stacks), total)


def sampled(case: Case, rows: int) -> Counter[str]:
    """How often py-spy saw each stack, frames joined by semicolons, while calls were made."""
    divided = cores()
    sign = ["--sign"] if case.is_signing else []
    with (
        tempfile.TemporaryDirectory() as name,
        serving(divided, [sys.executable, "-m", "benchmarks.server", *sign]) as server,
    ):
        make_keys(Path(name))
        raw = Path(name) / "stacks"
        spy = str(Path(sys.executable).with_name("py-spy"))
        line = command(case, rows, Place(server.url, server.url, Path(name)))
        with on(divided.client):
            done = subprocess.run(
                [spy, "record", "-r", str(_RATE), "-f", "raw", "-o", str(raw), "--", *line],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
        if done.returncode or not raw.exists():
            sys.exit(f"py-spy failed with {done.returncode}:\n{done.stdout}{done.stderr}")
        return driven(raw.read_text("utf-8").splitlines())


def driven(lines: Iterable[str]) -> Counter[str]:
    """The stacks of py-spy's raw form that belong to calls: imports, also the late ones, are left out."""
    found: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        if "importlib" not in stack and (_DRIVER in stack or "asyncio/base_events.py" in stack):
            found[stack] += int(count)
    return found


def by_package(stacks: Counter[str]) -> Counter[str]:
    """Own time by package; ours by folder."""
    found: Counter[str] = Counter()
    for stack, count in stacks.items():
        file = _leaf(stack)["file"]
        parts = file.split("/")
        if parts[0] == "egov_serang":
            found["/".join(parts[:2])] += count
        else:
            found[parts[0] if len(parts) > 1 else f"{file} (standard library, or the bench)"] += count
    return found


def by_function(stacks: Counter[str]) -> Counter[str]:
    """Own time by function."""
    found: Counter[str] = Counter()
    for stack, count in stacks.items():
        leaf = _leaf(stack)
        found[f"{leaf['function']} ({leaf['file']})"] += count
    return found


def _leaf(stack: str) -> re.Match[str]:
    frame = _FRAME.match(stack.rpartition(";")[2])
    if frame is None:
        raise ValueError("not a stack as py-spy writes it")
    return frame


def _show(found: Counter[str], total: int) -> None:
    for name, count in found.most_common(_SHOWN):
        print(f"  {count / total:6.1%}  {name}")


if __name__ == "__main__":
    main()
