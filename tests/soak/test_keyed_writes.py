"""Proof: whatever befalls keyed writes, each has exactly one effect, and no error says more or less than is true.

Under `make soak` 100,000 writes run over each transport, 64 in flight, and 20,000 from threads; every other run makes a
part of them (`tests/scale.py`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.scale import SCALE, long, scaled
from tests.soak.misdeeds import SHARE

GROWTH = (16 if SCALE >= 1 else 32) * 2**20
"""Bytes by which the process may grow after the first tenth of the writes; of a small run that is still warming up."""
FULL_SECONDS = 3600


def run(*arguments: str) -> dict[str, Any]:
    """The report of one run, in processes of its own, so that the memory measured is the client's."""
    command = [sys.executable, "-W", "error", "-m", "tests.soak.writes", *arguments]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=FULL_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize(
    ("kind", "transport", "whole", "width", "limited"),
    [
        ("tasks", "lanes", 100_000, 64, "unlimited"),
        ("tasks", "fast", 100_000, 64, "unlimited"),
        pytest.param("threads", "lanes", 20_000, 16, "unlimited", marks=long),
        pytest.param("threads", "fast", 20_000, 16, "unlimited", marks=long),
        pytest.param("tasks", "lanes", 10_000, 64, "limited", marks=long),
    ],
)
def test_every_write_has_exactly_one_effect(kind: str, transport: str, whole: int, width: int, limited: str) -> None:
    writes = scaled(whole)
    report = run(kind, transport, str(writes), str(width), limited)
    gateway = report["gateway"]
    requests, misdeeds = gateway["counts"]["requests"], gateway["misdeeds"]
    say(f"{kind} over {transport}, {limited}, {writes} writes", report)

    # The gateway holds each write once; what still failed after being resumed three times is there as well.
    assert gateway["effects"] == "1" * writes
    assert sum(report["done"]) + len(report["given_up"]) == writes
    assert len(report["given_up"]) <= max(1, writes // 100)
    assert report["lies"] == []
    # Nothing was refused: every token, signature, nonce and key was right, on repetitions too.
    assert [name for name in gateway["counts"] if name.startswith("refused")] == []
    # It was as bad as promised.
    assert gateway["restarts"] >= 1
    assert gateway["counts"]["replayed"] > 0
    assert sum(misdeeds.values()) == pytest.approx(SHARE * requests, abs=5 * (SHARE * (1 - SHARE) * requests) ** 0.5)
    assert writes < 1000 or all(misdeeds.values())
    # Nothing is left over.
    assert report["memory"][-1] - report["memory"][0] <= GROWTH
    assert (report["busy"], report["left"]) == (0, 0)


def say(name: str, report: dict[str, Any]) -> None:
    """What `make soak` shows."""
    gateway, done = report["gateway"], report["done"]
    counts, memory = gateway["counts"], [size / 2**20 for size in report["memory"]]
    print(
        f"{name} in {report['seconds']:.0f} s: {done[0]} at once, {done[1:]} after 1, 2, 3 resumes,"
        f" {len(report['given_up'])} still failing; effects {gateway['effects'].count('1')}, each once;"
        f" {counts['requests']} requests, {sum(gateway['misdeeds'].values())} failed on purpose,"
        f" {gateway['restarts']} restarts, {counts['replayed']} replayed, {counts.get('in progress', 0)} in progress,"
        f" {counts['tokens']} tokens; memory {memory[0]:.1f} MiB after a tenth, {memory[-1]:.1f} at the end"
    )
    print(json.dumps(gateway["misdeeds"]))
    print(json.dumps(dict(sorted(report["errors"].items()))))
