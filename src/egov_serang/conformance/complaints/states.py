"""The state table of contract-v1 section 2: every state, every action of it that somebody may do."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from egov_serang import InvalidTransition
from egov_serang.conformance.scenario import Scenario, holds, same
from egov_serang.conformance.server import TEXT, Server
from egov_serang.models.complaints import Complaint, ForwardedTo

TABLE: Final[dict[str, dict[str, str]]] = {
    "submitted": {
        "verify": "verified",
        "request_info": "needs_information",
        "reject": "rejected",
        "mark_duplicate": "duplicate",
        "withdraw": "withdrawn",
    },
    "needs_information": {"supply_info": "submitted", "withdraw": "withdrawn"},
    "verified": {"assign": "assigned", "transfer": "transferred", "withdraw": "withdrawn"},
    "assigned": {"start": "in_progress", "reassign": "verified", "transfer": "transferred"},
    "in_progress": {"resolve": "resolved", "hold": "on_hold"},
    "on_hold": {"resume": "in_progress"},
    "resolved": {"rate": "closed", "reopen": "verified"},
    "closed": {},
    "rejected": {"reopen": "submitted"},
    "duplicate": {},
    "transferred": {},
    "withdrawn": {},
}
"""What citizens and officers may do, and where it leads; what the system does by itself is nobody's to do."""

LEAVING: Final = {state: {*actions} for state, actions in TABLE.items()}

_WAYS: Final[dict[str, str]] = {
    "submitted": "",
    "needs_information": "request_info",
    "verified": "verify",
    "assigned": "verify assign",
    "in_progress": "verify assign start",
    "on_hold": "verify assign start hold",
    "resolved": "verify assign start resolve",
    "closed": "verify assign start resolve rate",
    "rejected": "reject",
    "duplicate": "mark_duplicate",
    "transferred": "verify transfer",
    "withdrawn": "withdraw",
}
_BY_ITSELF: Final = {"needs_information": "expire", "resolved": "auto_close", "rejected": "auto_close"}


def act(server: Server, complaint: Complaint, action: str) -> Complaint:
    """Do an action, with what it needs."""
    needs: dict[str, Any] = {"comment": TEXT}
    if action in {"request_info", "reject"}:
        needs["reason_code"] = "conformance"
    elif action == "assign":
        needs["assignee"] = "conformance"
    elif action == "transfer":
        needs["forward_to"] = ForwardedTo(agency="Conformance")
    elif action == "mark_duplicate":
        needs["data"] = {"duplicate_of": server.submit("main").complaint_id}
    elif action == "rate":
        needs["data"] = {"score": 4}
    return server.client.complaints.transition(complaint, action, **needs)


def led(server: Server, state: str) -> Complaint:
    """A new complaint, in a state."""
    complaint = server.submit(state)
    for action in _WAYS[state].split():
        complaint = act(server, complaint, action)
    return complaint


def in_state(state: str, server: Server) -> None:
    complaint = led(server, state)
    same("status", complaint.status, state)
    same("allowed_actions", {*complaint.allowed_actions}, LEAVING[state])
    wrong = [action for action in ("resolve", "verify", "rate") if action not in TABLE[state]][:1]
    for action in [*wrong, *([_BY_ITSELF[state]] if state in _BY_ITSELF else [])]:
        try:
            act(server, complaint, action)
        except InvalidTransition as error:
            same(f"allowed_actions of the refusal of {action}", {*error.allowed_actions}, LEAVING[state])
        else:
            holds(False, f"{action} was done, though it is no action of {state}")
    after = server.client.complaints.get(complaint.complaint_id)
    same("status after refusals", after.status, state)
    same("version after refusals", after.version, complaint.version)


def done(state: str, action: str, to: str, server: Server) -> None:
    before = led(server, state)
    after = act(server, before, action)
    same("status", after.status, to)
    same("allowed_actions", {*after.allowed_actions}, LEAVING[to])
    holds(after.version > before.version, f"the version did not rise ({before.version}, {after.version})")
    read = server.client.raw.complaints.get(before.complaint_id)
    same("status when read", read.data.status, to)
    same("ETag when read", read.etag, f'"{after.version}"')
    said = [one.status_after for one in server.client.complaints.updates.list(before.complaint_id)]
    same("the last state in the thread", said[-1] if said else None, to)
    if action == "assign":
        same("assignee", after.assignee, "conformance")
    elif action == "transfer":
        same("forwarded_to is set", after.forwarded_to is not None, True)
    elif action == "mark_duplicate":
        same("duplicate_of", after.duplicate_of, server.filed[-1])
    elif action == "rate":
        same("the rating's score", after.rating.score if after.rating else None, 4)


def _files(action: str) -> int:
    return 2 if action == "mark_duplicate" else 1


SCENARIOS: Final = (
    *(
        Scenario(
            f"states.{state}",
            "contract-v1 2",
            f"{state}: allows its actions and refuses others",
            partial(in_state, state),
            _files(_WAYS[state]),
        )
        for state in TABLE
    ),
    *(
        Scenario(
            f"actions.{state}.{action}",
            "contract-v1 2",
            f"{state}: {action} leads to {to}",
            partial(done, state, action, to),
            _files(action),
        )
        for state, actions in TABLE.items()
        for action, to in actions.items()
    ),
)
