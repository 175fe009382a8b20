"""Submitting requests."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from egov_serang.conformance.open311.documents import FORMATS
from egov_serang.conformance.open311.endpoint import TEXT, Endpoint, Form
from egov_serang.conformance.open311.requests import sound
from egov_serang.conformance.scenario import Scenario, Skipped, holds, same

_POST: Final = "GeoReport v2: POST"
_ERRORS: Final = "GeoReport v2: Errors"
_BAD: Final = (400, 404)


def submitted(format_: str, endpoint: Endpoint) -> None:
    endpoint.writable()
    answer = endpoint.post(endpoint.form(), format_).fine(200, 201)
    found = answer.items("service_requests")
    same("requests in the answer", len(found), 1)
    same(
        "number and token given", (bool(found[0].get("service_request_id")), bool(found[0].get("token"))), (True, False)
    )


def read_back(endpoint: Endpoint) -> None:
    number = endpoint.submit()
    answer = endpoint.get(f"requests/{number}")
    if answer.status == 404:  # noqa: PLR2004
        raise Skipped("what was submitted cannot be read yet")
    (found,) = answer.fine().items("service_requests") or [{}]
    sound(found)
    holds(found["service_request_id"] == number, "another request than the one asked for")
    same("status", found["status"], "open")
    same("service_code", found["service_code"], endpoint.plain)
    holds(str(found.get("description", "")).startswith(TEXT), "the description came back changed")
    lat, long = endpoint.place
    holds(
        abs(float(found.get("lat") or 0) - lat) < 1e-4 and abs(float(found.get("long") or 0) - long) < 1e-4,  # noqa: PLR2004
        "the point came back changed",
    )


def attributes(endpoint: Endpoint) -> None:
    endpoint.writable()
    code, one = endpoint.with_attribute(lambda found: found.get("datatype") == "multivaluelist", "with several choices")
    keys = [value["key"] for value in one["values"]][:2]
    others: Form = {
        f"attribute[{name}]": value for name, value in _invented(endpoint, code).items() if name != one["code"]
    }
    endpoint.submit(**{"service_code": code, **others, f"attribute[{one['code']}][]": keys})


def attribute_missing(endpoint: Endpoint) -> None:
    endpoint.writable()
    code, _ = endpoint.with_attribute(lambda found: found.get("required") == "true", "with a required further field")
    endpoint.post(endpoint.form(service_code=code)).errors(400)


def no_key(endpoint: Endpoint) -> None:
    endpoint.post(endpoint.form(), key=None).errors(403)


def wrong_key(endpoint: Endpoint) -> None:
    endpoint.post(endpoint.form(), "xml", key="no-such-key").errors(403)


def no_category(endpoint: Endpoint) -> None:
    endpoint.writable()
    endpoint.post(endpoint.form(service_code=None)).errors(*_BAD)


def unknown_category(endpoint: Endpoint) -> None:
    endpoint.writable()
    endpoint.post(endpoint.form(service_code="no_such_category_at_all"), "xml").errors(*_BAD)


def no_place(endpoint: Endpoint) -> None:
    endpoint.writable()
    endpoint.post(endpoint.form(lat=None, long=None)).errors(400)


def token(endpoint: Endpoint) -> None:
    endpoint.writable()
    code = endpoint.of_type("batch")
    more: Form = {f"attribute[{name}]": value for name, value in _invented(endpoint, code).items()}
    (found,) = endpoint.post(endpoint.form(service_code=code, **more)).fine(200, 201).items("service_requests") or [{}]
    given = found.get("token")
    same("number and token given", (bool(found.get("service_request_id")), bool(given)), (False, True))
    for format_ in FORMATS:
        (told,) = endpoint.get(f"tokens/{given}", format_).fine().items("service_requests") or [{}]
        holds(told.get("token") == given, "another token than the one asked for")


def unknown_token(endpoint: Endpoint) -> None:
    endpoint.get("tokens/no-such-token").errors(404)


def _invented(endpoint: Endpoint, code: str) -> dict[str, str]:
    """A value for each required further field."""
    some = [one for one in endpoint.services if one.get("service_code") == code and one.get("metadata") == "true"]
    found: list[dict[str, Any]] = endpoint.attributes(code) if some else []
    values: dict[str, str] = {}
    for one in found:
        if one.get("required") != "true":
            continue
        if one["datatype"] == "datetime":
            raise Skipped(f"{code} asks for a time")
        choices: list[dict[str, Any]] = one.get("values") or []
        values[one["code"]] = choices[0]["key"] if choices else "1"
    return values


SCENARIOS: Final = (
    *(
        Scenario(
            f"submit.answer.{format_}", _POST, f"A request gets a number ({format_})", partial(submitted, format_), 1
        )
        for format_ in FORMATS
    ),
    Scenario("submit.read_back", _POST, "It can be read by its number, as it was sent", read_back, 1),
    Scenario("submit.attributes", _POST, "Further fields with several values are taken", attributes, 1),
    Scenario(
        "submit.attribute_missing", _ERRORS, "A required further field that lacks: 400", attribute_missing, tries=True
    ),
    Scenario("submit.no_key", _ERRORS, "No api_key: 403", no_key, tries=True),
    Scenario("submit.wrong_key", _ERRORS, "An api_key nobody gave: 403", wrong_key, tries=True),
    Scenario("submit.no_category", _ERRORS, "No service_code: refused", no_category, tries=True),
    Scenario("submit.unknown_category", _ERRORS, "An unknown service_code: refused", unknown_category, tries=True),
    Scenario("submit.no_place", _ERRORS, "No place: 400", no_place, tries=True),
    Scenario("tokens.answer", "GeoReport v2: Tokens", "A batch category gives a token to ask with", token, 1),
    Scenario("tokens.unknown", "GeoReport v2: Tokens", "No such token: 404", unknown_token),
)
