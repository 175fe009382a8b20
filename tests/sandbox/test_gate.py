"""Every refusal of the gate (issue 2, proof 9), and what it lets through."""

from __future__ import annotations

import secrets
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey
from tests.sandbox.conftest import CITIZEN, Register
from tests.sandbox.peer import Message, Peer, digest, rsa_key

from egov_serang.sandbox.server import Sandbox

CASES = "/v1/complaints/cases"
POTHOLE = {"service_code": "jalan_rusak", "description": "Jalan berlubang.", "area_code": "36.73.01.1001"}


def refused(answer: httpx.Response, code: str, status: int = 401) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def nothing_filed(server: Sandbox) -> bool:
    return server.counts()["complaints"] == 0


def test_a_signed_call_passes(citizen: Peer, server: Sandbox) -> None:
    message = citizen.sign(citizen.message("POST", CASES, POTHOLE))
    answer = citizen.send(message)
    assert answer.status_code == 201
    assert answer.headers["x-request-id"] == message.headers["x-request-id"]
    assert server.counts()["complaints"] == 1
    assert server.requests()[-1]["signature"] == "valid"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ECKey.generate_key("P-256"), "ecdsa-p256-sha256"),
        (rsa_key(), "rsa-pss-sha512"),
        (OctKey.generate_key(256), "hmac-sha256"),
    ],
)
def test_every_algorithm_of_the_profile_passes(register: Register, key: Any, algorithm: str) -> None:
    peer = register("other-algorithms", CITIZEN, message_key=key, algorithm=algorithm)
    assert peer.get(CASES).status_code == 200
    assert peer.post(CASES, POTHOLE).status_code == 201


def test_no_token(citizen: Peer) -> None:
    message = citizen.message("GET", CASES)
    del message.headers["authorization"]
    refused(citizen.send(citizen.sign(message)), "unauthenticated")


def test_no_signature(citizen: Peer, server: Sandbox) -> None:
    refused(citizen.send(citizen.message("POST", CASES, POTHOLE)), "signature_invalid")
    assert nothing_filed(server)


def test_wrong_key_of_the_same_client(citizen: Peer, server: Sandbox) -> None:
    # The assertion key is registered for this client too, but not for messages.
    message = citizen.message("POST", CASES, POTHOLE)
    citizen.sign(message, key=citizen.assertion_key, algorithm="ecdsa-p256-sha256")
    refused(citizen.send(message), "signature_invalid")
    assert nothing_filed(server)


def test_a_strange_key_under_the_right_name(citizen: Peer) -> None:
    message = citizen.message("GET", CASES)
    citizen.sign(message, key=OKPKey.generate_key("Ed25519"), keyid=citizen.message_key.thumbprint())
    refused(citizen.send(message), "signature_invalid")


def test_another_clients_key(citizen: Peer, register: Register, server: Sandbox) -> None:
    other = register("another-app", CITIZEN)
    message = citizen.sign(citizen.message("POST", CASES, POTHOLE), key=other.message_key)
    refused(citizen.send(message), "signature_invalid")
    assert nothing_filed(server)


def test_another_algorithm_than_the_registered_keys(register: Register) -> None:
    # The public key's bytes as an HMAC secret: the classic confusion.
    peer = register("confused", CITIZEN)
    secret = OctKey.import_key(secrets.token_bytes(32))
    message = peer.message("GET", CASES)
    peer.sign(message, key=secret, keyid=peer.message_key.thumbprint(), algorithm="hmac-sha256")
    refused(peer.send(message), "signature_invalid")


def test_changed_body(citizen: Peer, server: Sandbox) -> None:
    message = citizen.sign(citizen.message("POST", CASES, POTHOLE))
    message.body = message.body.replace(b"berlubang", b"rusak bgt")
    refused(citizen.send(message), "signature_invalid")
    assert nothing_filed(server)


def test_changed_body_with_its_digest(citizen: Peer) -> None:
    message = citizen.sign(citizen.message("POST", CASES, POTHOLE))
    message.body = message.body.replace(b"berlubang", b"rusak bgt")
    message.headers["content-digest"] = digest(message.body)
    refused(citizen.send(message), "signature_invalid")


def test_changed_query(citizen: Peer) -> None:
    message = citizen.sign(citizen.message("GET", f"{CASES}?limit=5"))
    message.url = message.url.replace("limit=5", "limit=6")
    refused(citizen.send(message), "signature_invalid")


def test_changed_path(citizen: Peer) -> None:
    message = citizen.sign(citizen.message("GET", f"{CASES}/cmp_1"))
    message.url = message.url.replace("cmp_1", "cmp_2")
    refused(citizen.send(message), "signature_invalid")


def test_changed_method(citizen: Peer) -> None:
    message = citizen.sign(citizen.message("HEAD", CASES))
    message.method = "GET"
    refused(citizen.send(message), "signature_invalid")


@pytest.mark.parametrize("component", ["@method", "@target-uri", "content-digest", "idempotency-key", "authorization"])
def test_missing_component(citizen: Peer, server: Sandbox, component: str) -> None:
    message = citizen.sign(citizen.message("POST", CASES, POTHOLE), drop=component)
    refused(citizen.send(message), "signature_invalid")
    assert nothing_filed(server)


def test_a_body_without_a_digest(citizen: Peer, server: Sandbox) -> None:
    message = citizen.message("POST", CASES, POTHOLE, headers={"content-digest": None})
    refused(citizen.send(citizen.sign(message, drop="content-digest")), "signature_invalid")
    assert nothing_filed(server)


def test_if_match_must_be_covered(citizen: Peer) -> None:
    message = citizen.message("POST", f"{CASES}/x/transitions", {"action": "verify"}, headers={"if-match": '"1"'})
    refused(citizen.send(citizen.sign(message, drop="if-match")), "signature_invalid")


def test_no_request_id(citizen: Peer) -> None:
    message = citizen.message("GET", CASES, headers={"x-request-id": None})
    refused(citizen.send(citizen.sign(message)), "signature_invalid")


def test_old(citizen: Peer) -> None:
    refused(citizen.send(citizen.sign(citizen.message("GET", CASES), age=331 + 5)), "clock_skew")


def test_future(citizen: Peer) -> None:
    refused(citizen.send(citizen.sign(citizen.message("GET", CASES), age=-(31 + 5))), "clock_skew")


@pytest.mark.parametrize("age", [325, -25])
def test_within_the_skew(citizen: Peer, age: int) -> None:
    assert citizen.send(citizen.sign(citizen.message("GET", CASES), age=age)).status_code == 200


def test_another_life_than_the_profiles(citizen: Peer) -> None:
    refused(citizen.send(citizen.sign(citizen.message("GET", CASES), life=3600)), "signature_invalid")


def test_the_date_tells_a_client_how_wrong_it_is(citizen: Peer, server: Sandbox) -> None:
    citizen.bearer()
    server.skew(3600)
    answer = citizen.get(CASES)
    refused(answer, "clock_skew")
    server.skew(0)
    right = parsedate_to_datetime(citizen.get(CASES).headers["date"])
    assert 3500 < (parsedate_to_datetime(answer.headers["date"]) - right).total_seconds() <= 3600


def test_replayed_nonce(citizen: Peer, server: Sandbox) -> None:
    nonce = secrets.token_urlsafe(16)
    assert citizen.send(citizen.sign(citizen.message("POST", CASES, POTHOLE), nonce=nonce)).status_code == 201
    refused(citizen.send(citizen.sign(citizen.message("POST", CASES, POTHOLE), nonce=nonce)), "nonce_replayed")
    assert server.counts()["complaints"] == 1


def test_a_replayed_message(citizen: Peer) -> None:
    message = citizen.sign(citizen.message("GET", CASES))
    assert citizen.send(message).status_code == 200
    refused(citizen.send(message), "nonce_replayed")


def test_a_forger_burns_no_nonce(citizen: Peer) -> None:
    nonce = secrets.token_urlsafe(16)
    forged = citizen.sign(citizen.message("GET", CASES), nonce=nonce, keyid="somebody")
    refused(citizen.send(forged), "signature_invalid")
    assert citizen.send(citizen.sign(citizen.message("GET", CASES), nonce=nonce)).status_code == 200


def test_a_short_nonce(citizen: Peer) -> None:
    refused(citizen.send(citizen.sign(citizen.message("GET", CASES), nonce="1")), "signature_invalid")


def test_wrong_digest(citizen: Peer, server: Sandbox) -> None:
    message = citizen.message("POST", CASES, POTHOLE, headers={"content-digest": digest(b"something else")})
    refused(citizen.send(citizen.sign(message)), "signature_invalid")
    assert nothing_filed(server)


def test_wrong_tag_and_label(citizen: Peer) -> None:
    refused(citizen.send(citizen.sign(citizen.message("GET", CASES), tag="other")), "signature_invalid")
    refused(citizen.send(citizen.sign(citizen.message("GET", CASES), label="sig1")), "signature_invalid")


@pytest.mark.parametrize(
    "header", ["", "egov", "egov=1", "egov=()", 'egov=("@method";req)', "\xff", "egov=(((", "a=1, a=2"]
)
def test_a_signature_input_that_is_none(citizen: Peer, header: str) -> None:
    message = citizen.sign(citizen.message("GET", CASES))
    message.headers["Signature-Input"] = header.encode("latin-1")
    refused(citizen.send(message), "signature_invalid")


def test_a_token_of_another_audience(citizen: Peer, server: Sandbox) -> None:
    citizen.token = server.mint(citizen.client_id, CITIZEN, audience="https://other.invalid/v1")
    refused(citizen.get(CASES), "unauthenticated")


def test_a_token_somebody_else_signed(citizen: Peer) -> None:
    citizen.token = citizen.assertion(sub=citizen.client_id)
    refused(citizen.get(CASES), "unauthenticated")


def test_evidence_is_no_token(citizen: Peer) -> None:
    body = {
        "subject": {"nik": "9973010101900000"},
        "purpose": {"purpose_code": "permit", "legal_basis": "public_task"},
    }
    citizen.token = citizen.post("/v1/identity/verifications", body).json()["evidence"]
    refused(citizen.get(CASES), "unauthenticated")


def test_an_expired_token(citizen: Peer, server: Sandbox) -> None:
    assert citizen.get(CASES).status_code == 200
    server.advance(901)
    refused(citizen.get(CASES), "token_expired")
    citizen.token = None
    assert citizen.get(CASES).status_code == 200


def test_missing_scope(register: Register, server: Sandbox) -> None:
    reader = register("reader", ["complaints:read"])
    refused(reader.post(CASES, POTHOLE), "scope_missing", 403)
    assert nothing_filed(server)


def test_a_kept_answer_needs_the_scope_too(register: Register, server: Sandbox) -> None:
    peer = register("app", CITIZEN)
    key = {"idempotency-key": "one-key"}
    assert peer.post(CASES, POTHOLE, headers=key).status_code == 201
    peer.token = server.mint("app", ["complaints:read"])
    refused(peer.post(CASES, POTHOLE, headers=key), "scope_missing", 403)


def test_a_body_too_large(citizen: Peer, server: Sandbox) -> None:
    message = Message("POST", f"{server.url}{CASES}", {"authorization": "Bearer x"}, b"x" * (10 * 1024 * 1024 + 1))
    refused(citizen.send(message), "payload_too_large", 413)


def test_what_a_record_holds(citizen: Peer, server: Sandbox) -> None:
    citizen.get(f"{CASES}/cmp_very-secret?q=private")
    record = server.requests()[-1]
    assert set(record) == {
        *("seq", "at", "method", "route", "operation", "status", "attempt", "signature"),
        *("replayed", "client_id", "cut", "ms"),
    }
    assert record["route"] == f"{CASES}/{{complaint_id}}"
    assert "secret" not in str(record)
    assert "private" not in str(record)
