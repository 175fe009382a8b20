"""Messages over real HTTP: sent once, followed to their end, refused with the field at fault."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.permits_support import Desk, desks

from egov_serang.sandbox.server import Sandbox

Advance = Callable[[float], None]
BASE = "/v1/notifications"

VALUES = {"permit_name": "TDU PKL", "licence_number": "503/00001"}
SMS = {"template_id": "permit-issued-sms", "recipient": {"phone": "0812 0000 0001"}, "personalisation": VALUES}
MAIL = {
    "template_id": "complaint-resolved-email",
    "personalisation": {"name": "Siti", "reference": "A1", "resolution": "x"},
}


@pytest.fixture
def sender_with(sandbox: Sandbox) -> Iterator[Callable[[str], Desk]]:
    sandbox.reset()
    with desks(sandbox, BASE) as open_desk:
        yield open_desk


@pytest.fixture
def sender(sender_with: Callable[[str], Desk]) -> Desk:
    return sender_with("notify:send notify:read notify:templates")


@pytest.fixture
def advance(sandbox: Sandbox) -> Advance:
    return sandbox.advance


@pytest.mark.parametrize(
    ("recipient", "walk"),
    [
        ({"phone": "+6281200000001"}, "accepted sent delivered"),
        ({"phone": "+6281200000002"}, "accepted sent failed_permanent"),
        ({"phone": "+6281200000003"}, "accepted sent failed_temporary queued sent delivered"),
        ({"phone": "+6281200000777"}, "accepted sent delivered"),
        ({"subject_ref": "sub_uji_1"}, "accepted sent delivered"),
    ],
)
def test_a_message_reaches_its_end(sender: Desk, advance: Advance, recipient: dict[str, str], walk: str) -> None:
    sent = sender.call("POST", "/messages", {**SMS, "recipient": recipient, "client_reference": "r-1"})
    assert (sent.status_code, sent.json()["client_reference"]) == (201, "r-1")
    path = f"/messages/{sent.json()['message_id']}"
    assert sent.headers["location"] == "/v1/notifications" + path
    seen = [sent.json()["status"]]
    for _ in walk.split()[1:]:
        advance(1.05)
        seen.append(sender.got(path)["status"])
    assert seen == walk.split()
    advance(600)
    last = sender.call("GET", path)
    assert last.json()["status"] == seen[-1]
    assert "retry-after" not in last.headers
    assert sender.call("GET", path, if_none_match=last.headers["etag"]).status_code == 304
    assert not set(recipient) & set(last.json())


@pytest.mark.parametrize(("box", "end"), [("delivered", "delivered"), ("perm-fail", "failed_permanent")])
def test_mail_has_its_magic_addresses(sender: Desk, advance: Advance, box: str, end: str) -> None:
    sent = sender.call("POST", "/messages", {**MAIL, "recipient": {"email": f"{box}@simulator.invalid"}}).json()
    advance(10)
    assert sender.got(f"/messages/{sent['message_id']}")["status"] == end


def test_a_failed_channel_falls_back(sender: Desk, advance: Advance) -> None:
    body = {**SMS, "recipient": {"phone": "+6281200000003"}, "channels": ["sms", "whatsapp"]}
    sent = sender.call("POST", "/messages", body).json()
    advance(2.2)
    failed = sender.got(f"/messages/{sent['message_id']}")
    assert (failed["channel"], failed["status"], failed["failure_reason"]) == ("sms", "failed_temporary", "unreachable")
    advance(10)
    arrived = sender.got(f"/messages/{sent['message_id']}")
    assert (arrived["channel"], arrived["status"], arrived["failure_reason"]) == ("whatsapp", "delivered", None)


@pytest.mark.parametrize(
    ("change", "status", "code", "pointers"),
    [
        ({"template_id": "none"}, 404, "template_not_found", []),
        ({"version": 9}, 404, "template_not_found", []),
        ({"template_id": "permit-expiring-sms"}, 422, "validation_failed", ["/template_id"]),
        ({"personalisation": {"permit_name": ""}}, 422, "personalisation_missing", ["permit_name", "licence_number"]),
        ({"recipient": {}}, 422, "recipient_invalid", ["/recipient"]),
        ({"recipient": {"phone": "0812", "email": "a@b.id"}}, 422, "recipient_invalid", ["/recipient"]),
        ({"recipient": {"phone": "CANARY"}}, 422, "recipient_invalid", ["/recipient/phone"]),
        ({"recipient": {"email": "CANARY"}}, 422, "recipient_invalid", ["/recipient/email"]),
        ({"recipient": {"email": "siti@uji.invalid"}}, 422, "recipient_invalid", ["/recipient/email"]),
        ({"recipient": {"device": " "}}, 422, "recipient_invalid", ["/recipient/device"]),
        ({"channels": ["email"]}, 422, "validation_failed", ["/channels/0"]),
        ({"channels": ["sms", "email"]}, 422, "recipient_invalid", ["/recipient/phone"]),
        ({"recipient": {"fax": "1"}}, 422, "validation_failed", ["/recipient/fax"]),
        ({"colour": "red"}, 422, "validation_failed", ["/colour"]),
        ({"send_at": "2026-12-01T08:00:00"}, 422, "validation_failed", ["/send_at"]),
        ({"send_at": "9999-12-31T23:59:59-23:59", "ttl_s": 9}, 422, "validation_failed", ["/send_at"]),
        ({"version": 10**20}, 422, "validation_failed", ["/version"]),
        ({"ttl_s": 0}, 422, "validation_failed", ["/ttl_s"]),
        ({"priority": "otp"}, 403, "scope_missing", []),
    ],
)
def test_a_message_that_cannot_be(
    sender: Desk, change: dict[str, Any], status: int, code: str, pointers: list[str]
) -> None:
    answer = sender.call("POST", "/messages", {**SMS, **change})
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    wanted = [name if name.startswith("/") else f"/personalisation/{name}" for name in pointers]
    assert [error["pointer"] for error in body["errors"]] == wanted
    assert "CANARY" not in answer.text
    assert sender.got("/messages")["data"] == []


def test_a_scheduled_message_can_be_cancelled(sender: Desk, advance: Advance) -> None:
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    first, second = (sender.call("POST", "/messages", {**SMS, "send_at": at}).json() for _ in range(2))
    assert first["status"] == "scheduled"
    advance(1800)
    path = f"/messages/{first['message_id']}"
    assert sender.got(path)["status"] == "scheduled"
    assert sender.call("POST", f"{path}/cancel", {}, if_match='"9"').json()["code"] == "version_conflict"
    cancelled = sender.call("POST", f"{path}/cancel", {}, if_match='"1"')
    assert (cancelled.status_code, cancelled.json()["status"], cancelled.headers["etag"]) == (200, "cancelled", '"2"')
    again = sender.call("POST", f"{path}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "invalid_transition")
    advance(3600)
    assert sender.got(path)["status"] == "cancelled"
    assert sender.got(f"/messages/{second['message_id']}")["status"] == "delivered"
    too_late = sender.call("POST", f"/messages/{second['message_id']}/cancel")
    assert too_late.json()["code"] == "invalid_transition"
    on_its_way = sender.call("POST", "/messages", SMS).json()
    assert on_its_way["status"] == "accepted"
    not_scheduled = sender.call("POST", f"/messages/{on_its_way['message_id']}/cancel")
    assert not_scheduled.json()["code"] == "invalid_transition"


def test_quiet_hours_are_kept_unless_it_is_urgent(sender: Desk, sender_with: Callable[[str], Desk]) -> None:
    night = (datetime.now(UTC) + timedelta(days=2)).replace(hour=16, minute=0, second=0, microsecond=0)
    body = {**SMS, "send_at": night.isoformat(), "quiet_hours": "respect"}
    kept = sender.call("POST", "/messages", body).json()
    assert datetime.fromisoformat(kept["scheduled_for"]) == night + timedelta(hours=8)
    urgent = sender_with("notify:send_otp").call("POST", "/messages", {**body, "priority": "otp"}).json()
    assert datetime.fromisoformat(urgent["scheduled_for"]) == night


def test_what_is_too_late_expires(sender: Desk, advance: Advance) -> None:
    body = {**SMS, "recipient": {"phone": "+6281200000003"}, "ttl_s": 2}
    sent = sender.call("POST", "/messages", body).json()
    advance(20)
    gone = sender.got(f"/messages/{sent['message_id']}")
    assert (gone["status"], gone["failure_reason"], gone["delivered_at"]) == ("expired", "ttl_passed", None)


def test_a_repeated_post_sends_once(sender: Desk) -> None:
    first = sender.call("POST", "/messages", SMS, idempotency_key="key-uji-1")
    second = sender.call("POST", "/messages", SMS, idempotency_key="key-uji-1")
    assert (second.json(), second.headers["idempotency-replayed"]) == (first.json(), "true")
    assert len(sender.got("/messages")["data"]) == 1
    other = {**SMS, "client_reference": "another"}
    assert sender.call("POST", "/messages", other, idempotency_key="key-uji-1").json()["code"] == "idempotency_mismatch"


def test_addresses_and_contents_are_kept_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    canaries = {"phone": "+6281277755533", "email": "kenari-uji@example.invalid", "device": "perangkat-kenari"}
    with Sandbox(tmp_path / "city.sqlite") as sandbox, desks(sandbox, BASE) as desk_with:
        sender = desk_with("notify:send")
        for kind, address in canaries.items():
            values = {"name": "Kenari Rahasia", "reference": "A1", "resolution": "x", **VALUES}
            template = "complaint-resolved-email" if kind == "email" else "permit-issued-sms"
            body = {"template_id": template, "recipient": {kind: address}, "personalisation": values}
            sent = sender.call("POST", "/messages", body)
            assert sent.status_code == (422 if kind == "device" else 201)
            assert address not in sent.text
    on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"permit-issued-sms" in on_disk
    for canary in ("81277755533", "kenari-uji", "perangkat-kenari", "Kenari Rahasia"):
        assert canary.encode() not in on_disk
        assert canary not in caplog.text


def test_lists_filter_page_and_belong_to_their_sender(
    sender: Desk, sender_with: Callable[[str], Desk], advance: Advance
) -> None:
    numbers = [
        sender.call("POST", "/messages", {**SMS, "client_reference": f"r-{n}"}).json()["message_id"] for n in range(3)
    ]
    advance(30)
    fresh = sender.call("POST", "/messages", {**MAIL, "recipient": {"subject_ref": "s"}}).json()["message_id"]
    first = sender.got("/messages?limit=2")
    rest = sender.got(f"/messages?limit=2&cursor={first['next_cursor']}")
    assert [item["message_id"] for page in (first, rest) for item in page["data"]] == [fresh, *reversed(numbers)]

    def found(query: str) -> list[str]:
        return [item["message_id"] for item in sender.got(f"/messages?{query}")["data"]]

    assert found("status=delivered") == numbers[::-1]
    assert found("status=accepted") == [fresh]
    assert found("client_reference=r-1") == [numbers[1]]
    assert found("template_id=complaint-resolved-email") == [fresh]
    other = sender_with("notify:read notify:send")
    assert other.got("/messages")["data"] == []
    assert other.call("GET", f"/messages/{fresh}").json()["code"] == "not_found"
    assert other.call("POST", f"/messages/{fresh}/cancel").json()["code"] == "not_found"
    assert sender_with("notify:read").call("POST", "/messages", SMS).json()["code"] == "scope_missing"
    one_time = {**SMS, "priority": "otp"}
    assert sender_with("notify:send_otp").call("POST", "/messages", one_time).status_code == 201


def test_templates_can_be_read(sender: Desk) -> None:
    page = sender.got("/templates?limit=200")
    assert page["next_cursor"] is None
    listed = {entry["template_id"]: entry for entry in page["data"]}
    about = {"complaint-received", "complaint-resolved", "permit-issued"}
    assert {f"{name}-{channel}" for name in about for channel in ("sms", "email")} <= set(listed)
    one = sender.got("/templates/complaint-received-email")
    assert one == listed["complaint-received-email"]
    assert one["fields"] == ["reference", "name", "service_name", "respond_by"]
    assert sender.call("GET", "/templates/none").json()["code"] == "template_not_found"
