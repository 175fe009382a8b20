"""Writes that are sent again, and writes that were decided on something old."""

from __future__ import annotations

import secrets
from typing import Final

from egov_serang.conformance.scenario import Scenario, holds, same
from egov_serang.conformance.server import Server, refused
from egov_serang.conformance.wiretap import without

_CASES: Final = "/v1/complaints/cases"


def _key() -> str:
    return f"conformance-{secrets.token_hex(12)}"


def replayed(server: Server) -> None:
    body, key = server.body(), _key()
    first = server.send("POST", _CASES, body, key=key)
    again = server.send("POST", _CASES, body, key=key)
    same("status", (first.status, again.status), (201, 201))
    same("complaints filed", len({first.document["complaint_id"], again.document["complaint_id"]}), 1)
    holds(first.body == again.body, "the repeated answer is another than the first")
    same("Idempotency-Replayed", again.headers.get("idempotency-replayed"), "true")
    found = list(server.client.complaints.list(client_reference=body["client_reference"]))
    same("complaints with this client_reference", len(found), 1)


def mismatch(server: Server) -> None:
    key = _key()
    same("status", server.send("POST", _CASES, server.body(), key=key).status, 201)
    refused(server.send("POST", _CASES, server.body(), key=key), 422, "idempotency_mismatch")


def no_key(server: Server) -> None:
    answer = server.send("POST", _CASES, server.body(), change=without("idempotency-key"))
    refused(answer, (400, 401), "idempotency_missing", "signature_invalid")


def refusal_kept(server: Server) -> None:
    key, body = _key(), server.body(description="x" * 4001)
    first = server.send("POST", _CASES, body, key=key)
    again = server.send("POST", _CASES, body, key=key)
    if first.status == 422:  # noqa: PLR2004 - 400 is not kept
        same("Idempotency-Replayed of a kept 422", again.headers.get("idempotency-replayed"), "true")
    same("code", again.code, first.code)


def replay_before_match(server: Server) -> None:
    complaint = server.submit()
    path, key = f"{_CASES}/{complaint.complaint_id}/transitions", _key()
    held = {"if-match": f'"{complaint.version}"'}
    first = server.send("POST", path, {"action": "verify"}, key=key, headers=held)
    same("status of the transition", first.status, 200)
    again = server.send("POST", path, {"action": "verify"}, key=key, headers=held)
    same("status of the same request again", again.status, 200)
    same("Idempotency-Replayed", again.headers.get("idempotency-replayed"), "true")


def no_match(server: Server) -> None:
    complaint = server.submit()
    path = f"{_CASES}/{complaint.complaint_id}"
    refused(server.send("POST", f"{path}/transitions", {"action": "verify"}), 428, "precondition_required")
    refused(server.send("PATCH", path, {"visibility": "confidential"}), 428, "precondition_required")


def stale(server: Server) -> None:
    old = server.submit()
    new = server.client.complaints.change(old, confidential=True)
    holds(new.version > old.version, "a change gave no higher version")
    path, held = f"{_CASES}/{old.complaint_id}", {"if-match": f'"{old.version}"'}
    refused(server.send("POST", f"{path}/transitions", {"action": "verify"}, headers=held), 412, "version_conflict")
    refused(server.send("PATCH", path, {"visibility": "public"}, headers=held), 412, "version_conflict")
    same("the version after refusals", server.client.complaints.get(old.complaint_id).version, new.version)


SCENARIOS: Final = (
    Scenario("repeats.replayed", "contract-v1 1", "The same key and body: one complaint, the same answer", replayed, 1),
    Scenario("repeats.mismatch", "contract-v1 1", "The same key with another body is refused", mismatch, 1),
    Scenario("repeats.no_key", "contract-v1 1", "A write without a key is refused", no_key, tries=True),
    Scenario("repeats.refusal_kept", "contract-v1 1", "A 422 is kept for its key as well", refusal_kept, tries=True),
    Scenario("repeats.before_match", "contract-v1 1", "A replay is looked up before If-Match", replay_before_match, 1),
    Scenario("repeats.no_match", "contract-v1 1", "PATCH and transitions demand If-Match", no_match, 1),
    Scenario("repeats.stale", "contract-v1 1", "An old version is refused and changes nothing", stale, 1),
)
