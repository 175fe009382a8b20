"""Complaints over their life: the thread, changes, who sees what, links, windows, transfer."""

from __future__ import annotations

from typing import Any

import pytest
from tests.complaints_table import NEXT
from tests.services.sides import MARKET, PHOTO, Sides, submit, through

from egov_serang import Client, Conflict, Forbidden, Invalid, NotFound, Phone
from egov_serang.models.complaints import ChangeKind, ComplaintStatus, ForwardedTo, Location, Reporter, Visibility
from egov_serang.sandbox.server import Sandbox


def test_the_thread_keeps_what_was_said_for_whom_it_was_said(sides: Sides) -> None:
    citizen, officer = sides["citizen"].complaints, sides["officer"].complaints
    case = submit(sides["citizen"])
    officer.updates.add(case.complaint_id, "Sudah kami lihat.", photos=[PHOTO])
    officer.updates.add(case.complaint_id, "Hubungi pelapor.", visibility=Visibility.INTERNAL, photos=[PHOTO])
    citizen.updates.add(case.complaint_id, "Nomor rumah 7.", visibility="confidential")
    asked = officer.transition(officer.get(case.complaint_id), "request_info", comment="Di sebelah mana?")
    citizen.transition(citizen.get(case.complaint_id), "supply_info", comment="Di depan rumah saya.")
    said = {
        name: [
            (str(one.author_role), one.description, one.status_after)
            for one in client.complaints.updates.list(case.complaint_id)
        ]
        for name, client in sides.items()
    }
    assert (
        said["officer"]
        == said["trusted"]
        == [
            ("officer", "Sudah kami lihat.", None),
            ("officer", "Hubungi pelapor.", None),
            ("citizen", "Nomor rumah 7.", None),
            ("officer", "Di sebelah mana?", "needs_information"),
            ("citizen", "Di depan rumah saya.", "submitted"),
        ]
    )
    assert [text for _, text, _ in said["citizen"]] == [
        "Sudah kami lihat.",
        "Nomor rumah 7.",
        "Di sebelah mana?",
        "Di depan rumah saya.",
    ]
    assert [text for _, text, _ in said["stranger"]] == ["Sudah kami lihat.", "Di sebelah mana?"]
    assert asked.status_notes == "Di sebelah mana?"
    # What the resident answered is the agency's to read, not the street's.
    assert officer.get(case.complaint_id).status_notes == "Di depan rumah saya."
    assert sides["stranger"].complaints.get(case.complaint_id).status_notes is None
    files = {name: client.complaints.get(case.complaint_id).media for name, client in sides.items()}
    assert {name: len(media) for name, media in files.items()} == {
        "citizen": 1,
        "stranger": 1,
        "officer": 2,
        "trusted": 2,
    }
    hidden = next(media for media in files["officer"] if media.visibility is Visibility.INTERNAL)
    with pytest.raises(NotFound):
        citizen.download(case.complaint_id, hidden.media_id)
    with officer.download(case.complaint_id, hidden.media_id) as back:
        assert b"".join(back) == PHOTO.read_bytes()


def test_who_may_not_speak(sides: Sides) -> None:
    case = submit(sides["citizen"])
    for name, visibility in (("stranger", None), ("citizen", "internal")):
        with pytest.raises(Forbidden):
            sides[name].complaints.updates.add(case.complaint_id, "Halo.", visibility=visibility)
    with pytest.raises(Invalid) as caught:
        sides["citizen"].complaints.updates.add(case.complaint_id, " ")
    assert caught.value.sent == "no"


def test_an_internal_note_changes_the_complaint_for_nobody(sides: Sides) -> None:
    case = submit(sides["citizen"])
    sides["officer"].complaints.updates.add(case.complaint_id, "Catatan.", visibility="internal")
    assert sides["citizen"].complaints.get(case.complaint_id).version == case.version
    kinds = {name: [one.kind for one in client.complaints.changes()] for name, client in sides.items()}
    assert kinds["citizen"] == kinds["stranger"] == [ChangeKind.CREATED]
    assert kinds["officer"] == [ChangeKind.CREATED, ChangeKind.COMMENTED]


def test_a_comment_that_is_sent_again_is_said_once(client: Client) -> None:
    case = submit(client)
    sure = client.with_options(idempotency_key="say-it-once")
    said = {sure.complaints.updates.add(case.complaint_id, "Sekali saja.", photos=[PHOTO]).update_id for _ in range(3)}
    assert len(said) == 1
    thread = list(client.complaints.updates.list(case.complaint_id))
    assert [(one.description, len(one.media)) for one in thread] == [("Sekali saja.", 1)]


def test_what_was_reported_can_be_changed_until_it_is_verified(sides: Sides) -> None:
    citizen, officer = sides["citizen"].complaints, sides["officer"].complaints
    case = submit(sides["citizen"], reporter=Reporter(name="Warga Uji", phone=Phone("081200000001")))
    changed = citizen.change(
        case, description="Dua lubang.", location=Location(address_string="Depan pasar", area_code=None), anonymous=True
    )
    assert (changed.description, changed.lat, changed.address_string) == ("Dua lubang.", MARKET.lat, "Depan pasar")
    assert (changed.area_code, changed.anonymous, changed.version) == (None, True, 2)
    assert changed.reporter is not None
    assert citizen.change(changed, reporter=None).reporter is None
    with pytest.raises(Conflict):
        citizen.change(case, description="Tiga lubang.")
    moved = officer.change(
        officer.get(case.complaint_id), service_code="sampah", location=Location(area_code="36.73.01")
    )
    assert (moved.service_code, moved.area_code) == ("sampah", "36.73.01")
    assert moved.agency_responsible == "Dinas Lingkungan Hidup"
    with pytest.raises(Forbidden):
        officer.change(moved, description="Bukan milik petugas.")
    verified = through(sides["officer"], moved, "verify")
    with pytest.raises(Forbidden):
        citizen.change(verified, description="Terlambat.")
    with pytest.raises(Forbidden):
        sides["stranger"].complaints.change(verified, anonymous=False)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"location": Location(lat=50.0, long=8.0)}, "outside_jurisdiction"),
        ({"location": Location(lat=None)}, "validation_failed"),
        ({"location": Location(lat=None, long=None, area_code=None)}, "location_required"),
        ({"attributes": {"invented": 1}}, "validation_failed"),
        ({"service_code": "parkir_liar"}, "attribute_required"),
        ({"parent_id": "cmp_none"}, "not_found"),
    ],
)
def test_a_change_must_leave_a_complaint_that_could_have_been_submitted(
    client: Client, change: dict[str, Any], code: str
) -> None:
    case = submit(client)
    with pytest.raises((Invalid, NotFound)) as caught:
        client.complaints.change(case, **change)
    assert caught.value.code == code
    assert client.complaints.get(case.complaint_id) == case


def test_anonymous_and_confidential(sides: Sides) -> None:
    who = Reporter(name="Warga Uji", phone=Phone("081200000001"))
    named = submit(sides["citizen"], reporter=who, client_reference="ref-1").complaint_id
    unnamed = submit(sides["citizen"], reporter=who, anonymous=True).complaint_id
    secret = submit(sides["citizen"], reporter=who, confidential=True).complaint_id

    def sees(name: str, complaint_id: str) -> str:
        try:
            found = sides[name].complaints.get(complaint_id)
        except NotFound:
            return "nothing"
        return "who" if found.reporter is not None else "what"

    seen = {name: [sees(name, case) for case in (named, unnamed, secret)] for name in sides}
    assert seen == {
        "citizen": ["who", "who", "who"],
        "stranger": ["what", "what", "nothing"],
        "officer": ["who", "what", "nothing"],
        "trusted": ["who", "what", "who"],
    }
    assert sides["stranger"].complaints.get(named).client_reference is None
    assert list(sides["stranger"].complaints.list(client_reference="ref-1")) == []
    assert {case.complaint_id for case in sides["officer"].complaints.list()} == {named, unnamed}
    assert {change.complaint_id for change in sides["officer"].complaints.changes()} == {named, unnamed}


def test_a_main_report_and_what_belongs_to_it(sides: Sides) -> None:
    officer = sides["officer"].complaints
    first = submit(sides["citizen"], "Lubang besar di depan pasar lama.")
    found = sides["stranger"].complaints.duplicates(
        "jalan_rusak", "Ada lubang di depan pasar.", location=Location(lat=-6.1154, long=106.1503)
    )
    assert [one.complaint.complaint_id for one in found.candidates] == [first.complaint_id]
    assert found.candidates[0].distance_m == pytest.approx(11.1, abs=0.2)
    assert found.candidates[0].similarity > 0.3
    second = submit(sides["stranger"], "Ada lubang di depan pasar.")
    with pytest.raises(Invalid) as caught:
        officer.transition(second, "mark_duplicate", data={"duplicate_of": second.complaint_id})
    assert [one.pointer for one in caught.value.fields] == ["/data/duplicate_of"]
    marked = officer.transition(second, "mark_duplicate", data={"duplicate_of": first.complaint_id})
    assert (marked.status, marked.duplicate_of) == ("duplicate", first.complaint_id)
    with pytest.raises(Invalid):  # a chain could become a ring
        officer.transition(first, "mark_duplicate", data={"duplicate_of": second.complaint_id})
    third = submit(sides["stranger"], "Lubang lain.")
    part = officer.change(third, parent_id=first.complaint_id)
    assert part.parent_id == first.complaint_id
    assert officer.change(part, parent_id=None).parent_id is None


def test_the_window_for_reopening_is_shorter_than_the_time_to_closing(client: Client, sandbox: Sandbox) -> None:
    case = through(client, submit(client), "verify", "assign", "start", "resolve")
    assert "reopen" in case.allowed_actions
    again = client.complaints.transition(case, "reopen", comment="Masih berlubang.")
    assert again.status is ComplaintStatus.VERIFIED
    done = through(client, again, "assign", "start", "resolve")
    sandbox.advance(9.5 * 86_400)
    late = client.complaints.get(case.complaint_id)
    assert late.status is ComplaintStatus.RESOLVED
    assert "reopen" not in late.allowed_actions
    with pytest.raises(Conflict) as caught:
        client.complaints.transition(done, "reopen")
    assert caught.value.code == "reopen_window_passed"
    sandbox.advance(31 * 86_400)
    assert client.complaints.get(case.complaint_id).status is ComplaintStatus.CLOSED
    last = list(client.complaints.updates.list(case.complaint_id))[-1]
    assert (str(last.author_role), last.status_after) == ("system", "closed")


def test_disposition_and_transfer(client: Client) -> None:
    case = through(client, submit(client), "verify", "assign")
    assert case.assignee == "regu-1"
    back = client.complaints.transition(case, "reassign", comment="Bukan regu ini.")
    assert (back.status, back.assignee) == ("verified", None)
    with pytest.raises(Invalid) as caught:
        client.complaints.transition(back, "assign")
    assert [one.pointer for one in caught.value.fields] == ["/assignee"]
    away = client.complaints.transition(back, "transfer", forward_to=ForwardedTo(agency="PLN", reference="77"))
    assert away.forwarded_to == ForwardedTo(agency="PLN", reference="77")
    assert away.allowed_actions == ()


def test_what_a_scan_finds_is_held_back(client: Client) -> None:
    case = submit(client)
    eicar = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    bad = client.complaints.attach(case.complaint_id, b"%PDF-1.7 " + eicar)
    assert bad.scan_status == "infected"
    with pytest.raises(Forbidden):
        client.complaints.download(case.complaint_id, bad.media_id)
    assert client.complaints.attach(case.complaint_id, PHOTO).scan_status == "clean"


def test_the_table_of_states_is_whole() -> None:
    assert {to for to, _ in NEXT.values()} | {state for state, _ in NEXT} == set(ComplaintStatus)
