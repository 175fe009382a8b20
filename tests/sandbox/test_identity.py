"""Identity verifications: magic numbers, comparison, purpose, and that no number stays behind."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.sandbox.conftest import CITIZEN, Register
from tests.sandbox.peer import Peer

from egov_serang.sandbox.server import Sandbox

VERIFICATIONS = "/v1/identity/verifications"
PURPOSE = {"purpose_code": "permit", "legal_basis": "public_task"}
RESIDENT = "9973014507850001"
MAGIC = "997301010190"


def verify(peer: Peer, nik: str, attributes: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
    body = {"subject": {"nik": nik}, "attributes": attributes or {}, "purpose": PURPOSE, **more}
    return peer.post(VERIFICATIONS, body)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    ("serial", "outcome", "result"),
    [
        ("0000", "match", "match"),
        ("0001", "no_match", "no_match"),
        ("0002", "not_found", "not_checked"),
        ("0003", "deceased", "not_checked"),
        ("0004", "inactive", "not_checked"),
        ("0005", "duplicate", "not_checked"),
    ],
)
def test_magic_outcomes(citizen: Peer, serial: str, outcome: str, result: str) -> None:
    answer = verify(citizen, MAGIC + serial, {"full_name": "Siapa Saja"}, client_reference="ref-7")
    body = answer.json()
    assert (answer.status_code, body["outcome"], body["client_reference"]) == (200, outcome, "ref-7")
    assert body["results"] == {"full_name": {"result": result, "score": None}}
    assert (body["subject_ref"] is None) == (outcome == "not_found")
    again = citizen.get(f"{VERIFICATIONS}/{body['transaction_id']}").json()
    assert again == body


def test_quota_exhausted(citizen: Peer, server: Sandbox) -> None:
    answer = verify(citizen, MAGIC + "0006")
    assert code(answer) == (429, "quota_exhausted")
    assert int(answer.headers["retry-after"]) == answer.json()["retry_after_s"] > 0
    assert server.counts()["verifications"] == 0


def test_slow_answers_after_its_effect(citizen: Peer, server: Sandbox) -> None:
    answer = verify(citizen, MAGIC + "0007")
    assert answer.json()["outcome"] == "match"
    assert server.requests()[-1]["ms"] >= 3000


def test_once_unavailable_then_well_per_client(citizen: Peer, register: Register) -> None:
    other = register("other-app", CITIZEN)
    for peer in (citizen, other):
        assert code(verify(peer, MAGIC + "0008")) == (503, "upstream_unavailable")
        assert [verify(peer, MAGIC + "0008").status_code for _ in range(2)] == [200, 200]


def test_pending_then_match(citizen: Peer) -> None:
    answer = verify(citizen, MAGIC + "0009", {"full_name": "Siapa Saja"})
    body = answer.json()
    assert (answer.status_code, body["outcome"], body["results"]) == (202, "pending", {})
    later = citizen.get(answer.headers["location"]).json()
    assert (later["outcome"], later["transaction_id"]) == ("match", body["transaction_id"])


@pytest.mark.parametrize(
    ("attributes", "outcome", "results"),
    [
        ({}, "match", {}),
        ({"full_name": "contoh  RAHMAWATI", "birth_date": "1985-07-05"}, "match", "match match"),
        ({"full_name": "Contoh Rahmawati", "birth_date": "1985-07-06"}, "partial", "match no_match"),
        ({"full_name": "Orang Lain", "sex": "male"}, "no_match", "no_match no_match"),
        ({"full_name": "Contoh Rahmawati", "blood_type": "O"}, "match", "match not_available"),
    ],
    ids=str,
)
def test_comparison(citizen: Peer, attributes: dict[str, str], outcome: str, results: str | dict[str, str]) -> None:
    body = verify(citizen, RESIDENT, attributes).json()
    assert body["outcome"] == outcome
    assert [result["result"] for result in body["results"].values()] == (results.split() if results else [])


def test_a_name_may_be_nearly_right(citizen: Peer) -> None:
    near = {"full_name": "Contoh Rahmawatie"}
    for wanted, outcome in ((90, "match"), (99, "no_match")):
        body = verify(citizen, RESIDENT, near, matching={"full_name": {"score": wanted}}).json()
        assert (body["outcome"], body["results"]["full_name"]["score"]) == (outcome, 97)
    assert verify(citizen, RESIDENT, near, matching={"full_name": "exact"}).json()["outcome"] == "no_match"


def test_the_state_of_a_person(citizen: Peer) -> None:
    assert verify(citizen, "9973040101400005").json()["outcome"] == "deceased"
    assert verify(citizen, "9973051506780006").json()["outcome"] == "inactive"
    assert verify(citizen, "9973999999999999").json()["outcome"] == "not_found"


def test_a_family_card(citizen: Peer) -> None:
    body = {"subject": {"no_kk": "9973010101100001"}, "attributes": {"full_name": "Contoh Rahmawati"}}
    answer = citizen.post(VERIFICATIONS, {**body, "purpose": PURPOSE})
    assert answer.json()["outcome"] == "match"


def test_pseudonyms_are_pairwise(citizen: Peer, register: Register) -> None:
    other = register("other-app", CITIZEN)
    one, again, another = (verify(peer, RESIDENT).json()["subject_ref"] for peer in (citizen, citizen, other))
    assert one == again != another


def test_evidence_is_signed_by_the_gateway(citizen: Peer, server: Sandbox) -> None:
    body = verify(citizen, RESIDENT, {"full_name": "Contoh Rahmawati"}).json()
    keys = KeySet.import_key_set(citizen.http.get(f"{server.url}/.well-known/jwks.json").json())
    claims = jwt.decode(body["evidence"], keys, ["ES256"]).claims
    assert (claims["txn"], claims["outcome"]) == (body["transaction_id"], "match")
    assert (claims["iss"], claims["aud"], claims["sub"]) == (server.url, "citizen-app", body["subject_ref"])
    assert claims["results"] == {"full_name": "match"}


def test_the_quota_counts_down(citizen: Peer) -> None:
    left = [verify(citizen, RESIDENT).json()["quota_left"] for _ in range(3)]
    assert left == [9999, 9998, 9997]


def test_only_its_own_client_reads_a_verification(citizen: Peer, register: Register) -> None:
    transaction = verify(citizen, RESIDENT).json()["transaction_id"]
    assert code(register("other-app", CITIZEN).get(f"{VERIFICATIONS}/{transaction}")) == (404, "not_found")


@pytest.mark.parametrize(
    ("change", "status", "problem"),
    [
        ({"purpose": {"purpose_code": "curiosity", "legal_basis": "public_task"}}, 403, "purpose_not_allowed"),
        ({"purpose": {"purpose_code": "permit", "legal_basis": "consent"}}, 403, "consent_required"),
        ({"purpose": None}, 422, "validation_failed"),
        ({"subject": {}}, 422, "validation_failed"),
        ({"subject": {"nik": RESIDENT, "no_kk": RESIDENT}}, 422, "validation_failed"),
        ({"subject": {"nik": "123"}}, 422, "validation_failed"),
        ({"attributes": {"birth_date": "5 July"}}, 422, "validation_failed"),
        ({"extra": 1}, 422, "validation_failed"),
    ],
    ids=str,
)
def test_refused(citizen: Peer, change: dict[str, Any], status: int, problem: str) -> None:
    body = {"subject": {"nik": RESIDENT}, "purpose": PURPOSE, **change}
    answer = citizen.post(VERIFICATIONS, {name: value for name, value in body.items() if value is not None})
    assert code(answer) == (status, problem)
    assert RESIDENT not in answer.text


def test_consent_opens_what_consent_closes(citizen: Peer) -> None:
    purpose = {"purpose_code": "permit", "legal_basis": "consent"}
    given = {"given": True, "at": "2026-11-23T08:00:00+07:00", "method": "form"}
    assert verify(citizen, RESIDENT, purpose=purpose, consent=given).status_code == 200
    assert verify(citizen, RESIDENT, purpose=purpose, consent={"consent_ref": "c-1"}).status_code == 200


def test_no_number_stays_in_the_database(tmp_path: Path) -> None:
    path = tmp_path / "city.sqlite"
    with Sandbox(path) as server:
        peer = Peer(server.url, "app", CITIZEN)
        server.register("app", peer.jwks(), CITIZEN)
        with peer.http:
            for nik in (RESIDENT, MAGIC + "0000", "9973999999999999"):
                assert verify(peer, nik, {"full_name": "Kenari Nama"}).status_code == 200
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM verifications").fetchone() == (3,)
    for secret in (RESIDENT, MAGIC + "0000", "9973999999999999", "Kenari Nama"):
        assert secret.encode() not in held
