"""The batch example: killed in its middle it goes on where it was, and nobody is verified twice."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from egov_serang import Config
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing import ScriptedFaults
from egov_serang.testing.plugin import SCOPES

SCRIPT = Path(__file__).parents[2] / "examples" / "cron_batch.py"
MATCH, QUOTA = "9973010101900000", "9973010101900006"
NAME = "Warga Contoh Rahasia"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(sandbox: Sandbox, city: Config, tmp_path: Path) -> Start:
    """Starts the script over `residents.csv`, without a terminal."""
    profile = sandbox.credentials("batch-app", SCOPES, tmp_path / "keys")
    assert profile.gateway == city.gateway
    (tmp_path / "config.toml").write_text(profile.profile_toml("default"), "utf-8")
    environment = {**os.environ, "EGOV_SERANG_CONFIG": str(tmp_path / "config.toml")}

    def run(*more: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(SCRIPT), "residents.csv", "results.csv", *more]
        return subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)

    return run


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code and what was logged, once it has ended by itself."""
    _, said = process.communicate(timeout=120)
    return process.returncode, said


def write_source(folder: Path, numbers: list[str]) -> None:
    with (folder / "residents.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("nik", "full_name"), *((number, NAME) for number in numbers)])


def outcomes(folder: Path) -> list[str]:
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        return [row["outcome"] for row in csv.DictReader(file)]


def test_a_killed_run_goes_on_without_a_second_effect(
    start: Start, sandbox: Sandbox, egov_faults: ScriptedFaults, tmp_path: Path
) -> None:
    write_source(tmp_path, [MATCH] * 40)
    egov_faults.delay("identity.verify", 0, times=12)
    egov_faults.delay("identity.verify", 300, times=4)  # carried out, and the answer is on its way for ever
    first = start("--at-once", "4")
    assert first.stderr is not None
    for line in first.stderr:
        if "12 of 40" in line:
            break
    while sandbox.counts()["verifications"] < 16:
        assert first.poll() is None
    first.kill()
    first.communicate()
    journal = (tmp_path / "results.journal").read_text("utf-8")
    assert journal.count("match") == 12
    with (tmp_path / "results.journal").open("a", encoding="utf-8") as file:
        file.write('{"row": 13, "outc')  # as a power failure would leave it

    code, said = finished(start())
    assert code == 0, said
    assert "12 of 40 rows have an answer already" in said
    assert outcomes(tmp_path) == ["match"] * 40
    assert sandbox.counts()["verifications"] == 40
    assert sum(record["replayed"] for record in sandbox.requests()) == 4

    code, _ = finished(start())
    assert (code, sandbox.counts()["verifications"]) == (0, 40)
    for written in tmp_path.glob("results.*"):
        text = written.read_text("utf-8")
        assert (MATCH in text, NAME in text, MATCH in said, NAME in said) == (False,) * 4


def test_a_spent_quota_ends_the_run_and_keeps_what_is_known(start: Start, tmp_path: Path) -> None:
    write_source(tmp_path, [MATCH, QUOTA, *[MATCH] * 30])
    code, said = finished(start("--at-once", "2"))
    assert code == os.EX_TEMPFAIL
    assert "not finished, run it again: QuotaExhausted" in said
    assert QUOTA not in said
    assert 0 < len(outcomes(tmp_path)) < 31


def test_a_busy_service_is_asked_again(
    start: Start, sandbox: Sandbox, egov_faults: ScriptedFaults, tmp_path: Path
) -> None:
    write_source(tmp_path, [MATCH])
    egov_faults.refuse("identity.verify", code="rate_limited", retry_after_s=0, times=4)  # more than the SDK repeats
    code, said = finished(start())
    assert (code, outcomes(tmp_path)) == (0, ["match"]), said
    assert sandbox.counts()["verifications"] == 1


def test_a_row_that_cannot_be_asked_is_named_in_the_result(start: Start, tmp_path: Path) -> None:
    write_source(tmp_path, [MATCH, "12345", "9973010101900009"])
    code, said = finished(start())
    assert (code, outcomes(tmp_path)) == (1, ["match", "refused: validation_failed", "match"]), said
    assert "12345" not in said


def test_two_runs_at_once_and_a_changed_source_are_refused(
    start: Start, egov_faults: ScriptedFaults, sandbox: Sandbox, tmp_path: Path
) -> None:
    write_source(tmp_path, [MATCH])
    egov_faults.delay("identity.verify", 300)
    first = start()
    while not sandbox.counts()["verifications"]:
        assert first.poll() is None
    code, said = finished(start())
    first.kill()
    first.communicate()
    assert (code, "another run holds" in said) == (2, True)

    write_source(tmp_path, [MATCH, MATCH])
    code, said = finished(start())
    assert (code, "has the file changed" in said) == (2, True)
    (tmp_path / "residents.csv").write_text("name\nx\n", "utf-8")
    (tmp_path / "results.journal").unlink()
    code, said = finished(start())
    assert (code, "columns nik and full_name" in said) == (2, True)
