"""Many complaints: filters, the change feed, statistics, service levels, likely duplicates."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.services.sides import MARKET, Sides, submit, through

from egov_serang import Client, Invalid
from egov_serang.models.complaints import ChangeKind, ComplaintStatus, Location
from egov_serang.sandbox.server import Sandbox

WRITERS = 20
EACH = 8


def test_every_filter(client: Client, sandbox: Sandbox) -> None:
    market = submit(client, "Lubang besar di pasar.")
    north = submit(client, "Lubang kecil.", location=Location(lat=-6.1063, long=106.1503))
    somewhere = client.complaints.submit("bantuan_sosial", "Bantuan belum tiba.")
    through(client, market, "verify", "assign")
    sandbox.advance(40 * 86_400)
    waste = client.complaints.submit("sampah", "Sampah menumpuk.", location=Location(area_code="36.73.06.1008"))
    point = Location(lat=MARKET.lat, long=MARKET.long)

    def ids(**filters: Any) -> set[str]:
        return {case.complaint_id for case in client.complaints.list(**filters)}

    m, n, s, w = (case.complaint_id for case in (market, north, somewhere, waste))
    now = datetime.now(UTC)
    for filters, wanted in [
        ({"status": ComplaintStatus.SUBMITTED}, {n, s, w}),
        ({"service_code": "jalan_rusak"}, {m, n}),
        ({"area_code": "36.73.06"}, {w}),
        ({"bbox": (106.14, -6.12, 106.16, -6.11)}, {m}),
        ({"bbox": (106.14, -6.12, 106.16, -6.10)}, {m, n}),
        ({"near": point, "radius": 900}, {m}),
        ({"near": point, "radius": 1100}, {m, n}),
        ({"q": "pasar LUBANG"}, {m}),
        ({"q": "pasar sampah"}, set[str]()),
        ({"updated_after": now + timedelta(days=39)}, {w}),
        ({"assigned_to": "regu-1"}, {m}),
        ({"overdue": True}, {m, n, s}),
        ({"overdue": False}, {w}),
        ({"overdue": True, "status": "assigned"}, {m}),
        ({}, {m, n, s, w}),
    ]:
        assert ids(**filters) == wanted, filters


@pytest.mark.parametrize(
    "filters",
    [
        {"bbox": (106.2, -6.2, 106.1, -6.1)},
        {"bbox": (106.1, -96.0, 106.2, -6.1)},
        {"near": MARKET},
        {"radius": 5},
        {"near": Location(area_code="36.73"), "radius": 5},
        {"near": MARKET, "radius": -1},
        {"updated_after": datetime(2026, 1, 1)},
    ],
)
def test_filters_that_cannot_be_meant(client: Client, filters: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        next(client.complaints.list(**filters))
    assert caught.value.sent == "no"


def test_the_feed_has_every_change_once_and_in_order(sides: Sides) -> None:
    citizen, officer = sides["citizen"], sides["officer"]
    assert list(citizen.complaints.changes()) == []
    case = through(officer, submit(citizen), "verify", "assign", "start", "resolve")
    citizen.complaints.transition(case, "rate", data={"score": 5})
    pager = citizen.complaints.changes(limit=2)
    seen = list(pager)
    assert [str(one.kind) for one in seen] == ["created", *["status_changed"] * 4, "rated"]
    assert [one.version for one in seen] == [1, 2, 3, 4, 5, 6]
    assert pager.cursor is not None
    assert list(citizen.complaints.changes(since=pager.cursor)) == []
    # The cursor of each change goes on right after it, whatever page it came on.
    for at, one in enumerate(seen):
        rest = list(citizen.complaints.changes(since=one.cursor, limit=1))
        assert [later.version for later in rest] == [later.version for later in seen[at + 1 :]]
    submit(citizen, "Satu lagi.")
    assert [one.kind for one in citizen.complaints.changes(since=pager.cursor)] == [ChangeKind.CREATED]


def test_twenty_writers_at_once_and_a_reader_that_is_restarted(client: Client) -> None:
    """Proof 4: a reader that follows while 20 write, and forgets all but its cursor again and again."""
    written: Counter[tuple[str, int]] = Counter()
    lock = threading.Lock()

    def write(number: int) -> None:
        for turn in range(EACH):
            case = submit(client, f"Lubang {number}-{turn}.")
            versions = [case.version]
            for _ in range(2):
                case = client.complaints.transition(case, "verify" if len(versions) == 1 else "withdraw")
                versions.append(case.version)
            with lock:
                written.update((case.complaint_id, version) for version in versions)

    seen: list[tuple[str, int]] = []
    cursor: str | None = None
    reads = empty = 0
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write, number) for number in range(WRITERS)]
        while not all(writer.done() for writer in writers) or not empty:
            # As after a crash: a new reader, which takes at most seven changes and then only knows its last cursor.
            taken = [one for one, _ in zip(client.complaints.changes(since=cursor, limit=5), range(7), strict=False)]
            seen += [(one.complaint_id, one.version) for one in taken]
            cursor = taken[-1].cursor if taken else cursor
            reads += 1
            empty = 0 if taken else 1
        for writer in writers:
            writer.result()
    assert Counter(seen) == written
    assert len(seen) == WRITERS * EACH * 3
    by_case: dict[str, list[int]] = {}
    for complaint_id, version in seen:
        by_case.setdefault(complaint_id, []).append(version)
    assert all(later == earlier + 1 for versions in by_case.values() for earlier, later in pairwise(versions))
    print(f"{len(seen)} changes of {WRITERS} writers, {reads} restarts of the reader: nothing skipped, nothing twice")


def test_statistics_count_and_time(client: Client, sandbox: Sandbox) -> None:
    quick = submit(client)
    slow = submit(client)
    submit(client, location=Location(area_code="36.73.06.1008"))
    through(client, quick, "verify", "assign", "start", "resolve")
    sandbox.advance(2 * 3600)
    through(client, slow, "verify")
    sandbox.advance(30 * 86_400)
    whole = client.complaints.statistics()
    assert (whole.total, whole.open, whole.closed, whole.overdue) == (3, 2, 1, 2)
    # What was resolved has been closed by the system meanwhile.
    assert whole.by_status == {"closed": 1, "verified": 1, "submitted": 1}
    assert whole.median.verify_s == pytest.approx(3600, abs=60)
    assert whole.median.resolve_s == pytest.approx(0, abs=60)
    assert set(whole.by_area) == {"36.73.01.1001", "36.73.06.1008"}
    assert whole.by_area["36.73.06.1008"].median.verify_s is None
    assert whole.by_service["jalan_rusak"].total == 3
    assert client.complaints.statistics(area_code="36.73.06").total == 1
    later = datetime.now(UTC) + timedelta(days=1)
    assert client.complaints.statistics(since=later).total == 0
    assert client.complaints.statistics(until=later, service_code="jalan_rusak").total == 3
    with pytest.raises(Invalid):
        client.complaints.statistics(since=later, until=later)


def test_a_broken_promise_shows_and_is_announced_once(client: Client, sandbox: Sandbox) -> None:
    case = submit(client)
    assert case.due is not None
    assert (case.due.stage, case.due.breached) == ("verify", False)
    for _ in range(3):
        sandbox.advance(20 * 86_400)
    late = client.complaints.get(case.complaint_id)
    assert late.due is not None
    assert late.due.breached
    assert late.version == case.version  # nobody changed it, so whoever decides on it may
    through(client, late, "verify")
    sandbox.advance(20 * 86_400)
    kinds = [str(one.kind) for one in client.complaints.changes()]
    assert kinds == ["created", "sla_breached", "status_changed", "sla_breached"]


def test_duplicates_are_near_open_and_alike(client: Client) -> None:
    near = submit(client, "Lubang dalam di jalan raya.")
    other = submit(client, "Aspal retak.")
    submit(client, "Lubang dalam di jalan raya.", location=Location(lat=-6.1253, long=106.1503))
    client.complaints.submit("sampah", "Lubang dalam di jalan raya.", location=MARKET)
    client.complaints.transition(submit(client, "Lubang dalam di jalan raya."), "reject")
    found = client.complaints.duplicates("jalan_rusak", "Lubang dalam di jalan raya.", location=MARKET)
    assert [one.complaint.complaint_id for one in found.candidates] == [near.complaint_id, other.complaint_id]
    wide = client.complaints.duplicates("jalan_rusak", "Lubang.", location=MARKET, radius=2000)
    assert len(wide.candidates) == 3
    area = client.complaints.duplicates("jalan_rusak", "Lubang.", location=Location(area_code="36.73.01"))
    assert {one.complaint.complaint_id for one in area.candidates} == {near.complaint_id, other.complaint_id}
    assert all(one.distance_m is None for one in area.candidates)
