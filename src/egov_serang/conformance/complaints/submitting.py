"""Submitting complaints, and reading back what was submitted."""

from __future__ import annotations

from typing import Any, Final

from egov_serang.conformance.complaints.states import LEAVING
from egov_serang.conformance.scenario import Failed, Scenario, Skipped, holds, same
from egov_serang.conformance.server import TEXT, Server
from egov_serang.models.complaints import Complaint, ServiceDefinition, ServiceType


def created(server: Server) -> None:
    body = server.body()
    answer = server.send("POST", "/v1/complaints/cases", body)
    same("status", answer.status, 201)
    found = answer.document
    same("the complaint's status", found.get("status"), "submitted")
    for name in ("service_code", "area_code", "client_reference", "lat", "long"):
        same(name, found.get(name), body.get(name))
    holds(found.get("description") == body["description"], "the description came back changed")
    holds(bool(found.get("complaint_id")) and bool(found.get("reference")), "no complaint_id or no reference")
    number = found["complaint_id"]
    holds(answer.headers.get("location", "").endswith(f"/cases/{number}"), "Location does not name the complaint")
    same("ETag", answer.headers.get("etag"), f'"{found.get("version")}"')
    same("allowed_actions", {*found.get("allowed_actions", ())}, LEAVING["submitted"])


def read_back(server: Server) -> None:
    complaint = server.submit()
    reply = server.client.raw.complaints.get(complaint.complaint_id)
    same("ETag", reply.etag, f'"{reply.data.version}"')
    holds(reply.data == complaint, "reading gives another complaint than submitting did")
    holds(complaint.requested_at is not None and complaint.updated_at is not None, "no requested_at or no updated_at")


def agency(server: Server) -> None:
    complaint = server.submit()
    holds(bool(complaint.agency_responsible), "no agency_responsible")
    sla = server.plain.sla
    if sla is None:
        raise Skipped(f"{server.plain.service_code} has no service level")
    due = complaint.due
    if due is None:
        raise Failed("a category with a service level gives no `due`")
    same("the stage that runs", due.stage, "verify")
    holds(complaint.requested_at is not None and due.at > complaint.requested_at, "due before it was submitted")
    same("breached", due.breached, False)


def confidential(server: Server) -> None:
    same("visibility", server.submit(confidential=True).visibility, "confidential")


def anonymous(server: Server) -> None:
    same("anonymous", server.submit(anonymous=True).anonymous, True)


def attributes(server: Server) -> None:
    definition = server.with_attribute(lambda one: _filled(one) is not None, "whose further fields are lists or texts")
    values = _filled(definition) or {}
    same("attributes", _submit_in(server, definition, values).attributes, values)


def token(server: Server) -> None:
    definition = _of_type(server, ServiceType.BATCH)
    complaint = _submit_in(server, definition, _filled(definition) or {})
    holds(complaint.token is not None, "a category of type batch answered without a token")
    found = server.client.complaints.token(str(complaint.token))
    same("the token", found.token == complaint.token, True)


def blackbox(server: Server) -> None:
    definition = _of_type(server, ServiceType.BLACKBOX)
    complaint = _submit_in(server, definition, _filled(definition) or {})
    holds(
        complaint.token is None and not complaint.complaint_id, "a category of type blackbox gave something to follow"
    )


def _of_type(server: Server, kind: ServiceType) -> ServiceDefinition:
    found = next((one for one in server.services if one.type == kind), None)
    if found is None:
        raise Skipped(f"no category of type {kind}")
    definition = server.client.complaints.service(found.service_code)
    if _filled(definition) is None:
        raise Skipped(f"{found.service_code} asks for what cannot be invented")
    return definition


def _submit_in(server: Server, definition: ServiceDefinition, values: dict[str, Any]) -> Complaint:
    place = None if definition.location_requirement == "none" else server.place.location
    complaint = server.client.complaints.submit(
        definition, TEXT, location=place, attributes=values, client_reference=server.reference()
    )
    if complaint.complaint_id:
        server.filed.append(complaint.complaint_id)
    return complaint


def _filled(definition: ServiceDefinition) -> dict[str, Any] | None:
    """Values for what must be given and for every list; None where something else must be given."""
    values: dict[str, Any] = {}
    for one in definition.attributes:
        if one.datatype == "singlevaluelist":
            values[one.code] = one.values[0]
        elif one.datatype == "multivaluelist":
            values[one.code] = [one.values[0]]
        elif one.required and one.datatype not in {"string", "text", "number"}:
            return None
        elif one.required:
            values[one.code] = 1 if one.datatype == "number" else "uji"
    return values


SCENARIOS: Final = (
    Scenario(
        "submit.created", "contract-v1 1, 2", "201 with the complaint as sent, Location, ETag, actions", created, 1
    ),
    Scenario("submit.read_back", "contract-v1 2", "Reading gives what submitting answered", read_back, 1),
    Scenario("submit.due", "contract-v1 2", "The agency is named, and when the next stage is due", agency, 1),
    Scenario("submit.confidential", "contract-v1 2", "A confidential complaint says that it is", confidential, 1),
    Scenario("submit.anonymous", "contract-v1 2", "An anonymous complaint says that it is", anonymous, 1),
    Scenario("submit.attributes", "contract-v1 2", "Further fields of the category are kept", attributes, 1),
    Scenario("submit.token", "contract-v1 2", "A batch category answers with a token to ask with", token, 1),
    Scenario("submit.blackbox", "contract-v1 2", "A blackbox category answers with nothing to follow", blackbox, 1),
)
