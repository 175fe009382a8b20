"""The console page over HTTP: who may look, what is told, and that nothing of a person is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.sandbox.conftest import CITIZEN, OFFICER, Register
from tests.sandbox.peer import Peer
from tests.services.test_canary import CANARIES, exercise

from egov_serang import Client, Config
from egov_serang.models.complaints import Location
from egov_serang.sandbox.console.routes import FILES
from egov_serang.sandbox.records import Attempts
from egov_serang.sandbox.server import Sandbox

CASES = "/v1/complaints/cases"
WASTE = {"service_code": "sampah", "description": "Sampah menumpuk.", "area_code": "36.73.02.1001"}
DATA = ["city", "requests", "state"]


def look(server: Sandbox, path: str, **headers: str) -> httpx.Response:
    opened = {"authorization": f"Bearer {server.sandbox_token}"} | headers
    return httpx.get(f"{server.url}/__sandbox/console/{path}", headers=opened, trust_env=False)


def page(server: Sandbox, path: str = "", **headers: str) -> httpx.Response:
    return httpx.get(f"{server.url}/console{path}", headers=headers, trust_env=False)


def state(server: Sandbox) -> dict[str, Any]:
    return look(server, "state").raise_for_status().json()


def requests(server: Sandbox, query: str = "") -> list[dict[str, Any]]:
    return look(server, f"requests{query}").raise_for_status().json()["requests"]


@pytest.mark.parametrize("name", ["", *(f"/{name}" for name in FILES if name != "index.html")])
def test_the_page_and_its_files_are_open_and_locked_to_their_own_origin(server: Sandbox, name: str) -> None:
    answer = page(server, name)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'"
    )
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "//" not in answer.text.replace("http://www.w3.org/2000/svg", "").replace("// ", "")
    assert "style=" not in answer.text
    assert server.sandbox_token not in answer.text


def test_the_page_is_in_the_language_the_browser_asks_for(server: Sandbox) -> None:
    for asked, language in (("id", "id"), ("en-GB,id;q=0.5", "en"), ("fr", "id")):
        answer = page(server, **{"accept-language": asked})
        assert f'<html lang="{language}">' in answer.text
        assert answer.headers["content-language"] == language


def test_what_is_no_file_of_the_page_is_not_found(server: Sandbox) -> None:
    assert page(server, "/other.js").status_code == 404
    assert page(server, "/..%2Froutes.py").status_code == 404


@pytest.mark.parametrize("path", DATA)
def test_data_need_the_sandbox_token(server: Sandbox, citizen: Peer, path: str) -> None:
    for token in ("", "Basic wrong", "Bearer wrong", f"Bearer {citizen.bearer()}"):
        assert look(server, path, authorization=token).status_code == 401
    answer = look(server, path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert server.sandbox_token not in answer.text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "localhost", "127.0.0.1", "127.0.0.1.evil.example"]
)
def test_another_host_name_is_refused(server: Sandbox, host: str) -> None:
    for path in DATA:
        assert look(server, path, host=host).status_code == 403
    refusal = page(server, host=host)
    assert refusal.status_code == 403
    assert server.url in refusal.json()["detail"]


def test_the_console_is_not_among_what_it_shows(server: Sandbox) -> None:
    page(server)
    page(server, "/console.js")
    state(server)
    assert requests(server) == []


def test_attempts_are_counted_by_call(server: Sandbox, city: Config) -> None:
    with Client(city) as client:
        server.fault("complaints.services", kind="status", status=503, times=1)
        list(client.complaints.services())
    seen = [(one["status"], one["attempt"]) for one in requests(server) if one["operation"] == "complaints.services"]
    assert seen == [(200, 2), (503, 1)]


def test_a_lost_answer_and_its_repetition_are_two_attempts(server: Sandbox, city: Config) -> None:
    with Client(city) as client:
        server.fault("complaints.submit", kind="lost_answer")
        client.complaints.submit("sampah", "Sampah", location=Location(area_code="36.73.01"))
    second, first = [one for one in requests(server) if one["operation"] == "complaints.submit"]
    assert (first["attempt"], first["cut"], first["replayed"]) == (1, True, False)
    assert (second["attempt"], second["cut"], second["replayed"]) == (2, False, True)


def test_an_id_of_a_call_is_not_kept(server: Sandbox, citizen: Peer) -> None:
    call = f"kenari-{uuid.uuid4()}"
    for _ in range(3):
        citizen.get(CASES, headers={"x-correlation-id": call})
    assert [one["attempt"] for one in requests(server)[:3]] == [3, 2, 1]
    attempts = Attempts()
    attempts.count(call.encode())
    assert call not in repr(vars(attempts))


def test_calls_are_forgotten_in_their_order() -> None:
    attempts = Attempts()
    assert attempts.count(None) == attempts.count(None) == 1
    assert [attempts.count(b"old"), attempts.count(b"old")] == [1, 2]
    for number in range(10_000):
        attempts.count(str(number).encode())
    assert attempts.count(b"old") == 1
    assert attempts.count(b"9999") == 2


def test_a_verdict_on_a_signature_is_shown(server: Sandbox, citizen: Peer) -> None:
    spoiled = citizen.sign(citizen.message("POST", CASES, WASTE))
    spoiled.body = spoiled.body.replace(b"menumpuk", b"menumpuc")
    assert citizen.send(spoiled).status_code == 401
    citizen.get(CASES)
    httpx.get(f"{server.url}/v1/notifications/announcements", trust_env=False)
    assert [one["signature"] for one in requests(server)[:3]] == ["none", "valid", "refused"]


def test_only_what_is_new_is_told(server: Sandbox, citizen: Peer) -> None:
    citizen.get(CASES)
    first = look(server, "requests").json()
    assert [one["seq"] for one in first["requests"]] == [first["seq"], *range(first["seq"] - 1, 0, -1)]
    rest = f"?after={first['seq']}&run={first['run']}"
    assert requests(server, rest) == []
    citizen.get(CASES)
    (fresh,) = requests(server, rest)
    assert fresh["seq"] == first["seq"] + 1
    server.reset()
    citizen.get(CASES)
    again = look(server, f"requests{rest}").json()
    assert again["run"] != first["run"]
    assert [one["seq"] for one in again["requests"]] == [1]


def test_complaints_are_placed_by_point_or_area(server: Sandbox, citizen: Peer) -> None:
    point = {"service_code": "jalan_rusak", "description": "Lubang", "lat": -6.1153, "long": 106.1503}
    citizen.post(CASES, WASTE)
    citizen.post(CASES, point)
    citizen.post(CASES, point | {"visibility": "confidential"})
    hidden, exact, middle = state(server)["complaints"]
    kasemen = next(d for d in look(server, "city").json()["map"]["districts"] if d["name"] == "Kasemen")
    assert (middle["at"], middle["area"]) == (kasemen["centre"], "Kasemen")
    assert exact["at"] is not None
    assert exact["kind"] == {"id": "Jalan rusak atau berlubang", "en": "Damaged road or pothole"}
    assert hidden["at"] is None


def test_boards_follow_the_city(server: Sandbox, register: Register) -> None:
    officer, citizen = register("officer-desk", OFFICER), register("citizen-app", CITIZEN)
    case = citizen.post(CASES, WASTE).json()
    (card,) = state(server)["complaints"]
    assert (card["status"], card["queue"], card["mark"], card["term"]) == ("submitted", "submitted", "new", "fine")
    server.advance(30 * 86_400)
    (card,) = state(server)["complaints"]
    assert card["term"] == "late"
    officer.token = citizen.token = None
    body = {"action": "verify"}
    version = {"if-match": f'"{case["version"]}"'}
    assert officer.post(f"{CASES}/{case['complaint_id']}/transitions", body, headers=version).status_code == 200
    (card,) = state(server)["complaints"]
    assert card["status"] == "verified"


def test_a_thread_tells_who_did_what_and_none_of_the_words(server: Sandbox, client: Client) -> None:
    where = Location(area_code="36.73.01")
    case = client.complaints.submit("sampah", "Kalimat kenari", location=where, client_reference="kenari-1")
    case = client.complaints.transition(case, "verify", comment="kenari")
    file = client.complaints.attach(case.complaint_id, b"\x89PNG\r\n\x1a\n", visibility="internal")
    note = client.complaints.updates.add(
        case.complaint_id, "kenari", photos=[b"\x89PNG\r\n\x1a\n"], visibility="internal"
    )
    case = client.complaints.transition(client.complaints.get(case.complaint_id), "withdraw", comment="kenari")
    answer = look(server, f"complaints/{case.complaint_id}")
    assert "enari" not in answer.text
    assert file.filename not in answer.text
    thread = answer.json()
    assert thread["key"] == case.complaint_id
    told = [tuple(one[name] for name in ("role", "action", "status", "visibility", "files")) for one in thread["steps"]]
    assert told == [
        ("citizen", None, "submitted", "public", 0),
        ("officer", "verify", "verified", "public", 0),
        ("officer", None, None, "internal", 1),
        ("citizen", "withdraw", "withdrawn", "confidential", 0),
    ]
    assert thread["steps"][2]["key"] == note.update_id


def test_what_the_system_did_is_told_as_well(server: Sandbox, client: Client) -> None:
    case = client.complaints.submit("sampah", "Sampah", location=Location(area_code="36.73.01"))
    client.complaints.transition(case, "request_info", comment="?")
    server.advance(40 * 86_400)
    steps = look(server, f"complaints/{case.complaint_id}").json()["steps"]
    assert [(one["role"], one["action"]) for one in steps[1:]] == [("officer", "request_info"), ("system", "expire")]


def test_a_thread_is_for_who_has_the_token(server: Sandbox, client: Client) -> None:
    case = client.complaints.submit("sampah", "Sampah", location=Location(area_code="36.73.01")).complaint_id
    assert look(server, f"complaints/{case}", authorization="Bearer wrong").status_code == 401
    assert look(server, f"complaints/{case}", host="evil.example").status_code == 403
    missing = look(server, "complaints/cmp_kenari")
    assert missing.status_code == 404
    assert "kenari" not in missing.text


def test_the_newest_hundred_are_shown_and_all_are_counted(server: Sandbox, citizen: Peer) -> None:
    for number in range(103):
        citizen.post(CASES, WASTE | {"description": str(number)})
    seen = state(server)
    assert seen["counts"]["complaints"] == 103
    assert len(seen["complaints"]) == 100
    assert seen["complaints"][0]["reference"].endswith("103")


def test_nothing_of_a_person_and_no_secret_is_told(server: Sandbox, city: Config) -> None:
    exercise(city)
    told = {path: look(server, path).text for path in DATA} | {name: page(server, f"/{name}").text for name in FILES}
    told["index.html"] = page(server).text
    known = json.loads(told["state"])
    assert [len(known[kind]) for kind in ("complaints", "civil", "messages")] == [1, 1, 1]
    assert known["messages"][0]["recipient"] == "phone ••••01"
    secrets = (*CANARIES, server.sandbox_token, "sub_uji_1", "Bearer ey")
    assert [(where, canary) for where, text in told.items() for canary in secrets if canary in text] == []


def test_a_permit_tells_no_more_than_its_card(server: Sandbox, client: Client) -> None:
    from egov_serang.models.permits import Applicant

    client.permits.applications.start(
        "TDU-PKL",
        applicant=Applicant(subject_ref="sub_kenari", name="Kenari Uji Rahasia"),
        form={"business_name": "Kenari", "goods": "kenari", "trading_place": "Kenari"},
        client_reference="kenari-1",
    )
    seen = look(server, "state").text
    assert "enari" not in seen
    (card,) = json.loads(seen)["permits"]
    assert set(card) == {
        *("key", "reference", "kind", "column", "stage", "status", "outcome", "clock", "due_at", "late", "waiting_on")
    }
    assert (card["column"], card["status"], card["waiting_on"]) == ("applicant", "draft", "applicant")


def test_the_command_prints_an_address_that_opens(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "egov_serang", "sandbox", "--port", "0", "--keys", str(tmp_path)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        told = "".join(iter(running.stdout.readline, "Ctrl-C ends it.\n"))
        printed = re.search(r"^Console: (http://127\.0\.0\.1:\d+)/console#token=(\S+)$", told, re.MULTILINE)
        assert printed
        url, token = printed.groups()
        assert httpx.get(f"{url}/console", trust_env=False).status_code == 200
        opened = {"authorization": f"Bearer {token}"}
        assert httpx.get(f"{url}/__sandbox/console/state", headers=opened, trust_env=False).status_code == 200
    finally:
        running.terminate()
        running.communicate(timeout=30)
