"""Lists, the change feed, duplicate checks, statistics."""

from __future__ import annotations

import secrets
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from egov_serang.conformance.scenario import Failed, Scenario, Skipped, holds, same
from egov_serang.conformance.server import Server
from egov_serang.models.complaints import Complaint, Location

_ENOUGH: Final = 100


def _newest(server: Server, **filters: Any) -> list[Complaint]:
    """What some filters give: the newest, on a server that may have many."""
    return list(islice(server.client.complaints.list(limit=50, **filters), _ENOUGH))


def _ids(server: Server, **filters: Any) -> list[str]:
    return [one.complaint_id for one in _newest(server, **filters)]


def _finds(server: Server, complaint: Complaint, right: dict[str, Any], wrong: dict[str, Any]) -> None:
    name = ", ".join(right)
    holds(complaint.complaint_id in _ids(server, **right), f"{name}: not found by what it has")
    holds(complaint.complaint_id not in _ids(server, **wrong), f"{name}: found by what it has not")


def by_status(server: Server) -> None:
    _finds(server, server.submit(), {"status": "submitted"}, {"status": "closed"})
    others = {str(one.status) for one in _newest(server, status="submitted")} - {"submitted"}
    holds(not others, f"others than those asked for are listed: {', '.join(sorted(others))}")


def by_category(server: Server) -> None:
    complaint = server.submit()
    other = next((one.service_code for one in server.services if one.service_code != complaint.service_code), "none")
    _finds(server, complaint, {"service_code": complaint.service_code}, {"service_code": other})


def by_area(server: Server) -> None:
    complaint = server.submit()
    area = server.place.area
    _finds(server, complaint, {"area_code": area}, {"area_code": f"{area}.9999"})
    city = ".".join(area.split(".")[:2])
    holds(complaint.complaint_id in _ids(server, area_code=city), "area_code: not found by the area it is part of")


def by_reference(server: Server) -> None:
    complaint = server.submit()
    found = _ids(server, client_reference=complaint.client_reference)
    same("found by client_reference", found, [complaint.complaint_id])


def by_text(server: Server) -> None:
    word = f"kata{secrets.token_hex(6)}"
    complaint = server.submit(word)
    same("found by a word", _ids(server, q=word), [complaint.complaint_id])
    same("found by two words, one of them in none", _ids(server, q=f"{word} {word}x"), [])


def by_time(server: Server) -> None:
    complaint = server.submit()
    at = complaint.updated_at
    if at is None:
        raise Failed("no updated_at")
    later = at + timedelta(seconds=1)
    _finds(server, complaint, {"updated_after": at}, {"updated_after": later})


def by_assignee(server: Server) -> None:
    complaint = server.client.complaints.transition(server.submit(), "verify")
    name = f"uji-{secrets.token_hex(6)}"
    server.client.complaints.transition(complaint, "assign", assignee=name)
    same("found by assigned_to", _ids(server, assigned_to=name), [complaint.complaint_id])


def by_lateness(server: Server) -> None:
    _finds(server, server.submit(), {"overdue": False}, {"overdue": True})


def by_place(server: Server) -> None:
    if server.place.point is None:
        raise Skipped("no point of the city is known: give --lat and --long")
    complaint = server.submit()
    lat, long = server.place.point
    near, far = Location(lat=lat, long=long), Location(lat=lat + 0.02, long=long)
    _finds(server, complaint, {"near": near, "radius": 50.0}, {"near": far, "radius": 50.0})
    box = (long - 0.001, lat - 0.001, long + 0.001, lat + 0.001)
    _finds(server, complaint, {"bbox": box}, {"bbox": (box[0], box[1] + 0.02, box[2], box[3] + 0.02)})


def paged(server: Server) -> None:
    word = f"kata{secrets.token_hex(6)}"
    filed = [server.submit(word).complaint_id for _ in range(5)]
    found = [one.complaint_id for one in server.client.complaints.list(q=word, limit=2)]
    holds(
        sorted(found) == sorted(filed),
        f"5 complaints in pages of 2: {len(found)} listed, {len(set(found))} of them once",
    )


def resumed(server: Server) -> None:
    word = f"kata{secrets.token_hex(6)}"
    filed = [server.submit(word).complaint_id for _ in range(3)]
    first = server.send("GET", "/v1/complaints/cases", query={"q": word, "limit": "2"}).document
    cursor = first.get("next_cursor")
    holds(isinstance(cursor, str), "no next_cursor, though there is more")
    rest = _ids(server, q=word, cursor=cursor)
    found = [one["complaint_id"] for one in first["data"]] + rest
    holds(sorted(found) == sorted(filed), "going on from a kept cursor gives others than were left")
    last = server.send("GET", "/v1/complaints/cases", query={"q": word, "limit": "50"}).document
    same("next_cursor of the last page", last.get("next_cursor"), None)


def changes(server: Server) -> None:
    _, start = server.feed(None)
    complaint = server.submit()
    moved = server.client.complaints.transition(complaint, "verify")
    server.client.complaints.updates.add(complaint.complaint_id, "Uji / test")
    found, end = server.feed(start)
    mine = [one for one in found if one.get("complaint_id") == complaint.complaint_id]
    same("kinds, in order", "-".join(str(one.get("kind")) for one in mine), "created-status_changed-commented")
    same("versions of the first two", [one.get("version") for one in mine[:2]], [complaint.version, moved.version])
    same("states of the first two", [one.get("status") for one in mine[:2]], ["submitted", "verified"])
    again, _ = server.feed(str(mine[0].get("cursor")))
    after = [one.get("kind") for one in again if one.get("complaint_id") == complaint.complaint_id]
    same("after the first change's own cursor", "-".join(map(str, after)), "status_changed-commented")
    rest, _ = server.feed(end)
    holds(not any(one.get("complaint_id") == complaint.complaint_id for one in rest), "a change comes a second time")


def duplicates(server: Server) -> None:
    word = f"kata{secrets.token_hex(6)}"
    complaint = server.submit(word)
    found = server.client.complaints.duplicates(
        complaint.service_code, complaint.description, location=server.place.location
    )
    holds(bool(found.candidates), "an equal complaint at the same place is no candidate")
    same("the likeliest", found.candidates[0].complaint.complaint_id, complaint.complaint_id)
    before = server.send("GET", "/v1/complaints/cases", query={"q": word}).document
    same("complaints after a check", len(before["data"]), 1)


def linked(server: Server) -> None:
    main, part = server.submit(), server.submit()
    server.client.complaints.change(part, parent_id=main.complaint_id)
    same("parent_id when read", server.client.complaints.get(part.complaint_id).parent_id, main.complaint_id)


def statistics(server: Server) -> None:
    before = server.client.complaints.statistics(service_code=server.plain.service_code)
    server.submit()
    after = server.client.complaints.statistics(service_code=server.plain.service_code)
    holds(after.total > before.total, "one more complaint is not counted")
    same("open and closed together", after.open + after.closed, after.total)
    same("the states together", sum(after.by_status.values()), after.total)
    same("the categories counted", {*after.by_service}, {server.plain.service_code})


SCENARIOS: Final = (
    Scenario("lists.status", "contract-v1 2", "The filter status", by_status, 1),
    Scenario("lists.service_code", "contract-v1 2", "The filter service_code", by_category, 1),
    Scenario("lists.area_code", "contract-v1 2", "The filter area_code, an area with its parts", by_area, 1),
    Scenario("lists.client_reference", "contract-v1 2", "The filter client_reference", by_reference, 1),
    Scenario("lists.q", "contract-v1 2", "The filter q: all the words", by_text, 1),
    Scenario("lists.updated_after", "contract-v1 1, 2", "The filter updated_after, inclusive", by_time, 1),
    Scenario("lists.assigned_to", "contract-v1 2", "The filter assigned_to", by_assignee, 1),
    Scenario("lists.overdue", "contract-v1 2", "The filter overdue", by_lateness, 1),
    Scenario("lists.place", "contract-v1 2", "The filters near with radius, and bbox", by_place, 1),
    Scenario("lists.paged", "contract-v1 1", "Pages give each complaint once", paged, 5),
    Scenario("lists.resumed", "contract-v1 1", "A kept cursor goes on where its page ended", resumed, 3),
    Scenario("changes.order", "contract-v1 1, 2", "The change feed has every change once, in order", changes, 1),
    Scenario(
        "duplicates.found", "contract-v1 2", "A duplicate check finds an equal complaint, files none", duplicates, 1
    ),
    Scenario("duplicates.linked", "contract-v1 2", "A complaint is linked to the one it belongs to", linked, 2),
    Scenario(
        "statistics.sums", "contract-v1 2", "Statistics count what there is, and their parts add up", statistics, 1
    ),
)
