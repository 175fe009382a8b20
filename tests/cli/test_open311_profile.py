"""The complaints commands over Open311: the same, where the profile says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Egov
from tests.sandbox.test_open311 import moderated

from egov_serang import Client
from egov_serang.sandbox.open311.routes import EXAMPLE_KEY
from egov_serang.sandbox.server import Sandbox


@pytest.fixture
def profile(environment: dict[str, str], sandbox: Sandbox) -> str:
    """A profile of the same city, by Open311 alone."""
    file = Path(environment["EGOV_SERANG_CONFIG"])
    (file.parent / "open311.key").write_text(EXAMPLE_KEY)
    lines = (
        *("\n[profile.open311]", f'gateway = "{sandbox.url}"', 'auth = "none"', 'signature = "none"'),
        *('complaints_wire = "open311"', 'open311_key_file = "open311.key"', ""),
    )
    file.write_text(file.read_text("utf-8") + "\n".join(lines), "utf-8")
    return "open311"


def test_report_and_read(egov: Egov, profile: str, client: Client) -> None:
    listed = egov("complaints", "services", "--profile", profile, "--json")
    assert {json.loads(line)["service_code"] for line in listed.stdout.splitlines()} >= {"sampah"}
    done = egov(
        *("complaints", "submit", "sampah", "Sampah menumpuk.", "--lat", "-6.1153", "--long", "106.1503"),
        *("--profile", profile, "--json"),
    )
    assert done.exit_code == 0, done.stderr
    number = json.loads(done.stdout)["complaint_id"]
    shown = egov("complaints", "show", number, "--profile", profile, "--json")
    assert json.loads(shown.stdout)["status"] == "open"
    moderated(client, number)
    found = egov("complaints", "list", "--profile", profile, "--status", "open", "--json")
    assert [json.loads(line)["complaint_id"] for line in found.stdout.splitlines()] == [number]
    table = egov("complaints", "list", "--profile", profile)
    assert number[:12] in table.stdout


def test_what_it_cannot_do_is_said(egov: Egov, profile: str) -> None:
    refused = egov("complaints", "list", "--overdue", "--profile", profile)
    assert refused.exit_code != 0
    assert "Open311 cannot filter by overdue" in refused.stderr
    missing = egov("complaints", "show", "nothing", "--profile", profile)
    assert missing.exit_code != 0
    assert "service_request_id was not found" in missing.stderr
