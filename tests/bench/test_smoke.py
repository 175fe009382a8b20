"""`make bench` in small: every client once against real servers, so that it cannot rot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.cases import cases
from benchmarks.floor import PIECES
from benchmarks.measure import ROOT
from benchmarks.table import render
from tests.scale import long

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the bench reads /proc and runs uvloop: Linux")


@long
def test_a_small_run_measures_everything_and_records_it(tmp_path: Path) -> None:
    small = ["--rounds", "1", "--seconds", "0", "--widths", "2", "--record", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.run", *small],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr  # 1: a budget was missed, of which so small a run says nothing
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert {line["key"] for line in results["load"]} == {case.key for case in cases((2,))}
    assert all(speed > 0 for line in results["load"] for speed in line["speed"])
    assert results["ceiling"][0]["speed"][0] > 0
    assert {line["who"] for line in results["footprint"]["clients"]} >= {"egov_serang.Client", "httpx.Client"}
    assert (tmp_path / "table.md").read_text("utf-8") == render(results)
    assert render(results) in done.stdout
    assert (tmp_path / "plot.svg").read_text("utf-8").startswith("<svg ")


@long
def test_the_pieces_of_a_fast_call_add_up_to_a_floor() -> None:
    line = [sys.executable, "-m", "benchmarks.floor", "--windows", "1", "--in-flight", "4", "--loop", "uvloop"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows = [row.strip("| ").split(" | ") for row in done.stdout.splitlines()[2:]]
    spent = {says: int(micros) for says, micros in rows}
    assert all(spent[says] > 0 for says in PIECES.values())
    floor = next(micros for says, micros in spent.items() if says.startswith("floor"))
    assert abs(spent[PIECES["pyreqwest"]] + spent[PIECES["signed"]] - floor) <= 1


def test_a_folder_without_a_script_is_refused(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "benchmarks.run", "--reference", str(tmp_path)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "there is no handwritten.py" in done.stderr
