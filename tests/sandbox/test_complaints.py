"""Complaints: catalogue, submission, lists, media."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import httpx
import pytest
from tests.sandbox.conftest import CITIZEN, Register
from tests.sandbox.peer import Peer, multipart

from egov_serang.sandbox.server import Sandbox

BASE = "/v1/complaints"
CASES = f"{BASE}/cases"
POTHOLE = {"service_code": "jalan_rusak", "description": "Jalan berlubang.", "lat": -6.1153, "long": 106.1503}


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def submit(peer: Peer, **fields: Any) -> dict[str, Any]:
    answer = peer.post(CASES, POTHOLE | fields)
    assert answer.status_code == 201, answer.text
    complaint: dict[str, Any] = answer.json()
    return complaint


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [complaint["complaint_id"] for complaint in answer.json()["data"]]


def test_the_catalogue(citizen: Peer) -> None:
    services = citizen.get(f"{BASE}/services").json()["data"]
    assert len(services) >= 8
    assert all(set(service["languages"]) == {"id", "en"} and service["agency_responsible"] for service in services)
    parking = citizen.get(f"{BASE}/services/parkir_liar").json()
    assert [attribute["code"] for attribute in parking["attributes"]] == ["vehicle_kind"]
    assert code(citizen.get(f"{BASE}/services/none")) == (404, "service_not_found")


def test_a_complaint_comes_back_as_it_was_sent(citizen: Peer, server: Sandbox) -> None:
    sent = {
        **POTHOLE,
        "area_code": "36.73.01.1001",
        "address_string": "Depan pasar",
        "reporter": {"name": "Siti Uji", "phone": "081200000001"},
        "client_reference": "my-1",
    }
    answer = citizen.post(CASES, sent)
    complaint = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    assert answer.headers["location"] == f"{CASES}/{complaint['complaint_id']}"
    for name in ("service_code", "description", "lat", "long", "area_code", "address_string", "client_reference"):
        assert complaint[name] == sent[name]
    assert complaint["reporter"]["phone"] == "+6281200000001"
    assert (complaint["status"], complaint["version"], complaint["visibility"]) == ("submitted", 1, "public")
    assert complaint["due"]["stage"] == "verify"
    assert complaint["reference"].endswith("-000001")
    assert citizen.get(answer.headers["location"]).json() == complaint


@pytest.mark.parametrize(
    ("fields", "status", "problem", "pointer"),
    [
        ({"service_code": "none"}, 404, "service_not_found", "/service_code"),
        ({"lat": -6.9, "long": 107.6}, 422, "outside_jurisdiction", "/lat"),
        ({"area_code": "32.73.01.1001"}, 422, "outside_jurisdiction", "/area_code"),
        ({"lat": None, "long": None}, 422, "location_required", None),
        ({"long": None}, 422, "validation_failed", "/lat"),
        ({"service_code": "parkir_liar"}, 422, "attribute_required", "/attributes/vehicle_kind"),
        (
            {"service_code": "parkir_liar", "attributes": {"vehicle_kind": "ship"}},
            422,
            "validation_failed",
            "/attributes/vehicle_kind",
        ),
        ({"attributes": {"invented": 1}}, 422, "validation_failed", "/attributes"),
        ({"description": ""}, 422, "validation_failed", "/description"),
        ({"description": "x" * 4001}, 422, "validation_failed", "/description"),
        ({"surprise": 1}, 422, "validation_failed", "/surprise"),
        ({"reporter": {"phone": "not-a-phone"}}, 422, "validation_failed", "/reporter/phone"),
    ],
    ids=str,
)
def test_refused_submissions(
    citizen: Peer, server: Sandbox, *, fields: dict[str, Any], status: int, problem: str, pointer: str | None
) -> None:
    answer = citizen.post(CASES, POTHOLE | fields)
    assert code(answer) == (status, problem)
    assert [error["pointer"] for error in answer.json()["errors"]] == ([] if pointer is None else [pointer])
    assert server.counts()["complaints"] == 0


def test_a_refusal_repeats_nothing_that_was_sent(citizen: Peer) -> None:
    canary = "canary-9973010101909999"
    body = {**POTHOLE, "service_code": canary, "description": [canary], "reporter": {"phone": canary}}
    answer = citizen.post(CASES, body)
    assert answer.status_code == 422
    named = citizen.post(CASES, {**POTHOLE, canary: 1, "reporter": {"x9973010101909999": 1}})
    assert [error["pointer"] for error in named.json()["errors"]] == ["/reporter", ""]
    assert "9973" not in named.text
    assert "canary" not in answer.text
    assert "9973" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"a": NaN', b""])
def test_bodies_that_are_not_json(citizen: Peer, body: bytes) -> None:
    answer = citizen.post(CASES, body or None)
    assert code(answer) == (422 if not body else 400, "validation_failed")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "application/problem+json"])
def test_other_media_than_json(citizen: Peer, media: str) -> None:
    assert code(citizen.post(CASES, POTHOLE, content_type=media)) == (415, "unsupported_media")
    assert citizen.post(CASES, POTHOLE, content_type="application/json; charset=utf-8").status_code == 201


def test_unknown_paths_and_verbs(citizen: Peer) -> None:
    assert code(citizen.get(f"{BASE}/nothing")) == (404, "not_found")
    assert code(citizen.call("DELETE", CASES)) == (405, "method_not_allowed")
    assert code(citizen.get(f"{CASES}/")) == (404, "not_found")


def test_filters(citizen: Peer, server: Sandbox, officer: Peer) -> None:
    hole = submit(citizen, area_code="36.73.01.1001", client_reference="ref-1")
    server.advance(60)
    waste = submit(citizen, service_code="sampah", area_code="36.73.06.1008", description="Sampah 100% belum diangkut")
    both = [waste["complaint_id"], hole["complaint_id"]]
    assert ids(citizen.get(CASES)) == both
    for query, wanted in {
        "service_code=sampah": both[:1],
        "area_code=36.73.01": both[1:],
        "area_code=36.73.06.1008": both[:1],
        "area_code=36.7": [],
        "client_reference=ref-1": both[1:],
        "q=100%25": both[:1],
        "q=berlubang": both[1:],
        "q=%25": both[:1],
        "status=submitted": both,
        "status=closed": [],
        f"updated_after={waste['updated_at'].replace('+', '%2B')}": both[:1],
        "updated_after=2026-01-01T00:00:00%2B07:00": both,
    }.items():
        assert ids(citizen.get(f"{CASES}?{query}")) == wanted, query
    assert code(citizen.get(f"{CASES}?updated_after=2026-01-01T00:00:00")) == (422, "validation_failed")
    path = f"{CASES}/{hole['complaint_id']}/transitions"
    officer.post(path, {"action": "verify"}, headers={"if-match": '"1"'})
    officer.post(path, {"action": "assign", "assignee": "regu-1"}, headers={"if-match": '"2"'})
    assert ids(officer.get(f"{CASES}?assigned_to=regu-1")) == both[1:]


def test_paging(citizen: Peer) -> None:
    made = [submit(citizen)["complaint_id"] for _ in range(7)]
    seen: list[str] = []
    path: str | None = f"{CASES}?limit=3&service_code=jalan_rusak"
    pages = 0
    while path is not None:
        page = citizen.get(path)
        seen += ids(page)
        pages += 1
        cursor = page.json()["next_cursor"]
        assert ("link" in page.headers) == (cursor is not None)
        path = None if cursor is None else f"{CASES}?limit=3&service_code=jalan_rusak&cursor={cursor}"
        if path is not None:
            assert page.headers["link"].endswith('; rel="next"')
    assert (pages, seen) == (3, made[::-1])


def test_a_cursor_survives_new_rows_and_belongs_to_its_list(citizen: Peer) -> None:
    made = [submit(citizen)["complaint_id"] for _ in range(3)]
    cursor = citizen.get(f"{CASES}?limit=2").json()["next_cursor"]
    submit(citizen)
    assert ids(citizen.get(f"{CASES}?limit=2&cursor={cursor}")) == made[:1]
    for query in (f"status=closed&cursor={cursor}", "cursor=nonsense", "cursor=MS54", "limit=0", "limit=201"):
        assert code(citizen.get(f"{CASES}?{query}")) == (422, "validation_failed"), query


def test_entity_tags(citizen: Peer) -> None:
    path = f"{CASES}/{submit(citizen)['complaint_id']}"
    answer = citizen.get(path)
    same = citizen.get(path, headers={"if-none-match": answer.headers["etag"]})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", '"1"')
    assert citizen.get(path, headers={"if-none-match": '"0", W/"1"'}).status_code == 304
    assert citizen.get(path, headers={"if-none-match": '"2"'}).status_code == 200
    transitions = f"{path}/transitions"
    assert code(citizen.post(transitions, {"action": "withdraw"})) == (428, "precondition_required")
    for tag in ('"2"', 'W/"1"', "1", "*"):
        stale = citizen.post(transitions, {"action": "withdraw"}, headers={"if-match": tag})
        assert code(stale) == (412, "version_conflict"), tag
    moved = citizen.post(transitions, {"action": "withdraw"}, headers={"if-match": '"1"'})
    assert (moved.headers["etag"], moved.json()["version"]) == ('"2"', 2)
    assert citizen.get(path, headers={"if-none-match": '"1"'}).status_code == 200


def test_a_photo_comes_back_byte_for_byte(citizen: Peer, officer: Peer) -> None:
    path = f"{CASES}/{submit(citizen)['complaint_id']}"
    content = os.urandom(300_000)
    body, content_type = multipart("C:\\foto\\lubang.png", "image/png", content)
    answer = citizen.post(f"{path}/media", body, content_type=content_type)
    media = answer.json()
    assert answer.status_code == 201
    assert (media["filename"], media["media_type"], media["size"]) == ("lubang.png", "image/png", len(content))
    assert media["sha256"] == hashlib.sha256(content).hexdigest()
    assert media["url"] == answer.headers["location"] == f"{path}/media/{media['media_id']}"
    for peer in (citizen, officer):
        back = peer.get(media["url"])
        assert (back.content, back.headers["content-type"]) == (content, "image/png")
    complaint = citizen.get(path).json()
    assert complaint["media"] == [media]
    assert complaint["version"] == 2
    assert code(citizen.get(f"{path}/media/none")) == (404, "not_found")


def test_refused_media(citizen: Peer, register: Register, server: Sandbox) -> None:
    path = f"{CASES}/{submit(citizen)['complaint_id']}/media"
    page, content_type = multipart("page.html", "text/html", b"<script>")
    assert code(citizen.post(path, page, content_type=content_type)) == (415, "unsupported_media")
    assert code(citizen.post(path, {"file": "x"})) == (415, "unsupported_media")
    nameless = page.replace(b'name="file"', b'name="other"')
    assert code(citizen.post(path, nameless, content_type=content_type)) == (422, "validation_failed")
    photo, content_type = multipart("a.png", "image/png", b"x")
    assert code(citizen.post(f"{CASES}/none/media", photo, content_type=content_type)) == (404, "not_found")
    stranger = register("stranger", CITIZEN)
    assert code(stranger.post(path, photo, content_type=content_type)) == (403, "forbidden")
    assert server.counts()["complaint_media"] == 0


def test_who_sees_what(citizen: Peer, officer: Peer, register: Register) -> None:
    reporter = {"name": "Siti Uji"}
    stranger = register("stranger", CITIZEN)
    auditor = register("auditor", ["complaints:read", "complaints:manage", "complaints:confidential"])
    public = f"{CASES}/{submit(citizen, reporter=reporter)['complaint_id']}"
    hidden = f"{CASES}/{submit(citizen, visibility='confidential')['complaint_id']}"
    nameless = f"{CASES}/{submit(citizen, reporter=reporter, anonymous=True)['complaint_id']}"
    assert citizen.get(public).json()["reporter"]["name"] == "Siti Uji"
    assert officer.get(public).json()["reporter"]["name"] == "Siti Uji"
    assert stranger.get(public).json()["reporter"] is None
    assert officer.get(nameless).json()["reporter"] is None
    assert citizen.get(nameless).json()["reporter"]["name"] == "Siti Uji"
    assert [peer.get(hidden).status_code for peer in (citizen, auditor)] == [200, 200]
    assert [peer.get(hidden).status_code for peer in (officer, stranger)] == [404, 404]
    assert len(ids(officer.get(CASES))) == 2
    assert len(ids(auditor.get(CASES))) == 3
