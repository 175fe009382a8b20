"""The descriptors as type checkers see them: right uses pass, each wrong use is reported at its line."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CONTRACT = Path(__file__).parent.parent / "typing_contract"
MISTAKES = CONTRACT / "mistakes.py.txt"


def mypy(files: list[Path]) -> set[tuple[str, int]]:
    """(file name, line) of each error mypy finds."""
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--show-absolute-path", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    found = re.findall(r"^(.+?):(\d+): error:", done.stdout, re.MULTILINE)
    return {(Path(name).name, int(line)) for name, line in found}


def basedpyright(files: list[Path]) -> set[tuple[str, int]]:
    """(file name, line) of each error or warning basedpyright finds."""
    beside = Path(sys.executable).with_name("basedpyright")
    command = str(beside) if beside.exists() else shutil.which("basedpyright")
    if command is None:
        pytest.skip("basedpyright is not installed")
    done = subprocess.run(
        [command, "--pythonpath", sys.executable, "--level", "error", "--outputjson", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == len(files)
    # Lines are counted from 0.
    return {(Path(d["file"]).name, d["range"]["start"]["line"] + 1) for d in report["generalDiagnostics"]}


Checker = Callable[[list[Path]], set[tuple[str, int]]]


@pytest.mark.parametrize("checker", [mypy, basedpyright])
def test_right_uses_pass_and_every_mistake_is_reported(checker: Checker, tmp_path: Path) -> None:
    mistakes = tmp_path / "mistakes.py"
    source = MISTAKES.read_text("utf-8")
    mistakes.write_text(source, "utf-8")
    marked = {("mistakes.py", n) for n, line in enumerate(source.splitlines(), 1) if line.endswith("# wrong")}
    assert len(marked) > 25
    found = checker([mistakes, CONTRACT / "modes.py", CONTRACT / "dry_flow.py"])
    assert found == marked
