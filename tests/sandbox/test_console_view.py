"""The maps, and what passes from a record to its card: by value and by property."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import dist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang.models.civil import CivilApplication, CivilStatus
from egov_serang.models.complaints import Complaint, ComplaintStatus, Due, Reporter
from egov_serang.models.notifications import Message, MessageStatus
from egov_serang.models.permits import Applicant, ApplicationStatus, Decision, Stage
from egov_serang.sandbox.cities.known import MUNICIPALITIES
from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.console.maps import MAPS, WIDTH, CityMap, Point, spread
from egov_serang.sandbox.console.view import (
    CIVIL_COLUMNS,
    MARKS,
    PERMIT_COLUMNS,
    QUEUES,
    Names,
    civil_card,
    complaint_cards,
    message_lines,
    permit_card,
    term,
)
from egov_serang.sandbox.notifications.recipients import masked
from egov_serang.sandbox.notifications.schemas import RecipientIn
from egov_serang.sandbox.permits.case import Case
from egov_serang.sandbox.permits.clock import StatutoryClock

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KIND = Names("Sampah", "Waste")
SERANG = MAPS["36.73"]
every_map = pytest.mark.parametrize("city", MAPS.values(), ids=MAPS)


def holds(outline: tuple[Point, ...], point: Point) -> bool:
    """Whether a point is inside, by the rays of the crossing number."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in pairwise((*outline, outline[0])):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def visible(city: CityMap, point: Point) -> bool:
    return 30 <= point[0] <= WIDTH - 30 and 30 <= point[1] <= city.height - 30


@pytest.mark.parametrize("played", MUNICIPALITIES.values(), ids=lambda played: played.slug)
def test_every_city_has_a_map_with_its_districts_and_villages(played: Municipality) -> None:
    city, region = MAPS[played.code], played.region
    assert {(d.code, d.name) for d in city.districts} == {(one.code, one.name) for one in region.districts}
    assert all(city.centre(village.code) == city.centre(village.parent) is not None for village in region.villages)
    assert city.centre(played.code) is None
    assert city.centre(f"{played.code}.010") is None


@every_map
def test_districts_are_drawn_whole_and_without_gaps(city: CityMap) -> None:
    edges = Counter(edge for d in city.districts for edge in pairwise((*d.outline, d.outline[0])))
    assert max(edges.values()) == 1, "two districts drawn over each other, or one turned the other way round"
    border = [edge for edge in edges if edge[::-1] not in edges]
    starts, ends = Counter(a for a, _ in border), Counter(b for _, b in border)
    assert starts == ends, "the border of the city is not closed"
    assert max(starts.values()) == 1, "the city falls apart, or holds a hole that touches its border"
    assert len(loop(dict(border))) == len(border), "a hole"


def loop(border: dict[Point, Point]) -> list[Point]:
    first = next(iter(border))
    found = [first]
    while (following := border[found[-1]]) != first:
        found.append(following)
    return found


@every_map
def test_a_district_holds_its_centre_and_no_other_does(city: CityMap) -> None:
    for district in city.districts:
        assert [d.code for d in city.districts if holds(d.outline, district.centre)] == [district.code]
        assert visible(city, district.centre)


@pytest.mark.parametrize(
    ("name", "longitude", "latitude"),
    [("Serang", 106.1503, -6.1153), ("Kasemen", 106.165, -6.05), ("Curug", 106.17, -6.19), ("Taktakan", 106.1, -6.13)],
)
def test_a_point_lies_in_the_district_it_lies_in(name: str, longitude: float, latitude: float) -> None:
    assert [d.name for d in SERANG.districts if holds(d.outline, SERANG.project(longitude, latitude))] == [name]


@given(st.sampled_from([*MAPS.values()]), st.floats(-180, 180), st.floats(-90, 90))
def test_every_point_of_the_world_is_placed_where_it_can_be_seen(city: CityMap, long: float, lat: float) -> None:
    assert visible(city, city.project(long, lat))


@given(st.sampled_from([*MAPS.values()]), st.lists(st.integers(0, 5), max_size=100))
def test_markers_of_one_place_are_spread_and_stay_in_sight(city: CityMap, places: list[int]) -> None:
    points = [city.districts[place].centre for place in places]
    spots = spread(city, points)
    assert len(spots) == len(points)
    assert all(visible(city, spot) for spot in spots)
    for place in set(places):
        mine = [spot for spot, one in zip(spots, places, strict=True) if one == place]
        assert mine[0] == city.districts[place].centre
        if len(mine) <= 8:
            assert all(dist(a, b) > 30 for i, a in enumerate(mine) for b in mine[:i])  # each can be hit by a finger


def test_every_status_has_its_marker() -> None:
    assert set(MARKS) == set(ComplaintStatus)


def complaint(**fields: object) -> Complaint:
    return Complaint.model_validate(
        {"complaint_id": "cmp_1", "service_code": "sampah", "status": "submitted", "version": 1, **fields}
    )


def test_a_complaint_card_by_value() -> None:
    due = Due(stage="verify", at=NOW, breached=True)
    seen = complaint(reference="SRG-1", due=due, requested_at=NOW, area_code="36.73.02.1001", description="kenari")
    (card,) = complaint_cards([(seen, KIND)], SERANG, NOW)
    assert (card.key, card.reference, card.kind, card.status) == ("cmp_1", "SRG-1", KIND, "submitted")
    assert (card.mark, card.queue, card.stage, card.due_at, card.term) == ("new", "submitted", "verify", NOW, "late")
    assert (card.area, card.at, card.files) == ("Kasemen", SERANG.centre("36.73.02"), 0)


def test_a_term_is_fine_soon_over_or_late() -> None:
    for left, breached, expected in (
        (timedelta(days=1, seconds=1), False, "fine"),
        (timedelta(days=1), False, "soon"),
        (timedelta(0), False, "soon"),
        (timedelta(seconds=-1), True, "late"),
    ):
        assert term(Due(stage="verify", at=NOW + left, breached=breached), NOW) == expected
    (card,) = complaint_cards([(complaint(), KIND)], None, NOW)
    assert (card.term, card.due_at) == (None, None)


def test_every_status_waits_in_a_queue() -> None:
    for status in ComplaintStatus:
        (card,) = complaint_cards([(complaint(status=status), KIND)], None, NOW)
        assert card.queue in QUEUES
        assert card.queue == status or MARKS[status] in {"ended", "done"}


def test_a_confidential_point_is_not_placed() -> None:
    for hidden, place in ((None, None), ("36.73.01", SERANG.centre("36.73.01"))):
        seen = complaint(lat=-6.05, long=106.17, visibility="confidential", area_code=hidden)
        assert complaint_cards([(seen, KIND)], SERANG, NOW)[0].at == place


def test_a_city_without_a_map_has_cards_without_places() -> None:
    (card,) = complaint_cards([(complaint(lat=-6.05, long=106.17, area_code="36.73.01"), KIND)], None, NOW)
    assert (card.at, card.area) == (None, None)


words = st.text(min_size=1).map(lambda text: f"kenari {text}")


@given(words, words, words, words)
def test_no_written_word_reaches_a_card(description: str, name: str, address: str, reference: str) -> None:
    seen = complaint(
        description=description,
        reporter=Reporter(name=name),
        address_string=address,
        client_reference=reference,
        assignee=name,
        status_notes=description,
        area_code=f"36.73.01 {address}"[:20],
    )
    registered = CivilApplication(
        application_id="civ_1", service_code="kk", status=CivilStatus.RETURNED, status_notes=description,
        client_reference=reference, form={"name": name}, version=1,
    )  # fmt: skip
    wanted = case(applicant=Applicant(name=name), status_notes=description, form={"name": name})
    cards = (
        *complaint_cards([(seen, KIND)], SERANG, NOW),
        civil_card(registered, KIND, NOW),
        permit_card(wanted, KIND, NOW),
    )
    assert "kenari" not in repr(cards)


def case(**changes: object) -> Case:
    return Case.model_validate(
        {
            "application_id": "app_1",
            "reference": "IZN-1",
            "client_id": "app",
            "client_reference": None,
            "permit_type_code": "TDU-PKL",
            "type_version": 1,
            "stages": (),
            "deemed_approval": False,
            "magic": None,
            "applicant": Applicant(name="Pedagang Contoh"),
            "clock": StatutoryClock(period=timedelta(days=5)),
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("column", "changes"),
    [
        ("applicant", {"status": "draft"}),
        ("applicant", {"status": "returned", "stage": "validation"}),
        ("review", {"status": "undetermined", "stage": "inspection"}),
        ("payment", {"status": "undetermined", "stage": "payment"}),
        ("decision", {"status": "undetermined", "stage": "decision"}),
        ("decision", {"status": "determined", "decision": Decision(outcome="granted")}),
        ("issued", {"status": "determined", "decision": Decision(outcome="deemed_granted"), "licence_id": "lic_1"}),
        ("ended", {"status": "determined", "decision": Decision(outcome="refused")}),
        ("ended", {"status": "lapsed"}),
        ("ended", {"status": "withdrawn"}),
    ],
)
def test_a_permit_stands_in_its_column(column: str, changes: dict[str, object]) -> None:
    assert permit_card(case(**changes), KIND, NOW).column == column


@given(st.sampled_from(ApplicationStatus), st.sampled_from(Stage))
def test_every_permit_has_a_column_of_the_board(status: ApplicationStatus, stage: Stage) -> None:
    assert permit_card(case(status=status, stage=stage), KIND, NOW).column in PERMIT_COLUMNS


@pytest.mark.parametrize("status", CivilStatus)
def test_every_civil_application_has_a_column_of_the_board(status: CivilStatus) -> None:
    application = CivilApplication(application_id="civ_1", service_code="kk", status=status, version=1)
    assert civil_card(application, KIND, NOW).column in CIVIL_COLUMNS


def test_a_term_that_has_passed_is_late() -> None:
    clock = StatutoryClock(period=timedelta(days=5)).start(NOW)
    for now, late in ((NOW, False), (NOW + timedelta(days=30), True)):
        card = permit_card(case(status="undetermined", stage="validation", clock=clock), KIND, now)
        assert (card.late, card.clock, card.waiting_on) == (late, "running", "authority")
        expected = CivilApplication(
            application_id="c", service_code="kk", status=CivilStatus.IN_REVIEW, expected_at=clock.due_at, version=1
        )
        assert civil_card(expected, KIND, now).late is late


def test_a_message_line_by_value() -> None:
    message = Message(message_id="msg_1", status=MessageStatus.SENT, template_id="t", created_at=NOW)
    (line,) = message_lines([(message, "phone ••••01")])
    assert (line.key, line.at, line.template, line.status, line.recipient) == (
        "msg_1",
        NOW,
        "t",
        "sent",
        "phone ••••01",
    )


@pytest.mark.parametrize(
    ("recipient", "mask"),
    [
        (RecipientIn(phone="+6281200000001"), "phone ••••01"),
        (RecipientIn(email="kenari@example.invalid"), "email ••••"),
        (RecipientIn(device="kenari"), "device ••••"),
        (RecipientIn(subject_ref="sub_kenari"), "subject_ref ••••"),
    ],
)
def test_of_a_recipient_two_digits_stay_at_most(recipient: RecipientIn, mask: str) -> None:
    assert masked(recipient) == mask
