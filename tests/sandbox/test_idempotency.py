"""Idempotency (contract-v1 section 1): one effect, one answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
from tests.sandbox.conftest import CITIZEN, Register
from tests.sandbox.peer import Peer

from egov_serang.sandbox.server import Sandbox

CASES = "/v1/complaints/cases"
WASTE = {"service_code": "sampah", "description": "Belum diangkut.", "area_code": "36.73.06.1008"}
KEY = {"idempotency-key": "the-key"}
SLOW = {
    "subject": {"nik": "9973010101900007"},
    "purpose": {"purpose_code": "permit", "legal_basis": "public_task"},
}


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_repeated_call_gets_the_first_answer(citizen: Peer, server: Sandbox) -> None:
    first, second = (citizen.post(CASES, WASTE, headers=KEY) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert (first.headers["etag"], first.headers["location"]) == (second.headers["etag"], second.headers["location"])
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["x-request-id"] == second.request.headers["x-request-id"]
    assert server.counts()["complaints"] == 1
    assert [record["replayed"] for record in server.requests()[-2:]] == [False, True]


def test_the_key_is_bound_to_its_request(citizen: Peer, server: Sandbox) -> None:
    citizen.post(CASES, WASTE, headers=KEY)
    assert code(citizen.post(CASES, {**WASTE, "description": "Lain."}, headers=KEY)) == (422, "idempotency_mismatch")
    assert code(citizen.post(f"{CASES}?x=1", WASTE, headers=KEY)) == (422, "idempotency_mismatch")
    assert citizen.post(CASES, WASTE, headers=KEY).headers["idempotency-replayed"] == "true"
    assert server.counts()["complaints"] == 1


def test_the_key_is_scoped_to_client_and_path(citizen: Peer, register: Register, server: Sandbox) -> None:
    complaint = citizen.post(CASES, WASTE, headers=KEY).json()
    other = register("other-app", CITIZEN).post(CASES, WASTE, headers=KEY)
    assert other.json()["complaint_id"] != complaint["complaint_id"]
    path = f"{CASES}/{complaint['complaint_id']}/transitions"
    moved = citizen.post(path, {"action": "withdraw"}, headers={**KEY, "if-match": '"1"'})
    assert (moved.status_code, moved.json()["status"]) == (200, "withdrawn")
    assert server.counts()["complaints"] == 2


def test_a_key_is_needed(citizen: Peer, server: Sandbox) -> None:
    assert code(citizen.post(CASES, WASTE, headers={"idempotency-key": None})) == (400, "idempotency_missing")
    assert code(citizen.post(CASES, WASTE, headers={"idempotency-key": "k" * 256})) == (400, "idempotency_missing")
    assert server.counts()["complaints"] == 0


def test_the_same_key_in_flight(citizen: Peer, server: Sandbox) -> None:
    citizen.bearer()
    together = Barrier(2)

    def call(_: int) -> httpx.Response:
        message = citizen.sign(citizen.message("POST", "/v1/identity/verifications", SLOW, headers=KEY))
        together.wait()
        return citizen.send(message)

    with ThreadPoolExecutor(2) as threads:
        answers = sorted(threads.map(call, range(2)), key=lambda answer: answer.status_code)
    assert answers[0].status_code == 200
    assert code(answers[1]) == (409, "idempotency_in_progress")
    assert answers[1].headers["retry-after"] == "1"
    assert server.counts()["verifications"] == 1
    again = citizen.post("/v1/identity/verifications", SLOW, headers=KEY)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == answers[0].content


def test_replay_comes_before_if_match(citizen: Peer, server: Sandbox) -> None:
    path = f"{CASES}/{citizen.post(CASES, WASTE).json()['complaint_id']}/transitions"
    headers = {**KEY, "if-match": '"1"'}
    first, second = (citizen.post(path, {"action": "withdraw"}, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.headers["idempotency-replayed"] == "true"
    assert first.json()["version"] == second.json()["version"] == 2


def test_what_is_kept(citizen: Peer, server: Sandbox) -> None:
    path = f"{CASES}/{citizen.post(CASES, WASTE).json()['complaint_id']}/transitions"
    kept = {
        404: (f"{CASES}/none/transitions", {"action": "withdraw"}, {"if-match": '"1"'}),
        409: (path, {"action": "reopen"}, {"if-match": '"1"'}),
        422: (CASES, {**WASTE, "area_code": "32.01"}, {}),
    }
    for status, (where, body, more) in kept.items():
        headers = {"idempotency-key": f"key-{status}", **more}
        answers = [citizen.post(where, body, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [status, status]
        assert answers[1].headers["idempotency-replayed"] == "true"
        assert answers[0].content == answers[1].content
        assert answers[1].headers["content-type"] == "application/problem+json"


def test_what_is_not_kept(citizen: Peer, server: Sandbox) -> None:
    complaint = citizen.post(CASES, WASTE).json()["complaint_id"]
    path = f"{CASES}/{complaint}/transitions"
    stale = citizen.post(path, {"action": "withdraw"}, headers={**KEY, "if-match": '"9"'})
    assert code(stale) == (412, "version_conflict")
    fresh = citizen.post(path, {"action": "withdraw"}, headers={**KEY, "if-match": '"1"'})
    assert (fresh.status_code, "idempotency-replayed" in fresh.headers) == (200, False)
    server.fault("complaints.submit", kind="status", code="upstream_unavailable")
    key = {"idempotency-key": "after-a-503"}
    assert citizen.post(CASES, WASTE, headers=key).status_code == 503
    assert citizen.post(CASES, WASTE, headers=key).status_code == 201


def test_records_expire(citizen: Peer, server: Sandbox) -> None:
    citizen.post(CASES, WASTE, headers=KEY)
    server.advance(86_400 - 60)
    citizen.token = None
    assert citizen.post(CASES, WASTE, headers=KEY).headers["idempotency-replayed"] == "true"
    server.advance(120)
    assert "idempotency-replayed" not in citizen.post(CASES, WASTE, headers=KEY).headers
    assert server.counts()["complaints"] == 2


def test_many_at_once_have_one_effect_each(citizen: Peer, server: Sandbox) -> None:
    citizen.bearer()

    def submit(number: int) -> httpx.Response:
        return citizen.post(CASES, WASTE, headers={"idempotency-key": f"row-{number % 20}"})

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(submit, range(60)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert server.counts()["complaints"] == 20
    assert server.counts()["idempotency_records"] == 20
