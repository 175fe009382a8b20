"""`egov conformance`: what it says, writes, and ends with."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.cli.conftest import NIK, Egov, in_shell
from tests.scale import long

from egov_serang import Client, Config
from egov_serang.conformance.complaints import SCENARIOS
from egov_serang.sandbox.open311.routes import EXAMPLE_KEY
from egov_serang.sandbox.server import Sandbox

PAGE = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text("utf-8")
FEW = ("--only", "catalogue", "--only", "submit.created", "--only", "privacy.actions")


def test_a_line_a_scenario_and_what_it_writes_before(egov: Egov) -> None:
    done = egov("conformance", "complaints", *FEW)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:6]] == [
        *(["ok", f"catalogue.{name}"] for name in ("listed", "defined", "unknown", "languages", "paged")),
        ["ok", "submit.created"],
    ]
    assert "contract-v1 1, 2" in lines[5]
    assert lines[6].split()[:2] == ["skip", "privacy.actions"]
    assert "--other-profile" in lines[7]
    assert lines[-1] == "6 passed, 0 failed, 1 skipped."
    said = done.stderr.splitlines()
    assert "7 scenarios against http://127.0.0.1" in said[0]
    assert "filed there: about 1," in said[0]
    assert "client_reference: egov-conformance-" in said[1]
    assert said[-1] == "Filed 1 complaints; 0 of them are open still."


def test_json_and_junit_say_the_same(egov: Egov, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    done = egov("conformance", "complaints", *FEW, "--json", "--junit", str(report))
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert (document["ok"], document["passed"], document["failed"], document["skipped"]) == (True, 6, 0, 1)
    suite = ET.fromstring(report.read_bytes())
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("7", "0", "1")
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == [one["scenario"] for one in document["scenarios"]]
    assert [case.get("name") for case in cases if case.find("skipped") is not None] == ["privacy.actions"]


def test_what_is_chosen_can_be_listed_without_a_server(egov: Egov) -> None:
    done = egov("conformance", "complaints", "--list", "--json", EGOV_SERANG_GATEWAY="http://127.0.0.1:9")
    assert [one["scenario"] for one in json.loads(done.stdout)["scenarios"]] == [one.name for one in SCENARIOS]
    some = egov("conformance", "complaints", "--list", "--only", "states", "--only", "*.paged")
    assert (some.exit_code, some.stderr) == (0, "")
    assert len(some.stdout.split("states.")) == 13
    assert "lists.paged" in some.stdout
    assert "submit" not in some.stdout.replace("states.submitted", "").replace("submitted: ", "")


def test_a_scenario_nobody_knows_is_an_error_of_use(egov: Egov) -> None:
    done = egov("conformance", "complaints", "--only", "nothing.like.this")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--list" in done.stderr
    assert egov("conformance", "complaints", "--only", NIK).exit_code == 2


def test_a_report_that_cannot_be_written_is_refused_before_anything_is(
    egov: Egov, tmp_path: Path, client: Client
) -> None:
    done = egov("conformance", "complaints", *FEW, "--junit", str(tmp_path / "none" / "report.xml"))
    assert done.exit_code == 2
    assert list(client.complaints.list()) == []


def test_reading_only_files_nothing(egov: Egov, client: Client) -> None:
    done = egov(
        "conformance", "complaints", "--read-only", "--only", "catalogue", "--only", "refusals", "--only", "states"
    )
    assert done.exit_code == 0
    assert "nothing is written" in done.stderr
    assert done.stdout.splitlines()[-1] == "6 passed, 0 failed, 0 skipped."
    assert list(client.complaints.list()) == []
    assert egov("conformance", "complaints", "--read-only", "--only", "states").exit_code == 2


@long
def test_the_commands_of_the_page_run_in_order(environment: dict[str, str], tmp_path: Path) -> None:
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    done = in_shell("".join(blocks), tmp_path, environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "FAIL" not in done.stdout
    assert ET.fromstring((tmp_path / "conformance.xml").read_bytes()).get("failures") == "0"


def test_the_page_names_every_group_of_scenarios() -> None:
    named = {name for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert named == {one.name.partition(".")[0] for one in SCENARIOS}


@pytest.fixture
def open311(environment: dict[str, str], sandbox: Sandbox) -> tuple[str, ...]:
    """A profile that speaks Open311, beside the others in the file."""
    file = Path(environment["EGOV_SERANG_CONFIG"])
    (file.parent / "open311.key").write_text(EXAMPLE_KEY, "utf-8")
    (file.parent / "open311.key").chmod(0o600)
    told = f'gateway = "{sandbox.url}"\ncomplaints_wire = "open311"\nopen311_key_file = "open311.key"\n'
    bare = 'auth = "none"\nsignature = "none"\n'
    file.write_text(f"{file.read_text('utf-8')}\n[profile.reports]\n{told}{bare}", "utf-8")
    return ("--profile", "reports")


def test_open311_is_submitted_to_with_the_key_of_its_profile(
    egov: Egov, sandbox: Sandbox, open311: tuple[str, ...], tmp_path: Path
) -> None:
    report = tmp_path / "report.xml"
    where = ("--lat", "-6.11", "--long", "106.15", "--junit", str(report))
    done = egov("conformance", "open311", *open311, "--only", "services", "--only", "submit", *where)
    assert done.exit_code == 0, done.stdout + done.stderr
    assert EXAMPLE_KEY not in done.stdout + done.stderr
    suite = ET.fromstring(report.read_bytes())
    found = (suite.get("name"), suite.get("failures"), suite.get("skipped"))
    assert found == ("egov conformance open311", "0", "0")
    assert "Filed 4 requests" in done.stderr
    assert sandbox.counts()["complaints"] == 4


def test_any_endpoint_is_read_without_a_key(egov: Egov, sandbox: Sandbox) -> None:
    done = egov("conformance", "open311", "--only", "services", "--url", f"{sandbox.url}/open311/v2", "--read-only")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "8 passed, 0 failed, 0 skipped."
    silent = egov("conformance", "open311", "--only", "services", "--url", "http://127.0.0.1:9")
    assert silent.exit_code == 4


def test_a_profile_of_open311_is_no_gateways(egov: Egov, open311: tuple[str, ...]) -> None:
    done = egov("conformance", "complaints", *open311)
    assert done.exit_code == 2
    assert "its complaints speak Open311" in " ".join(done.stderr.replace("│", " ").split())


def test_where_all_is_skipped_nothing_is_proven(egov: Egov) -> None:
    done = egov("conformance", "complaints", "--only", "privacy.actions")
    assert done.exit_code == 1
    assert "nothing was proven" in done.stdout


def test_a_server_that_is_no_sandbox_is_written_on_only_if_somebody_says_so(
    egov: Egov, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egov_serang.conformance.server.Server.is_sandbox", False)
    refused = egov("conformance", "complaints", "--only", "submit.created")
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert list(client.complaints.list()) == []
    assert egov("conformance", "complaints", "--only", "submit.created", "--yes").exit_code == 0


def test_url_goes_before_the_profile_and_silence_is_told_apart(egov: Egov, sandbox: Sandbox) -> None:
    elsewhere = {"EGOV_SERANG_GATEWAY": "http://127.0.0.1:9"}
    done = egov("conformance", "complaints", "--only", "security.no_token", "--url", sandbox.url, **elsewhere)
    assert done.exit_code == 0
    silent = egov("conformance", "complaints", "--only", "security.no_token", "--url", "http://127.0.0.1:9")
    assert silent.exit_code == 4


def test_a_failure_is_shown_and_ends_with_1(
    egov: Egov, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, city: Config
) -> None:
    monkeypatch.setattr("egov_serang.sandbox.complaints.routes.require_match", lambda *_: None)
    report = tmp_path / "report.xml"
    done = egov("conformance", "complaints", "--only", "repeats.no_match", "--junit", str(report))
    assert done.exit_code == 1
    assert done.stdout.startswith("FAIL repeats.no_match")
    assert "accepted with status 200" in done.stdout.splitlines()[1]
    failure = ET.fromstring(report.read_bytes()).find("testcase/failure")
    assert failure is not None
    assert "accepted with status 200" in str(failure.get("message"))
    assert city
