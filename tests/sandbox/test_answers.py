"""Signed answers, judged by http-message-signatures: what is signed, what is not, and with which key."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import http_sf
import httpx
import pytest
from http_message_signatures import HTTPMessageVerifier, InvalidSignature, MappingKeyResolver
from joserfc.jwk import import_key
from tests.sandbox.conftest import CITIZEN, Register
from tests.sandbox.peer import ALGORITHMS, Message, Peer, digest, multipart

from egov_serang.sandbox.server import Sandbox

CASES = "/v1/complaints/cases"
CASE = {"service_code": "sampah", "description": "Sampah.", "area_code": "36.73.06.1008"}
SIGNATURE_HEADERS = {"signature", "signature-input", "content-digest"}


@dataclass
class Answer:
    """An answer as http-message-signatures wants it."""

    status_code: int
    headers: Any
    request: Message


class NoClock(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        return


def message_key(url: str) -> dict[str, Any]:
    """The one key of the gateway that is for answers: its `alg` is one of RFC 9421."""
    keys = httpx.get(f"{url}/.well-known/jwks.json").json()["keys"]
    (found,) = [key for key in keys if key["alg"] in ALGORITHMS]
    assert all("d" not in key for key in keys)
    return found


def check(url: str, request: Message, answer: httpx.Response, *, status: int | None = None) -> dict[str, Any]:
    """Its parameters; raises where it does not hold."""
    jwk = message_key(url)
    public: Any = {jwk["kid"]: import_key({k: v for k, v in jwk.items() if k != "alg"}).public_key}
    verifier = NoClock(
        signature_algorithm=ALGORITHMS[jwk["alg"]],
        key_resolver=MappingKeyResolver(public_keys=public, private_keys={}),
    )
    message = Answer(status or answer.status_code, answer.headers, request)
    verifier.verify(message, max_age=None, expect_tag="egov-serang", expect_label="egov", body=answer.content or None)
    parsed: Any = http_sf.parse(answer.headers["signature-input"].encode(), tltype="dictionary")
    items, parameters = parsed["egov"]
    with_body = [("content-type", {}), ("content-digest", {})] if answer.content else []
    bound = ("signature", {"req": True, "key": "egov"})
    assert items == [("@status", {}), *with_body, ("x-request-id", {}), bound]
    assert ("content-digest" in answer.headers) == bool(answer.content)
    assert set(parameters) == {"created", "expires", "nonce", "keyid", "alg", "tag"}
    assert parameters["expires"] == parameters["created"] + 300
    assert (parameters["keyid"], parameters["alg"]) == (jwk["kid"], jwk["alg"])
    return parameters


def exchange(peer: Peer, method: str, path: str, body: Any = None, **more: Any) -> tuple[Message, httpx.Response]:
    request = peer.sign(peer.message(method, path, body, **more))
    return request, peer.send(request)


def test_answers_refusals_and_unknown_places_are_signed(citizen: Peer) -> None:
    for method, path, body, status in (
        ("GET", "/v1/complaints/services", None, 200),
        ("POST", CASES, CASE, 201),
        ("POST", CASES, {"service_code": "sampah"}, 422),
        ("GET", f"{CASES}/none", None, 404),
        ("GET", "/v1/permits/types", None, 403),
        ("GET", "/v1/nowhere", None, 404),
        ("DELETE", "/v1/complaints/services", None, 405),
    ):
        request, answer = exchange(citizen, method, path, body)
        assert answer.status_code == status, (path, answer.text)
        check(citizen.url, request, answer)


def test_an_answer_is_bound_to_its_request_and_to_its_status(citizen: Peer) -> None:
    one, answer = exchange(citizen, "GET", "/v1/complaints/services")
    other, _ = exchange(citizen, "GET", "/v1/complaints/services")
    check(citizen.url, one, answer)
    for request, status in ((other, None), (one, 201)):
        with pytest.raises(InvalidSignature):
            check(citizen.url, request, answer, status=status)


def test_a_replayed_answer_is_signed_anew(citizen: Peer) -> None:
    headers = {"idempotency-key": "once"}
    first, answer = exchange(citizen, "POST", CASES, CASE, headers=headers)
    again, replayed = exchange(citizen, "POST", CASES, CASE, headers=headers)
    assert replayed.headers["idempotency-replayed"] == "true"
    assert replayed.content == answer.content
    nonces = [check(citizen.url, *pair)["nonce"] for pair in ((first, answer), (again, replayed))]
    assert nonces[0] != nonces[1]


def test_a_refused_request_is_answered_signed_as_far_as_its_signature_can_be_read(citizen: Peer) -> None:
    late = citizen.sign(citizen.message("GET", CASES), age=400)
    answer = citizen.send(late)
    assert answer.json()["code"] == "clock_skew"
    check(citizen.url, late, answer)
    for spoiled in ("egov=", "egov=1", "sig1=:AAAA:", "((", "\xff"):
        request = citizen.sign(citizen.message("GET", CASES))
        request.headers["Signature"] = spoiled
        answer = citizen.http.request(
            "GET", request.url, headers=[(k, v.encode("latin-1")) for k, v in request.headers.items()]
        )
        assert answer.status_code == 401
        assert SIGNATURE_HEADERS.isdisjoint(answer.headers)


def test_public_and_unsigned_requests_are_answered_unsigned(citizen: Peer) -> None:
    for path in ("/.well-known/smartcity-gateway", "/v1/notifications/announcements", CASES):
        answer = citizen.http.get(citizen.url + path, headers={"x-request-id": str(uuid.uuid4())})
        assert SIGNATURE_HEADERS.isdisjoint(answer.headers)
        assert "x-request-id" in answer.headers


def test_without_a_body_there_is_no_digest(citizen: Peer) -> None:
    _, found = exchange(citizen, "POST", CASES, CASE)
    path = f"{CASES}/{found.json()['complaint_id']}"
    request, answer = exchange(citizen, "GET", path, headers={"if-none-match": found.headers["etag"]})
    assert (answer.status_code, answer.content) == (304, b"")
    check(citizen.url, request, answer)


def test_a_download_is_signed_over_all_of_it(citizen: Peer) -> None:
    _, found = exchange(citizen, "POST", CASES, CASE)
    photo = b"\xff\xd8\xff" + bytes(range(256)) * 800
    body, media = multipart("a.jpg", "image/jpeg", photo)
    path = f"{CASES}/{found.json()['complaint_id']}/media"
    request, attached = exchange(citizen, "POST", path, body, content_type=media)
    check(citizen.url, request, attached)
    request, answer = exchange(citizen, "GET", f"{path}/{attached.json()['media_id']}")
    assert answer.content == photo
    assert answer.headers["content-digest"] == digest(photo)
    check(citizen.url, request, answer)


@pytest.mark.parametrize(
    ("kind", "body"), [("spoiled_answer", True), ("spoiled_answer", False), ("unsigned_answer", True)]
)
def test_answers_can_be_spoiled_on_their_way(server: Sandbox, citizen: Peer, kind: Any, body: bool) -> None:
    _, found = exchange(citizen, "POST", CASES, CASE)
    path = f"{CASES}/{found.json()['complaint_id']}"
    headers = {} if body else {"if-none-match": found.headers["etag"]}
    server.fault("complaints.get", kind=kind)
    request, answer = exchange(citizen, "GET", path, headers=headers)
    if kind == "unsigned_answer":
        assert SIGNATURE_HEADERS.isdisjoint(answer.headers)
        assert answer.json()["complaint_id"]
    else:
        with pytest.raises(InvalidSignature):
            check(citizen.url, request, answer)
    request, answer = exchange(citizen, "GET", path, headers=headers)
    check(citizen.url, request, answer)


@pytest.fixture(scope="module")
def older() -> Iterator[Sandbox]:
    with Sandbox(sign_answers=False) as running:
        yield running


def test_an_older_gateway_promises_nothing_and_signs_nothing(server: Sandbox, older: Sandbox) -> None:
    def promised(url: str) -> bool:
        said = httpx.get(f"{url}/.well-known/smartcity-gateway").json()
        value: bool = said["signature_profiles"][0]["responses"]
        return value

    assert (promised(server.url), promised(older.url)) == (True, False)
    peer = Peer(older.url, "app", CITIZEN)
    older.register("app", peer.jwks(), CITIZEN)
    answer = peer.get("/v1/complaints/services")
    assert answer.status_code == 200
    assert SIGNATURE_HEADERS.isdisjoint(answer.headers)
    peer.http.close()


def test_the_key_outlives_a_restart_and_is_of_the_citys_algorithm(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        with Sandbox(tmp_path / "c.sqlite", city="cilegon") as cilegon:
            key = message_key(cilegon.url)
            peer = Peer(cilegon.url, "app", CITIZEN)
            peer.algorithm, peer.message_key = "ecdsa-p256-sha256", peer.assertion_key.generate_key("P-256")
            cilegon.register("app", peer.jwks(), CITIZEN)
            request, answer = exchange(peer, "GET", "/v1/complaints/services")
            check(cilegon.url, request, answer)
            peer.http.close()
            seen.append(key)
    assert seen[0] == seen[1]
    assert seen[0]["alg"] == "ecdsa-p256-sha256"


def test_a_bug_behind_the_gate_is_answered_signed(register: Register, server: Sandbox) -> None:
    peer = register("app", CITIZEN)
    server.fault("complaints.services", kind="status", code="internal", status=500)
    request, answer = exchange(peer, "GET", "/v1/complaints/services")
    assert answer.status_code == 500
    check(peer.url, request, answer)


def test_a_request_id_that_cannot_be_echoed_leaves_the_answer_unsigned(citizen: Peer) -> None:
    """An answer covers the id, and there is none to cover."""
    request = citizen.sign(citizen.message("GET", CASES, headers={"x-request-id": "two words"}))
    answer = citizen.send(request)
    assert SIGNATURE_HEADERS.isdisjoint(answer.headers)
    assert "x-request-id" not in answer.headers
