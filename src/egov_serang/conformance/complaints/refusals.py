"""What is wrong with a complaint is refused, and the refusal says what."""

from __future__ import annotations

from typing import Any, Final

from egov_serang.conformance.scenario import Scenario, Skipped, holds, same
from egov_serang.conformance.server import Answer, Server, pointers, refused

_CASES: Final = "/v1/complaints/cases"
_MARK: Final = "tidak-untuk-diulang"


def _submit(server: Server, **more: Any) -> Answer:
    return server.send("POST", _CASES, server.body(**more))


def form(server: Server) -> None:
    answer = _submit(server, service_code=_MARK)
    problem = refused(answer, 404, "service_not_found")
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    same("content-type", media_type, "application/problem+json")
    same("type", problem.get("type"), "urn:smartcity:problem:service_not_found")
    same("status", problem.get("status"), answer.status)
    holds(bool(problem.get("title")), "no title")
    holds(bool(problem.get("trace_id")), "no trace_id")
    same("retryable", problem.get("retryable"), False)
    holds(_MARK not in answer.body.decode("utf-8", "replace"), "the problem repeats what was sent")


def no_description(server: Server) -> None:
    problem = refused(_submit(server, description=None), (400, 422), "validation_failed")
    holds("/description" in pointers(problem), "no error points at /description")


def long_description(server: Server) -> None:
    problem = refused(_submit(server, description="x" * 4001), (400, 422), "validation_failed")
    holds("/description" in pointers(problem), "no error points at /description")


def not_json(server: Server) -> None:
    answer = server.send("POST", _CASES, ["no", "object"])
    refused(answer, (400, 422), "validation_failed")


def elsewhere(server: Server) -> None:
    answer = _submit(server, lat=0.0, long=0.0, area_code=None)
    refused(answer, (400, 422), "outside_jurisdiction")


def foreign_area(server: Server) -> None:
    answer = _submit(server, lat=None, long=None, area_code="99.99.99")
    refused(answer, (400, 422), "outside_jurisdiction", "validation_failed")


def no_place(server: Server) -> None:
    if server.plain.location_requirement != "required":
        raise Skipped(f"{server.plain.service_code} requires no place")
    answer = _submit(server, lat=None, long=None, area_code=None)
    refused(answer, (400, 422), "location_required")


def attribute_missing(server: Server) -> None:
    definition = server.with_attribute(
        lambda one: any(attribute.required for attribute in one.attributes), "with a required further field"
    )
    needed = next(attribute.code for attribute in definition.attributes if attribute.required)
    problem = refused(_submit(server, service_code=definition.service_code), (400, 422), "attribute_required")
    holds(f"/attributes/{needed}" in pointers(problem), f"no error points at /attributes/{needed}")


def attribute_wrong(server: Server) -> None:
    definition = server.with_attribute(
        lambda one: any(attribute.datatype == "singlevaluelist" for attribute in one.attributes),
        "with a list to choose from",
    )
    one = next(attribute for attribute in definition.attributes if attribute.datatype == "singlevaluelist")
    answer = _submit(server, service_code=definition.service_code, attributes={one.code: "none_of_these"})
    problem = refused(answer, (400, 422), "validation_failed")
    holds(f"/attributes/{one.code}" in pointers(problem), f"no error points at /attributes/{one.code}")


def not_found(server: Server) -> None:
    refused(server.send("GET", f"{_CASES}/no-such-complaint"), 404, "not_found")


SCENARIOS: Final = (
    Scenario(
        "refusals.form", "contract-v1 1", "A problem has its type, code, status, and repeats no input", form, tries=True
    ),
    Scenario(
        "refusals.no_description",
        "contract-v1 1, 2",
        "No description: refused, pointing at it",
        no_description,
        tries=True,
    ),
    Scenario(
        "refusals.long_description",
        "contract-v1 2",
        "More than 4000 characters are refused",
        long_description,
        tries=True,
    ),
    Scenario("refusals.not_an_object", "contract-v1 1", "A body that is no object is refused", not_json, tries=True),
    Scenario("refusals.elsewhere", "contract-v1 2", "A point outside the city is refused", elsewhere, tries=True),
    Scenario(
        "refusals.foreign_area", "contract-v1 2", "An area that is not the city's is refused", foreign_area, tries=True
    ),
    Scenario(
        "refusals.no_place",
        "contract-v1 2",
        "No place, where the category requires one, is refused",
        no_place,
        tries=True,
    ),
    Scenario(
        "refusals.attribute_missing",
        "contract-v1 2",
        "A required further field that lacks is named",
        attribute_missing,
        tries=True,
    ),
    Scenario(
        "refusals.attribute_wrong",
        "contract-v1 2",
        "A value that is not in the list is refused",
        attribute_wrong,
        tries=True,
    ),
    Scenario("refusals.not_found", "contract-v1 1", "A complaint that is not there is not found", not_found),
)
