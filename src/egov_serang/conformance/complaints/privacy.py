"""Who sees what: with a second client, which is neither the reporter's nor an officer's."""

from __future__ import annotations

from typing import Final

from egov_serang import Client, Conflict, Forbidden, InvalidTransition, NotFound
from egov_serang.conformance.scenario import Scenario, holds
from egov_serang.conformance.server import TEXT, Server
from egov_serang.models.complaints import Reporter

_WHO: Final = "Warga Uji"


def _sees(other: Client, complaint_id: str) -> bool:
    try:
        other.complaints.get(complaint_id)
    except (NotFound, Forbidden):
        return False
    return True


def confidential(server: Server) -> None:
    other = server.second()
    complaint = server.submit(confidential=True)
    holds(not _sees(other, complaint.complaint_id), "another client reads a confidential complaint")
    listed = other.complaints.list(updated_after=complaint.updated_at, service_code=complaint.service_code)
    holds(complaint.complaint_id not in {one.complaint_id for one in listed}, "another client's list has it")


def hidden_in_feed(server: Server) -> None:
    other = server.second()
    end = None
    for change in other.complaints.changes():
        end = change.cursor
    complaint = server.submit(confidential=True)
    found = {one.complaint_id for one in other.complaints.changes(since=end)}
    holds(complaint.complaint_id not in found, "another client's change feed has a confidential complaint")


def reporter(server: Server) -> None:
    other = server.second()
    complaint = server.submit(reporter=Reporter(name=_WHO))
    holds(complaint.reporter is not None, "its own client does not see the reporter")
    found = other.complaints.get(complaint.complaint_id)
    holds(found.reporter is None or found.reporter.name is None, "another client sees who reported")
    holds(found.client_reference is None, "another client sees the client_reference")


def internal(server: Server) -> None:
    other = server.second()
    complaint = server.submit()
    note = server.client.complaints.updates.add(complaint.complaint_id, TEXT, visibility="internal")
    said = server.client.complaints.updates.add(complaint.complaint_id, TEXT)
    own = {one.update_id for one in server.client.complaints.updates.list(complaint.complaint_id)}
    holds({note.update_id, said.update_id} <= own, "an officer's client does not see its own notes")
    found = {one.update_id for one in other.complaints.updates.list(complaint.complaint_id)}
    holds(said.update_id in found, "another client does not see a public comment")
    holds(note.update_id not in found, "another client sees an internal note")


def acting(server: Server) -> None:
    other = server.second()
    complaint = server.submit()
    seen = other.complaints.get(complaint.complaint_id)
    holds(not seen.allowed_actions, f"another client is offered {', '.join(seen.allowed_actions)}")
    for action in ("withdraw", "verify"):
        try:
            other.complaints.transition(seen, action)
        except (Forbidden, InvalidTransition, NotFound, Conflict):
            continue
        holds(False, f"another client could {action}")
    try:
        other.complaints.change(seen, description=TEXT)
    except (Forbidden, NotFound):
        return
    holds(False, "another client could change the description")


SCENARIOS: Final = (
    Scenario(
        "privacy.confidential", "contract-v1 2", "A confidential complaint is hidden from others", confidential, 1, True
    ),
    Scenario("privacy.changes", "contract-v1 2", "It is hidden in the change feed as well", hidden_in_feed, 1, True),
    Scenario("privacy.reporter", "contract-v1 2", "Who reported is hidden from others", reporter, 1, True),
    Scenario("privacy.internal", "contract-v1 2", "Internal notes are hidden from others", internal, 1, True),
    Scenario("privacy.actions", "contract-v1 2", "Others neither act on a complaint nor change it", acting, 1, True),
)
