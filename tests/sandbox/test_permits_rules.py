"""What the permits module refuses, what time brings by itself, and what each caller sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from tests.sandbox.permits_support import FORM, OFFICER, PERSON, TRADER, Desk, desks, pointers

from egov_serang.sandbox.server import Sandbox

DAY = 24 * 3600
EVENT = {"event_name": "Festival Uji", "date": "2027-01-17", "visitors": 500}
Advance = Callable[[float], None]


@pytest.fixture
def desk_with(sandbox: Sandbox) -> Iterator[Callable[[str], Desk]]:
    sandbox.reset()
    with desks(sandbox) as open_desk:
        yield open_desk


@pytest.fixture
def trader(desk_with: Callable[[str], Desk]) -> Desk:
    return desk_with(TRADER)


@pytest.fixture
def officer(desk_with: Callable[[str], Desk]) -> Desk:
    return desk_with(OFFICER)


@pytest.fixture
def advance(sandbox: Sandbox) -> Advance:
    return sandbox.advance


def test_types_are_named_in_the_language_asked_for(trader: Desk) -> None:
    pages, cursor = [], ""
    while True:
        page = trader.got(f"/types?limit=3{cursor}")
        pages.append(page["data"])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    codes = [entry["permit_type_code"] for page in pages for entry in page]
    assert codes == ["TDU-PKL", "PBG", "ACARA", "SIP-PERAWAT", "REKLAME", "auto-return", "auto-pause", "deem-grant"]
    assert trader.got("/types/TDU-PKL")["name"] == "Tanda Daftar Usaha Pedagang Kaki Lima"
    assert trader.got("/types/TDU-PKL", accept_language="en-GB, id;q=0.5")["name"] == "Street trader's registration"
    assert trader.got("/types/REKLAME")["version"] == 2
    assert trader.call("GET", "/types/NONE").json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"permit_type_code": "NONE"}, 422, "validation_failed", "/permit_type_code"),
        ({"permit_type_code": "REKLAME", "type_version": 1}, 409, "type_version_retired", None),
        ({"permit_type_code": "REKLAME", "type_version": 9}, 422, "validation_failed", "/permit_type_code"),
        ({"applicant": {"name": "Tanpa Nomor"}}, 422, "validation_failed", "/applicant"),
        ({"applicant": {**PERSON, "nib": "1234567890123"}}, 422, "validation_failed", "/applicant"),
        ({"applicant": {"nib": "12", "name": "PT Uji"}}, 422, "validation_failed", "/applicant/nib"),
        ({"applicant": {**PERSON, "nik": "x"}}, 422, "validation_failed", "/applicant/nik"),
        ({"location": {"lat": 91}}, 422, "validation_failed", "/location/lat"),
        ({"type_version": 10**20}, 422, "validation_failed", "/type_version"),
        ({"form": {"x": float("nan")}}, 422, "validation_failed", "/form"),
        ({"form": {"x": "\ud800"}}, 422, "validation_failed", "/form"),
        ({"form": {"\ud800": "x"}}, 422, "validation_failed", "/form"),
        ({"colour": "red"}, 422, "validation_failed", "/colour"),
    ],
)
def test_a_start_that_cannot_be(
    trader: Desk, change: dict[str, Any], status: int, code: str, pointer: str | None
) -> None:
    answer = trader.call("POST", "/applications", {"permit_type_code": "TDU-PKL", "applicant": PERSON, **change})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert pointers(answer) == ([] if pointer is None else [pointer])


@pytest.mark.parametrize(
    ("kind", "content", "media_type", "fields", "refused"),
    [
        ("selfie", b"x", "application/pdf", {}, (422, "validation_failed", "/kind")),
        ("ktp", b"x", "text/html", {}, (415, "unsupported_media", "/file")),
        ("ktp", b"", "application/pdf", {}, (422, "validation_failed", "/file")),
        ("ktp", b"x", "application/pdf", {"replaces": "doc_none"}, (422, "validation_failed", "/replaces")),
        ("ktp", b"x", "application/pdf", {"nik": "x"}, (422, "validation_failed", "/nik")),
    ],
)
def test_a_document_that_cannot_be(
    *, trader: Desk, kind: str, content: bytes, media_type: str, fields: Any, refused: Any
) -> None:
    number = trader.start("TDU-PKL")["application_id"]
    answer = trader.attach(number, kind, content, media_type, **fields)
    assert (answer.status_code, answer.json()["code"], *pointers(answer)) == refused
    assert trader.got(f"/applications/{number}")["documents"] == []


def test_a_rejected_document_no_longer_counts(trader: Desk, officer: Desk) -> None:
    number = trader.start("TDU-PKL", FORM)["application_id"]
    trader.attach(number, "ktp")
    photo = trader.attach(number, "photo", b"x", "image/jpeg").json()["document_id"]
    assert trader.submit(number).status_code == 200
    reasonless = officer.act(number, "reject_document", data={"document_id": photo})
    assert pointers(reasonless) == ["/comment"]
    officer.done(number, "reject_document", comment="buram", data={"document_id": photo})
    officer.done(number, "return", comment="Ganti foto")
    again = trader.submit(number)
    assert (again.json()["code"], pointers(again)) == ("documents_incomplete", ["/documents/photo"])
    unknown = officer.act(number, "accept_document", data={"document_id": "doc_none"})
    assert unknown.json()["code"] == "invalid_transition"


def test_versions_guard_every_change(trader: Desk, officer: Desk) -> None:
    number = trader.start("auto-pause", {"activity": "uji"})["application_id"]
    path = f"/applications/{number}"
    seen = trader.call("GET", path)
    assert seen.headers["etag"] == '"1"'
    assert "retry-after" not in seen.headers
    assert trader.call("GET", path, if_none_match='"1"').status_code == 304
    assert trader.call("PATCH", path, {"form": {}}).json()["code"] == "precondition_required"
    assert trader.call("PATCH", path, {"form": {}}, if_match='"7"').json()["code"] == "version_conflict"
    assert trader.submit(number, if_match='"7"').json()["code"] == "version_conflict"
    assert trader.call("PATCH", path, {"location": {"lat": -6.12, "long": 106.15}}, if_match='"1"').status_code == 200
    kept = trader.got(path)
    assert (kept["form"], kept["location"]["lat"]) == ({"activity": "uji"}, -6.12)
    assert trader.submit(number).status_code == 200
    waiting = trader.call("GET", path, if_none_match='"3"')
    assert (waiting.status_code, waiting.headers["retry-after"]) == (304, "1")
    no_match = officer.call("POST", f"{path}/transitions", {"action": "advance"})
    assert (no_match.status_code, no_match.json()["code"]) == (428, "precondition_required")
    late = trader.call("PATCH", path, {"form": {}}, if_match='"3"')
    assert (late.json()["code"], late.json()["allowed_actions"]) == ("invalid_transition", ["withdraw"])
    assert trader.attach(number, "statement").json()["code"] == "invalid_transition"
    assert trader.submit(number).json()["code"] == "invalid_transition"


def test_each_scope_does_its_own_part(trader: Desk, desk_with: Callable[[str], Desk]) -> None:
    number = trader.submitted("auto-pause", {"activity": "uji"})["application_id"]
    reviewer, decider = desk_with("permits:review"), desk_with("permits:decide")
    assert decider.act(number, "advance").json()["code"] == "scope_missing"
    assert trader.act(number, "advance").json()["code"] == "scope_missing"
    assert decider.got(f"/applications/{number}")["allowed_actions"] == []
    reviewer.done(number, "advance")
    assert decider.got(f"/applications/{number}")["allowed_actions"] == ["decide"]
    assert reviewer.act(number, "decide", data={"outcome": "granted"}).json()["code"] == "scope_missing"
    assert decider.act(number, "decide").json()["code"] == "validation_failed"
    assert decider.done(number, "decide", data={"outcome": "granted"})["allowed_actions"] == []
    reader, path = desk_with("permits:read"), f"/applications/{number}/transitions"
    assert reader.call("POST", path, {"action": "issue"}, if_match='"4"').json()["code"] == "scope_missing"
    assert desk_with("permits:issue").done(number, "issue")["licence_id"] is not None


def test_another_applicant_sees_nothing(trader: Desk, desk_with: Callable[[str], Desk], officer: Desk) -> None:
    other = desk_with("permits:read permits:apply")
    number = trader.submitted("auto-pause", {"activity": "uji"})["application_id"]
    for answer in (
        other.call("GET", f"/applications/{number}"),
        other.submit(number),
        other.attach(number, "statement"),
        other.call("POST", f"/applications/{number}/transitions", {"action": "withdraw"}, if_match='"2"'),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert other.got("/applications")["data"] == []
    both = desk_with("permits:apply permits:review")
    assert "withdraw" not in both.got(f"/applications/{number}")["allowed_actions"]
    assert both.act(number, "withdraw").json()["code"] == "forbidden"
    assert trader.done(number, "withdraw")["status"] == "withdrawn"
    assert officer.act(number, "return", comment="x").json()["code"] == "invalid_transition"


def test_a_pause_keeps_and_a_restart_forgets(trader: Desk, officer: Desk, advance: Advance) -> None:
    number = trader.submitted("ACARA", EVENT, ("ktp", "safety_plan", "site_plan"))["application_id"]
    due = _time(trader.got(f"/applications/{number}")["clock"]["due_at"])
    paused = officer.done(number, "pause", comment="Konfirmasi", data={"waiting_on": "third_party"})
    assert (paused["waiting_on"], paused["clock"]["pause_reason"], paused["clock"]["due_at"]) == (
        "third_party",
        "Konfirmasi",
        None,
    )
    assert officer.act(number, "advance").json()["code"] == "invalid_transition"
    advance(14 * DAY)
    resumed = officer.done(number, "resume")
    assert abs((_time(resumed["clock"]["due_at"]) - due).total_seconds() - 14 * DAY) < 60
    officer.done(number, "pause", comment="Re-konfirmasi")
    supplied = trader.done(number, "supply", comment="Sudah dilengkapi")
    assert (supplied["waiting_on"], supplied["clock"]["state"]) == ("authority", "paused")
    advance(7 * DAY)
    restarted = officer.done(number, "restart")
    assert restarted["clock"]["restarts"] == 1
    assert abs((_time(restarted["clock"]["due_at"]) - due).total_seconds() - 21 * DAY) < 60


def test_silence_grants(trader: Desk, officer: Desk, advance: Advance) -> None:
    number = trader.start("TDU-PKL", FORM)["application_id"]
    trader.attach(number, "ktp")
    trader.attach(number, "photo", b"x", "image/png")
    submitted = trader.submit(number).json()
    advance(6 * DAY)  # three working days, whatever the day of the week
    deemed = trader.got(f"/applications/{number}")
    assert (deemed["status"], deemed["decision"]["outcome"]) == ("determined", "deemed_granted")
    assert deemed["decision"]["made_at"] == submitted["clock"]["due_at"]
    assert deemed["version"] == submitted["version"] + 1
    late = officer.act(number, "decide", data={"outcome": "refused", "grounds": "terlambat"})
    assert (late.status_code, late.json()["code"], late.json()["allowed_actions"]) == (409, "clock_expired", ["issue"])
    assert [found["application_id"] for found in trader.got("/applications?status=determined")["data"]] == [number]
    assert trader.got("/applications?status=undetermined")["data"] == []
    assert officer.done(number, "issue")["stage"] == "issued"


def test_without_deemed_approval_silence_grants_nothing(trader: Desk, officer: Desk, advance: Advance) -> None:
    number = trader.submitted("ACARA", EVENT, ("ktp", "safety_plan", "site_plan"))["application_id"]
    advance(60 * DAY)
    assert trader.got(f"/applications/{number}")["status"] == "undetermined"
    officer.done(number, "advance")


def test_magic_types_do_it_by_themselves(trader: Desk, officer: Desk, advance: Advance) -> None:
    numbers = {
        code: trader.submitted(code, {"activity": "uji"})["application_id"]
        for code in ("auto-return", "auto-pause", "deem-grant")
    }
    advance(2)
    seen = {code: trader.got(f"/applications/{number}") for code, number in numbers.items()}
    assert (seen["auto-return"]["status"], seen["auto-return"]["version"]) == ("returned", 3)
    assert (seen["auto-pause"]["clock"]["state"], seen["auto-pause"]["waiting_on"]) == ("paused", "applicant")
    assert seen["deem-grant"]["decision"]["outcome"] == "deemed_granted"
    assert trader.submit(numbers["auto-return"]).status_code == 200
    officer.done(numbers["auto-pause"], "resume")
    advance(60)
    assert trader.got(f"/applications/{numbers['auto-return']}")["status"] == "undetermined"
    assert trader.got(f"/applications/{numbers['auto-pause']}")["clock"]["state"] == "running"


def test_lists_filter_and_page(trader: Desk, officer: Desk) -> None:
    drafts = [trader.start("TDU-PKL", client_reference=f"ref-{n}")["application_id"] for n in range(5)]
    submitted = trader.submitted("auto-pause", {"activity": "uji"})
    first = trader.got("/applications?limit=4")
    rest = trader.got(f"/applications?limit=4&cursor={first['next_cursor']}")
    listed = [item["application_id"] for page in (first, rest) for item in page["data"]]
    assert (listed, rest["next_cursor"]) == ([submitted["application_id"], *reversed(drafts)], None)
    foreign = trader.call("GET", f"/applications?limit=4&status=draft&cursor={first['next_cursor']}")
    assert foreign.status_code == 422

    def found(query: str) -> list[str]:
        return [item["application_id"] for item in officer.got(f"/applications?{query}")["data"]]

    assert found("client_reference=ref-3") == [drafts[3]]
    assert found("status=undetermined") == found("stage=validation") == [submitted["application_id"]]
    assert found("permit_type_code=TDU-PKL") == drafts[::-1]
    assert found("permit_type_code=TDU-PKL&status=undetermined") == []
    since = submitted["clock"]["started_at"].replace("+", "%2B")
    assert found(f"updated_after={since}") == [submitted["application_id"]]
    assert officer.call("GET", "/applications?updated_after=2026-01-01T00:00:00").status_code == 422


def test_a_repeated_call_has_one_effect(trader: Desk, officer: Desk) -> None:
    body = {"permit_type_code": "auto-pause", "applicant": PERSON, "form": {"activity": "uji"}}
    first = trader.call("POST", "/applications", body, idempotency_key="key-uji-1")
    second = trader.call("POST", "/applications", body, idempotency_key="key-uji-1")
    assert second.json() == first.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert len(trader.got("/applications")["data"]) == 1
    number = first.json()["application_id"]
    trader.submit(number)
    path, advance = f"/applications/{number}/transitions", {"action": "advance"}
    once = officer.call("POST", path, advance, if_match='"2"', idempotency_key="key-uji-2")
    twice = officer.call("POST", path, advance, if_match='"2"', idempotency_key="key-uji-2")
    assert (once.status_code, twice.status_code, twice.json()) == (200, 200, once.json())
    assert officer.got(f"/applications/{number}")["version"] == 3


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
