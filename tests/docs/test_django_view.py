"""The Django example, as a process of its own over real HTTP, with the sandbox behind it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from egov_serang import Client, Config
from egov_serang.models.complaints import Complaint, Location
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing import ScriptedFaults
from egov_serang.testing.plugin import SCOPES

SCRIPT = Path(__file__).parents[2] / "examples" / "django_view.py"
NIK = "9973010101900000"
HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|version)" value="([^"]+)"')


@pytest.fixture
def desk(sandbox: Sandbox, city: Config, tmp_path: Path) -> Iterator[httpx.Client]:
    """A browser at the desk."""
    profile = sandbox.credentials("desk-app", SCOPES, tmp_path / "keys")
    assert profile.gateway == city.gateway
    (tmp_path / "config.toml").write_text(profile.profile_toml("default"), "utf-8")
    (tmp_path / "audit.key").write_bytes(os.urandom(32))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        [sys.executable, "-u", str(SCRIPT), "runserver", address, "--noreload"],
        cwd=tmp_path,
        env={**os.environ, "EGOV_SERANG_CONFIG": str(tmp_path / "config.toml")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert any("Quit the server" in line for line in process.stdout)
        transport = httpx.HTTPTransport(retries=5)  # it says so a moment before it listens
        with httpx.Client(base_url=f"http://{address}", transport=transport) as browser:
            yield browser
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def complaint(client: Client) -> Complaint:
    return client.complaints.submit(
        "sampah", "Sampah <b>belum</b> diangkut.", location=Location(area_code="36.73.06.1008")
    )


def form(page: httpx.Response, **more: str) -> dict[str, str]:
    """What a browser would send."""
    return {**dict(HIDDEN.findall(page.text)), **more}


def test_an_officer_verifies_and_assigns(desk: httpx.Client, client: Client, complaint: Complaint) -> None:
    page = desk.get("/")
    assert complaint.reference is not None
    assert complaint.reference in page.text
    assert "<b>" not in page.text
    done = desk.post(f"/complaints/{complaint.complaint_id}/", data=form(page, action="verify"))
    assert (done.status_code, done.headers["location"]) == (302, "/")
    page = desk.get("/", params={"status": "verified"})
    assigned = form(page, action="assign", assignee="regu-1", comment="Mohon ditangani.")
    assert desk.post(f"/complaints/{complaint.complaint_id}/", data=assigned).status_code == 302
    now = client.complaints.get(complaint.complaint_id)
    assert (now.status, now.assignee) == ("assigned", "regu-1")


def test_who_comes_second_sees_what_it_is_now(desk: httpx.Client, client: Client, complaint: Complaint) -> None:
    seen = desk.get("/")
    client.complaints.transition(complaint, "verify")
    late = desk.post(f"/complaints/{complaint.complaint_id}/", data=form(seen, action="reject"))
    assert late.status_code == 409
    assert "Data telah berubah" in late.text
    assert 'value="assign"' in late.text
    impossible = desk.post(f"/complaints/{complaint.complaint_id}/", data=form(late, action="resolve"))
    assert impossible.status_code == 409
    assert "belum dapat dilakukan" in impossible.text
    assert desk.post(f"/complaints/{complaint.complaint_id}/", data=form(late, action="assign")).status_code == 400


def test_what_is_overdue_stands_first(
    desk: httpx.Client, client: Client, complaint: Complaint, sandbox: Sandbox
) -> None:
    sandbox.advance(30 * 86_400)
    young = client.complaints.submit("sampah", "Sampah lagi.", location=Location(area_code="36.73.06.1008"))
    page = desk.get("/").text
    assert page.index(str(complaint.reference)) < page.index("terlambat") < page.index(str(young.reference))


def test_a_person_at_the_counter_leaves_a_pseudonym(desk: httpx.Client, tmp_path: Path) -> None:
    page = desk.get("/")
    found = desk.post("/people/", data=form(page, nik=NIK))
    assert "9973••••••••••••: match" in found.text
    assert desk.post("/people/", data=form(page, nik="12345")).status_code == 400
    trail = (tmp_path / "audit.jsonl").read_text("utf-8")
    assert NIK not in found.text + trail
    assert json.loads(trail.splitlines()[0])["outcome"] == "match"


def test_health_tells_the_gateway_from_the_worker(
    desk: httpx.Client, client: Client, complaint: Complaint, egov_faults: ScriptedFaults
) -> None:
    assert desk.get("/health/ready").text == "ok"
    egov_faults.refuse("complaints.services")
    assert (desk.get("/health/ready").status_code, desk.get("/health/live").status_code) == (503, 200)
    egov_faults.refuse("complaints.list", code="internal", times=9)
    broken = desk.get("/")
    assert broken.status_code == 503
    assert "Layanan tidak dapat dihubungi" in broken.text
    assert desk.post("/people/", data={"nik": NIK}).status_code == 403  # no CSRF token
