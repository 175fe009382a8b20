"""Faults on demand, the control routes, and what the log says."""

from __future__ import annotations

import asyncio
import logging
import re
import stat
import tomllib
from pathlib import Path

import httpx
import pytest
from tests.sandbox.conftest import CITIZEN, Register
from tests.sandbox.peer import Peer

from egov_serang.sandbox.app import create_app, open_platform
from egov_serang.sandbox.cities.serang import SERANG
from egov_serang.sandbox.server import Sandbox

CASES = "/v1/complaints/cases"
WASTE = {"service_code": "sampah", "description": "Belum diangkut.", "area_code": "36.73.06.1008"}
KEY = {"idempotency-key": "the-key"}


def test_a_lost_answer_has_its_effect_and_no_answer(citizen: Peer, server: Sandbox) -> None:
    server.fault("complaints.submit", kind="lost_answer")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        citizen.post(CASES, WASTE, headers=KEY)
    assert server.counts()["complaints"] == 1
    record = server.requests()[-1]
    assert (record["cut"], record["status"], record["operation"]) == (True, 0, "complaints.submit")
    again = citizen.post(CASES, WASTE, headers=KEY)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert server.counts()["complaints"] == 1


def test_a_status_has_no_effect(citizen: Peer, server: Sandbox) -> None:
    server.fault("complaints.submit", kind="status", code="rate_limited", retry_after_s=7, times=2)
    for _ in range(2):
        answer = citizen.post(CASES, WASTE, headers=KEY)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert (answer.headers["retry-after"], answer.json()["retryable"]) == ("7", True)
    assert server.counts()["complaints"] == 0
    assert citizen.post(CASES, WASTE, headers=KEY).status_code == 201


def test_a_fault_can_be_meant_for_routes(citizen: Peer, server: Sandbox) -> None:
    server.fault(kind="status", method="GET", route_prefix="/v1/complaints/cases/", status=502)
    assert citizen.get(CASES).status_code == 200
    assert citizen.get(f"{CASES}/x").status_code == 502
    assert citizen.get(f"{CASES}/x").status_code == 404


def test_the_token_endpoint_can_fail(citizen: Peer, server: Sandbox) -> None:
    server.fault("oauth.token", kind="status", status=503)
    assert citizen.ask_token().status_code == 503
    assert citizen.ask_token().status_code == 200


def test_a_delay_comes_after_the_effect(citizen: Peer, server: Sandbox) -> None:
    citizen.bearer()
    server.fault("complaints.submit", kind="delay", delay_s=30)
    with pytest.raises(httpx.ReadTimeout):
        citizen.http.request(
            "POST", (message := citizen.sign(citizen.message("POST", CASES, WASTE))).url, headers=message.headers,
            content=message.body, timeout=0.5,
        )  # fmt: skip
    assert server.counts()["complaints"] == 1


def test_reset_leaves_registrations_and_nothing_else(citizen: Peer, server: Sandbox) -> None:
    citizen.post(CASES, WASTE, headers=KEY)
    server.fault("complaints.submit", kind="status", times=9)
    server.advance(10_000)
    people = server.counts()["people"]
    server.reset()
    counts = server.counts()
    assert (counts["complaints"], counts["idempotency_records"], counts["token_calls"]) == (0, 0, 0)
    assert counts["people"] == people > 0
    assert server.requests() == []
    answer = citizen.post(CASES, WASTE, headers=KEY)
    assert (answer.status_code, "idempotency-replayed" in answer.headers) == (201, False)


@pytest.mark.parametrize("path", ["clients", "clock", "faults", "reset", "tokens"])
def test_control_needs_the_sandbox_token(citizen: Peer, server: Sandbox, path: str) -> None:
    url = f"{server.url}/__sandbox/{path}"
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {citizen.bearer()}"}):
        assert citizen.http.post(url, json={}, headers=headers).status_code == 401


def test_control_over_http_does_what_the_methods_do(citizen: Peer, server: Sandbox) -> None:
    opened = {"Authorization": f"Bearer {server.sandbox_token}"}
    base = f"{server.url}/__sandbox"
    fault = {"kind": "status", "operation": "complaints.list", "status": 503}
    assert citizen.http.post(f"{base}/faults", json=fault, headers=opened).status_code == 201
    assert citizen.get(CASES).status_code == 503
    assert citizen.http.post(f"{base}/clock", json={"advance_s": 901}, headers=opened).status_code == 200
    assert citizen.get(CASES).json()["code"] == "token_expired"
    assert citizen.http.get(f"{base}/counts", headers=opened).json() == server.counts()
    assert citizen.http.get(f"{base}/requests", headers=opened).json() == server.requests()
    assert citizen.http.post(f"{base}/reset", headers=opened).status_code == 204
    assert server.requests() == []


def test_the_log_is_an_allow_list(citizen: Peer, server: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    nik, name = "9973014507850001", "Kenari Rahmawati"
    purpose = {"purpose_code": "permit", "legal_basis": "public_task"}
    with caplog.at_level(logging.DEBUG):
        body = {"subject": {"nik": nik}, "attributes": {"full_name": name}, "purpose": purpose}
        assert citizen.post("/v1/identity/verifications", body).status_code == 200
        assert citizen.post("/v1/identity/verifications", {"subject": {"nik": nik, "x": name}}).status_code == 422
        citizen.get(f"{CASES}/{nik}?q={nik}")
        citizen.get(f"/nowhere/{nik}")
    served = [record for record in caplog.records if record.name == "egov_serang.sandbox"]
    assert len(served) >= 4
    line = re.compile(r"(GET|POST) (\(no route\)|/[a-z0-9_./{}-]+) \d+ \d+\.\d ms")
    assert all(line.fullmatch(record.getMessage()) for record in served)
    others = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    for secret in (nik, name, citizen.bearer(), server.sandbox_token):
        assert not any(secret in text for text in others)


def test_a_profile_to_copy(server: Sandbox, tmp_path: Path) -> None:
    profile = server.credentials("new-app", CITIZEN, tmp_path / "keys")
    table = tomllib.loads(profile.profile_toml())["profile"]["sandbox"]
    assert (table["gateway"], table["issuer"], table["client_id"]) == (server.url, server.url, "new-app")
    for path in (profile.key_file, profile.signing_key_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert table["key_file"] == str(profile.key_file)
    written = [profile.key_file.read_bytes(), profile.signing_key_file.read_bytes()]
    assert server.credentials("new-app", CITIZEN, tmp_path / "keys") == profile
    assert [profile.key_file.read_bytes(), profile.signing_key_file.read_bytes()] == written


def test_two_clients_do_not_share_keys(register: Register) -> None:
    one, other = register("one", CITIZEN), register("other", CITIZEN)
    message = other.sign(other.message("GET", CASES))
    message.headers["authorization"] = f"Bearer {one.bearer()}"
    assert other.send(message).json()["code"] == "signature_invalid"


def test_a_bug_answers_500_and_tells_nobody_whose_data_it_met(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    platform = open_platform(tmp_path / "bug.sqlite", "http://sandbox", SERANG, durable=False)
    app = create_app(platform)
    canary = "canary 9973014507850001"

    def bug() -> None:
        raise ValueError(canary)

    app.add_api_route("/bug", bug)

    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
            return await http.get("/bug", headers={"x-request-id": "r-1"})

    with caplog.at_level(logging.DEBUG):
        answer = asyncio.run(call())
    platform.close()
    assert (answer.status_code, answer.json()["code"], answer.headers["x-request-id"]) == (500, "internal", "r-1")
    assert "canary" not in answer.text
    assert "canary" not in caplog.text
    assert "ValueError in " in caplog.text
