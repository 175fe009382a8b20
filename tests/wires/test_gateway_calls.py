"""The gateway's calls, compared by value with contract-v1 sections 2 to 5."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from egov_serang import Call, Client, Invalid, Paged, UnsupportedOperation
from egov_serang.client import Services
from egov_serang.core.bind import Dry
from egov_serang.core.body import JsonBody, Multipart
from egov_serang.core.file import File
from egov_serang.core.message import Headers
from egov_serang.core.paging import Page
from egov_serang.core.reply import Reply
from egov_serang.models.announcements import Announcement
from egov_serang.models.civil import CivilApplicant, CivilApplication, CivilDelivery, CivilSubject
from egov_serang.models.complaints import Complaint, ForwardedTo, Location, Reporter
from egov_serang.models.identity import Attributes, Consent, Purpose
from egov_serang.models.notifications import Recipient
from egov_serang.models.permits import Applicant, Application
from egov_serang.testing import FakeTransport
from egov_serang.types import Nib, Nik, NoKk, Phone
from egov_serang.wires.gateway.complaints import ComplaintsGateway
from egov_serang.wires.gateway.discovery import discover
from egov_serang.wires.gateway.identity import IdentityGateway

NIK = "9973010101900000"
AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ACCEPT = ("accept", "application/json, application/problem+json;q=0.9")


def nothing(request: object) -> dict[str, Any]:
    raise AssertionError("nothing may be sent")


@pytest.fixture
def dry() -> Services[Dry]:
    return Client(transport=FakeTransport(nothing)).dry


def body(call: Call[Any]) -> Any:
    assert call.body is not None
    return json.loads(b"".join(call.body.chunks()))


def check(call: Call[Any], operation: str, method: str, target: str, **expected: Any) -> None:
    assert (call.operation, call.method, call.target()) == (operation, method, target)
    assert call.safety == ("safe" if method == "GET" else "keyed")
    assert call.authenticated
    assert call.signed
    assert dict(call.headers) == {"accept": ACCEPT[1], **expected.get("headers", {})}
    if "body" in expected:
        assert body(call) == expected["body"]
    elif method == "GET":
        assert call.body is None


def test_complaints_read(dry: Services[Dry]) -> None:
    check(dry.complaints.get("c 1"), "complaints.get", "GET", "/v1/complaints/cases/c%201")
    paged = dry.complaints.list(status="verified", area_code="36.73.01.1001", updated_after=AT, limit=5, cursor="k/=")
    check(
        paged.first,
        "complaints.list",
        "GET",
        "/v1/complaints/cases?status=verified&area_code=36.73.01.1001"
        "&updated_after=2026-11-23T03%3A00%3A00%2B00%3A00&limit=5&cursor=k%2F%3D",
    )
    check(dry.complaints.services().first, "complaints.services", "GET", "/v1/complaints/services")
    around = Location(lat=-6.1, long=106.15)
    check(
        dry.complaints.services(near=around).first,
        "complaints.services",
        "GET",
        "/v1/complaints/services?lat=-6.1&long=106.15",
    )
    check(dry.complaints.service("a b"), "complaints.service", "GET", "/v1/complaints/services/a%20b")
    check(dry.complaints.token("t"), "complaints.token", "GET", "/v1/complaints/tokens/t")
    found = dry.complaints.list(
        bbox=(106.1, -6.2, 106.2, -0.00001), near=around, radius=500, q="a b", assigned_to="r", overdue=False
    )
    check(
        found.first,
        "complaints.list",
        "GET",
        "/v1/complaints/cases?bbox=106.1%2C-6.2%2C106.2%2C-0.00001&near=-6.1%2C106.15&radius=500&q=a%20b"
        "&assigned_to=r&overdue=false",
    )
    check(dry.complaints.updates.list("c").first, "complaints.updates", "GET", "/v1/complaints/cases/c/updates")
    check(dry.complaints.changes(since="k").first, "complaints.changes", "GET", "/v1/complaints/changes?cursor=k")
    check(
        dry.complaints.statistics(area_code="36.73", since=AT),
        "complaints.statistics",
        "GET",
        "/v1/complaints/statistics?area_code=36.73&since=2026-11-23T03%3A00%3A00%2B00%3A00",
    )


def test_complaints_change_says_only_what_was_given(dry: Services[Dry]) -> None:
    place = Location(lat=-6.1, long=106.1, area_code=None)
    call = dry.complaints.change("c", version=4, location=place, reporter=None, confidential=True, parent_id=None)
    check(
        call,
        "complaints.change",
        "PATCH",
        "/v1/complaints/cases/c",
        headers={"if-match": '"4"'},
        body={
            "reporter": None,
            "visibility": "confidential",
            "parent_id": None,
            "lat": -6.1,
            "long": 106.1,
            "area_code": None,
        },
    )
    least = dry.complaints.change("c", version=4, description="x")
    assert body(least) == {"description": "x"}


def test_complaints_duplicates_and_comments(dry: Services[Dry]) -> None:
    place = Location(lat=-6.1, long=106.1, address_string="Jalan Uji")
    check(
        dry.complaints.duplicates("road", "a hole", location=place, radius=50),
        "complaints.duplicates",
        "POST",
        "/v1/complaints/duplicate-checks",
        body={"service_code": "road", "description": "a hole", "radius": 50, "lat": -6.1, "long": 106.1},
    )
    check(
        ComplaintsGateway().comment("c", "hello", "internal", ["m"]),
        "complaints.comment",
        "POST",
        "/v1/complaints/cases/c/updates",
        body={"description": "hello", "visibility": "internal", "media_ids": ["m"]},
    )


def test_complaints_download(dry: Services[Dry]) -> None:
    call = dry.complaints.download("c", "m")
    assert call.target() == "/v1/complaints/cases/c/media/m"
    assert call.stream
    assert call.headers == (("accept", "*/*"),)
    assert call.safety == "safe"


def test_complaints_transition(dry: Services[Dry]) -> None:
    forward = ForwardedTo(agency="dpupr")
    call = dry.complaints.transition("c", "transfer", version=4, comment="please", forward_to=forward)
    check(
        call,
        "complaints.transition",
        "POST",
        "/v1/complaints/cases/c/transitions",
        headers={"if-match": '"4"'},
        body={"action": "transfer", "comment": "please", "forward_to": {"agency": "dpupr"}},
    )
    complaint = Complaint(complaint_id="c", service_code="road", status="submitted", version=7)  # type: ignore[arg-type]
    assert dict(dry.complaints.transition(complaint, "verify").headers)["if-match"] == '"7"'
    assert dict(dry.complaints.transition(complaint, "verify", version=2).headers)["if-match"] == '"2"'
    with pytest.raises(Invalid) as caught:
        dry.complaints.transition("c", "verify")
    assert caught.value.fields[0].pointer == "/version"


def test_complaints_attach() -> None:
    wire = ComplaintsGateway()
    call = wire.attach("c", File(b"x", "a.jpg"), None)
    check(call, "complaints.attach", "POST", "/v1/complaints/cases/c/media")
    assert call.body == Multipart((("file", File(b"x", "a.jpg")),))
    hidden = wire.attach("c", File(b"x", "a.jpg"), "internal")
    assert hidden.body == Multipart((("file", File(b"x", "a.jpg")),), (("visibility", "internal"),))
    assert str(call.body and call.body.content_type).startswith("multipart/form-data; boundary=")


def test_complaints_upload_in_parts() -> None:
    wire, file = ComplaintsGateway(), File(b"x", "a.mp4")
    opened = wire.open_upload("c", file, size=9, sha256="ab", visibility=None)
    check(opened, "complaints.upload", "POST", "/v1/complaints/cases/c/uploads")
    assert opened.body == JsonBody({"filename": "a.mp4", "media_type": "video/mp4", "size": 9, "sha256": "ab"})
    check(wire.upload_state("c", "m"), "complaints.upload_state", "GET", "/v1/complaints/cases/c/media/m/parts")
    part = wire.upload_part("c", "m", 4, file)
    check(part, "complaints.upload_part", "POST", "/v1/complaints/cases/c/media/m/parts")
    assert part.body == Multipart((("file", file),), (("start", "4"),))


def test_complaints_submit_says_only_what_was_given() -> None:
    wire = ComplaintsGateway()
    least: dict[str, Any] = dict.fromkeys(("location", "attributes", "reporter", "client_reference"))
    call = wire.submit("road", "a hole", confidential=False, anonymous=False, **least)
    check(
        call,
        "complaints.submit",
        "POST",
        "/v1/complaints/cases",
        body={"service_code": "road", "description": "a hole"},
    )
    most = wire.submit(
        "road",
        "a hole",
        location=Location(lat=-6.1, long=106.1, area_code="36.73.01.1001"),
        attributes={"depth": 3},
        reporter=Reporter(name="Uji", phone=Phone("08120000001")),
        confidential=True,
        anonymous=True,
        client_reference="ref-1",
    )
    assert most.client_reference == "ref-1"
    assert body(most) == {
        "service_code": "road",
        "description": "a hole",
        "attributes": {"depth": 3},
        "reporter": {"name": "Uji", "phone": "+628120000001"},
        "visibility": "confidential",
        "anonymous": True,
        "client_reference": "ref-1",
        "lat": -6.1,
        "long": 106.1,
        "area_code": "36.73.01.1001",
    }


def test_identity_verify() -> None:
    wire = IdentityGateway()
    purpose = Purpose(purpose_code="permit", legal_basis="public_task")
    call = wire.verify(
        Nik(NIK),
        Attributes(full_name="Uji Coba", birth_date=date(1990, 1, 1), nickname="U"),  # type: ignore[call-arg]
        purpose=purpose,
        consent=Consent(given=True, at=AT),
        matching={"full_name": {"score": 80}},
        client_reference="ref-1",
    )
    check(
        call,
        "identity.verify",
        "POST",
        "/v1/identity/verifications",
        body={
            "subject": {"nik": NIK},
            "attributes": {"full_name": "Uji Coba", "birth_date": "1990-01-01", "nickname": "U"},
            "matching": {"full_name": {"score": 80}},
            "purpose": {"purpose_code": "permit", "legal_basis": "public_task"},
            "consent": {"given": True, "at": "2026-11-23T03:00:00Z"},
            "client_reference": "ref-1",
        },
    )
    assert NIK not in call.target()
    family = wire.verify(NoKk(NIK), None, purpose=purpose, consent=None, matching=None, client_reference=None)
    assert body(family)["subject"] == {"no_kk": NIK}
    check(wire.verification("t"), "identity.verification", "GET", "/v1/identity/verifications/t")


def test_permits(dry: Services[Dry]) -> None:
    applications = dry.permits.applications
    check(dry.permits.types(limit=3).first, "permits.types", "GET", "/v1/permits/types?limit=3")
    check(
        applications.start(
            "stall", applicant=Applicant(name="Uji", nib=Nib("9120000000001")), form={"size": Decimal("2.5")}
        ),
        "permits.applications.start",
        "POST",
        "/v1/permits/applications",
        body={
            "permit_type_code": "stall",
            "applicant": {"nib": "9120000000001", "name": "Uji"},
            "form": {"size": "2.5"},
        },
    )
    attach = applications.attach("a", "ktp", b"x")
    check(attach, "permits.applications.attach", "POST", "/v1/permits/applications/a/documents")
    assert attach.body == Multipart((("file", File(b"x")),), (("kind", "ktp"),))
    submit = "permits.applications.submit", "POST", "/v1/permits/applications/a/submit"
    check(applications.submit("a"), *submit, body={})
    check(applications.submit("a", version=3), *submit, headers={"if-match": '"3"'}, body={})
    read = Application(application_id="a", permit_type_code="s", stage="preparation", status="draft", version=9)  # type: ignore[arg-type]
    check(applications.submit(read), *submit, body={})
    check(applications.get("a"), "permits.applications.get", "GET", "/v1/permits/applications/a")
    check(
        applications.list(status="draft", stage="decision", permit_type_code="s", client_reference="r").first,
        "permits.applications.list",
        "GET",
        "/v1/permits/applications?status=draft&stage=decision&permit_type_code=s&client_reference=r",
    )
    check(
        applications.transition(read, "decide", data={"outcome": "granted"}),
        "permits.applications.transition",
        "POST",
        "/v1/permits/applications/a/transitions",
        headers={"if-match": '"9"'},
        body={"action": "decide", "data": {"outcome": "granted"}},
    )
    changed = dry.permits.wire.changed("a", '"9"')
    check(
        changed,
        "permits.applications.get",
        "GET",
        "/v1/permits/applications/a",
        headers={"if-none-match": '"9"'},
    )
    check(dry.permits.licences.get("l"), "permits.licences.get", "GET", "/v1/permits/licences/l")


def test_civil_registration(dry: Services[Dry]) -> None:
    identity, applications = dry.identity, dry.identity.applications
    check(
        identity.civil_services(limit=3).first,
        "identity.civil_services",
        "GET",
        "/v1/identity/civil-services?limit=3",
    )
    parent = CivilApplicant(subject_ref="sub-1", relation="parent")
    least = applications.start("kk", applicant=parent)
    check(
        least,
        "identity.applications.start",
        "POST",
        "/v1/identity/applications",
        body={"service_code": "kk", "applicant": {"subject_ref": "sub-1", "relation": "parent"}},
    )
    most = applications.start(
        "kk",
        applicant=parent,
        variant="lost",
        subjects=[CivilSubject(role="head", name="Uji")],
        form={"born": date(1990, 1, 1), "nik": Nik(NIK)},
        delivery=CivilDelivery(mode="post", address="Jl. Uji"),
        client_reference="ref-1",
    )
    assert most.client_reference == "ref-1"
    assert body(most) == {
        "service_code": "kk",
        "variant": "lost",
        "applicant": {"subject_ref": "sub-1", "relation": "parent"},
        "subjects": [{"role": "head", "name": "Uji"}],
        "form": {"born": "1990-01-01", "nik": NIK},
        "delivery": {"mode": "post", "address": "Jl. Uji"},
        "client_reference": "ref-1",
    }
    attach = applications.attach("a", "kk", b"x")
    check(attach, "identity.applications.attach", "POST", "/v1/identity/applications/a/documents")
    assert attach.body == Multipart((("file", File(b"x")),), (("kind", "kk"),))
    read = CivilApplication(application_id="a", service_code="kk", status="draft", version=9)  # type: ignore[arg-type]
    submit = "identity.applications.submit", "POST", "/v1/identity/applications/a/submit"
    check(applications.submit(read), *submit, body={})
    check(applications.submit("a", version=3), *submit, headers={"if-match": '"3"'}, body={})
    check(applications.get("a"), "identity.applications.get", "GET", "/v1/identity/applications/a")
    check(
        applications.list(status="draft", service_code="kk", updated_after=AT, client_reference="r", cursor="c").first,
        "identity.applications.list",
        "GET",
        "/v1/identity/applications?status=draft&service_code=kk"
        "&updated_after=2026-11-23T03%3A00%3A00%2B00%3A00&client_reference=r&cursor=c",
    )
    check(
        applications.transition(read, "return", comment="Foto", reason_code="r-1"),
        "identity.applications.transition",
        "POST",
        "/v1/identity/applications/a/transitions",
        headers={"if-match": '"9"'},
        body={"action": "return", "comment": "Foto", "reason_code": "r-1"},
    )
    check(
        applications.history("a b", limit=2).first,
        "identity.applications.history",
        "GET",
        "/v1/identity/applications/a%20b/history?limit=2",
    )
    check(
        dry.identity.wire.civil.changed("a", '"9"'),
        "identity.applications.get",
        "GET",
        "/v1/identity/applications/a",
        headers={"if-none-match": '"9"'},
    )


def test_announcements_are_open_and_unsigned(dry: Services[Dry]) -> None:
    announcements = dry.notifications.announcements
    some = announcements.list(area="36.73.01", category="health", active_at=AT, limit=2)
    one = announcements.get("n 1")
    for call, operation, target in (
        (
            some.first,
            "list",
            "?area=36.73.01&category=health&active_at=2026-11-23T03%3A00%3A00%2B00%3A00&limit=2",
        ),
        (one, "get", "/n%201"),
    ):
        assert call.operation == f"notifications.announcements.{operation}"
        assert (call.method, call.target()) == ("GET", f"/v1/notifications/announcements{target}")
        assert (call.authenticated, call.signed, call.safety, call.body) == (False, False, "safe", None)
    following = some.next(
        some.first, Reply(Page[Announcement](data=(), next_cursor="n"), 200, Headers(), "r", 1, False)
    )
    assert following is not None
    assert (following.authenticated, following.signed) == (False, False)


def test_a_version_of_zero_is_a_version(dry: Services[Dry]) -> None:
    read = Application(application_id="a", permit_type_code="s", stage="preparation", status="draft", version=9)  # type: ignore[arg-type]
    assert dict(dry.permits.applications.submit(read, version=0).headers)["if-match"] == '"0"'


def test_notifications(dry: Services[Dry]) -> None:
    call = dry.notifications.send(
        "t-1",
        Recipient(phone=Phone("08120000001")),
        personalisation={"name": "Uji"},
        channels=["sms", "email"],
        version=2,
        send_at=AT,
        ttl=60,
        priority="otp",
        quiet_hours="ignore",
        client_reference="ref",
    )
    check(
        call,
        "notifications.send",
        "POST",
        "/v1/notifications/messages",
        body={
            "template_id": "t-1",
            "version": 2,
            "recipient": {"phone": "+628120000001"},
            "channels": ["sms", "email"],
            "personalisation": {"name": "Uji"},
            "client_reference": "ref",
            "send_at": "2026-11-23T03:00:00Z",
            "ttl_s": 60,
            "priority": "otp",
            "quiet_hours": "ignore",
        },
    )
    assert call.client_reference == "ref"
    check(dry.notifications.get("m"), "notifications.get", "GET", "/v1/notifications/messages/m")
    check(
        dry.notifications.list(template_id="t", status="sent").first,
        "notifications.list",
        "GET",
        "/v1/notifications/messages?status=sent&template_id=t",
    )
    check(
        dry.notifications.templates.list().first, "notifications.templates.list", "GET", "/v1/notifications/templates"
    )


@pytest.mark.parametrize(
    "ways", [{}, {"phone": Phone("08120000001"), "email": "a@b.invalid"}, {"subject_ref": "s", "device": "d"}]
)
def test_a_recipient_is_exactly_one(dry: Services[Dry], ways: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        dry.notifications.send("t", Recipient(**ways))
    assert caught.value.fields[0].pointer == "/recipient"


def test_times_without_offset_are_refused(dry: Services[Dry]) -> None:
    naive = AT.replace(tzinfo=None)
    with pytest.raises(Invalid, match="updated_after"):
        dry.complaints.list(updated_after=naive)
    with pytest.raises(Invalid, match="send_at"):
        dry.notifications.send("t", Recipient(device="d"), send_at=naive)


@pytest.mark.parametrize("wrong", ["", "  ", "x" * 101, 5, None])
def test_codes_are_checked_before_sending(dry: Services[Dry], wrong: Any) -> None:
    with pytest.raises(Invalid) as caught:
        dry.permits.applications.start(wrong, applicant=Applicant(name="Uji"))
    assert caught.value.fields[0].pointer == "/permit_type_code"


def test_flows_have_no_single_call(dry: Services[Dry]) -> None:
    with pytest.raises(UnsupportedOperation) as caught:
        dry.complaints.submit("road", "a hole")
    assert caught.value.code == "dry_flow"


def test_lists_go_on_where_the_body_says(dry: Services[Dry]) -> None:
    paged: Paged[Complaint] = dry.complaints.list(limit=2)

    def reply(cursor: str | None) -> Reply[Page[Complaint]]:
        return Reply(Page[Complaint](data=(), next_cursor=cursor), 200, Headers(), "r", 1, False)

    following = paged.next(paged.first, reply("n"))
    assert following is not None
    assert following.query == (("limit", "2"), ("cursor", "n"))
    assert paged.cursor_of(following) == "n"
    assert paged.cursor_of(paged.first) is None
    assert paged.next(following, reply(None)) is None
    assert paged.next(following, reply("")) is None


def test_discovery_is_open_and_unsigned() -> None:
    call = discover()
    assert (call.method, call.target()) == ("GET", "/.well-known/smartcity-gateway")
    assert not call.authenticated
    assert not call.signed
