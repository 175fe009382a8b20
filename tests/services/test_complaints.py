"""Complaints, the principal way, against the sandbox over real HTTP."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from egov_serang import Client, Conflict, Invalid, InvalidTransition, NotFound
from egov_serang.models.complaints import Complaint, ComplaintStatus, Location

MARKET = Location(lat=-6.1153, long=106.1503, area_code="36.73.01.1001")


def submit(client: Client, text: str = "Jalan berlubang.", reference: str | None = None) -> Complaint:
    return client.complaints.submit("jalan_rusak", text, location=MARKET, client_reference=reference)


def test_the_catalogue_names_agencies_and_service_levels(client: Client) -> None:
    roads = next(item for item in client.complaints.services() if item.service_code == "jalan_rusak")
    assert roads.agency_responsible
    assert roads.sla is not None


def test_a_complaint_with_a_photo_and_a_map_point_comes_back_whole(client: Client, tmp_path: Path) -> None:
    picture = tmp_path / "lubang di jalan.jpg"
    picture.write_bytes(bytes(range(256)) * 700)  # over one piece of 64 KiB, so it is streamed
    filed = client.complaints.submit(
        "jalan_rusak", "Lubang di depan pasar.", location=MARKET, photos=[picture, b"\x89PNG\r\n\x1a\n tiny"]
    )
    assert filed.status is ComplaintStatus.SUBMITTED
    assert (filed.lat, filed.long, filed.area_code) == (MARKET.lat, MARKET.long, MARKET.area_code)
    assert filed.requested_at is not None
    assert [(item.filename, item.size) for item in filed.media] == [("lubang di jalan.jpg", 179_200), ("file.png", 13)]
    digest = hashlib.sha256(picture.read_bytes()).hexdigest()
    assert filed.media[0].sha256 == digest
    with client.complaints.download(filed.complaint_id, filed.media[0].media_id) as back:
        saved = back.save(tmp_path / "back.jpg", sha256=digest)
    assert saved.read_bytes() == picture.read_bytes()


def test_an_officer_takes_it_from_submitted_to_resolved(client: Client) -> None:
    case = submit(client)
    for action in ("verify", "assign", "start", "hold", "resume", "resolve"):
        assert action in case.allowed_actions
        case = client.complaints.transition(case, action, assignee="regu-1" if action == "assign" else None)
    assert case.status is ComplaintStatus.RESOLVED
    rated = client.complaints.transition(case.complaint_id, "rate", version=case.version, data={"score": 5})
    assert rated.status is ComplaintStatus.CLOSED
    assert rated.rating is not None
    assert rated.rating.score == 5


def test_a_wrong_action_names_the_right_ones(client: Client) -> None:
    case = submit(client)
    with pytest.raises(InvalidTransition) as caught:
        client.complaints.transition(case, "resolve")
    assert set(caught.value.allowed_actions) == {str(action) for action in case.allowed_actions}
    assert "verify" in caught.value.allowed_actions


def test_a_change_in_between_is_a_conflict(client: Client) -> None:
    case = submit(client)
    client.complaints.transition(case, "verify")
    with pytest.raises(Conflict) as caught:
        client.complaints.transition(case, "reject")
    assert caught.value.code == "version_conflict"


def test_a_transition_by_id_needs_its_version(client: Client) -> None:
    with pytest.raises(Invalid) as caught:
        client.complaints.transition("c-1", "verify")
    assert caught.value.sent == "no"


def test_lists_are_filtered_paged_and_resumed(client: Client) -> None:
    start = datetime.now(UTC) - timedelta(minutes=1)
    filed = {submit(client, f"Lubang nomor {n}.").complaint_id for n in range(5)}
    pager = client.complaints.list(service_code="jalan_rusak", updated_after=start, limit=2)
    first_two = [next(pager).complaint_id for _ in range(2)]
    next(pager)
    rest = client.complaints.list(service_code="jalan_rusak", updated_after=start, limit=2, cursor=pager.cursor)
    assert set(first_two) | {case.complaint_id for case in rest} >= filed
    sizes = [len(page.data.data) for page in client.complaints.list(service_code="jalan_rusak", limit=2).pages()]
    assert all(size == 2 for size in sizes[:-1])
    submit(client, reference="REF-9")
    assert [case.client_reference for case in client.complaints.list(client_reference="REF-9")] == ["REF-9"]


def test_what_is_wrong_is_named_and_nothing_is_filed(client: Client) -> None:
    for arguments, code in (
        (("no_such_category", "x"), "service_not_found"),
        (("jalan_rusak", "x"), "location_required"),
    ):
        with pytest.raises((Invalid, NotFound)) as caught:
            client.complaints.submit(*arguments)
        assert caught.value.code == code
    with pytest.raises(Invalid) as caught_far:
        client.complaints.submit("jalan_rusak", "Jauh.", location=Location(lat=-6.2, long=107.5))
    assert caught_far.value.code == "outside_jurisdiction"
    with pytest.raises(Invalid) as caught_here:
        client.complaints.submit("jalan_rusak", "   ")
    assert caught_here.value.sent == "no"
    assert list(client.complaints.list(status="submitted")) == []
