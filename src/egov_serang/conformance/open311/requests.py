"""Reading requests."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from egov_serang.conformance.open311.documents import FORMATS
from egov_serang.conformance.open311.endpoint import Endpoint
from egov_serang.conformance.scenario import Failed, Scenario, Skipped, holds, same

_LIST: Final = "GeoReport v2: Requests"
_ONE: Final = "GeoReport v2: Request"
_MOST: Final = 1000
_TIMES: Final = ("requested_datetime", "updated_datetime", "expected_datetime")


def _found(endpoint: Endpoint, format_: str = "json", **query: str) -> list[dict[str, Any]]:
    return endpoint.get("requests", format_, **query).fine().items("service_requests")


def _some(endpoint: Endpoint) -> list[dict[str, Any]]:
    found = _found(endpoint)
    if not found:
        raise Skipped("the list of requests is empty")
    return found


def moment(value: object) -> datetime:
    """A time of the answer, which must say its zone."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise Failed("a time is not written as W3C (RFC 3339) says") from None
    holds(at.tzinfo is not None, "a time says no time zone")
    return at


def sound(one: dict[str, Any]) -> None:
    """Go on if a request is as the specification writes one."""
    holds(bool(one.get("service_request_id")), "a request has no service_request_id")
    holds(one.get("status") in {"open", "closed"}, f"a request has the status {one.get('status')}")
    holds(bool(one.get("service_code")), "a request has no service_code")
    holds(bool(one.get("requested_datetime")), "a request has no requested_datetime")
    for name in _TIMES:
        if one.get(name):
            moment(one[name])
    same("lat and long given", bool(one.get("lat")), bool(one.get("long")))


def listed(format_: str, endpoint: Endpoint) -> None:
    found = _found(endpoint, format_)
    if not found:
        raise Skipped("the list of requests is empty")
    holds(len(found) <= _MOST, f"{len(found)} requests in one answer")
    for one in found:
        sound(one)
    numbers = [one["service_request_id"] for one in found]
    same("numbers that stand twice", len(numbers) - len(set(numbers)), 0)


def by_status(endpoint: Endpoint) -> None:
    _some(endpoint)
    for status in ("open", "closed"):
        others = {str(one.get("status")) for one in _found(endpoint, status=status)} - {status}
        holds(not others, f"status={status} also gives {', '.join(sorted(others))}")


def by_service(endpoint: Endpoint) -> None:
    code = str(_some(endpoint)[0]["service_code"])
    found = {str(one.get("service_code")) for one in _found(endpoint, service_code=code)}
    same("categories given", found, {code})


def by_time(endpoint: Endpoint) -> None:
    """Times are given to the second and may be kept more exactly, hence a second on each side."""
    first = _some(endpoint)[0]
    at, second = moment(first["requested_datetime"]), timedelta(seconds=1)
    found = _found(endpoint, start_date=(at - second).isoformat(), end_date=(at + second).isoformat())
    numbers = {one.get("service_request_id") for one in found}
    holds(first["service_request_id"] in numbers, "a request is not found in a span around its own time")
    for one in found:
        holds(abs(moment(one["requested_datetime"]) - at) <= second, "a request of another time is found as well")


def by_number(endpoint: Endpoint) -> None:
    numbers = [str(one["service_request_id"]) for one in _some(endpoint)[:2]]
    found = [str(one.get("service_request_id")) for one in _found(endpoint, service_request_id=",".join(numbers))]
    holds(
        sorted(found) == sorted(numbers), f"{len(numbers)} requests asked for by number, {len(found)} given, or others"
    )


def one_request(format_: str, endpoint: Endpoint) -> None:
    number = str(_some(endpoint)[0]["service_request_id"])
    (found,) = endpoint.get(f"requests/{number}", format_).fine().items("service_requests") or [{}]
    sound(found)
    holds(found["service_request_id"] == number, "another request than the one asked for")


def alike(endpoint: Endpoint) -> None:
    number = str(_some(endpoint)[0]["service_request_id"])
    told = [endpoint.get(f"requests/{number}", format_).fine().items("service_requests") for format_ in FORMATS]
    kept = [[{name: value for name, value in one.items() if value} for one in found] for found in told]
    holds(kept[0] == kept[1], "XML and JSON tell of the same request differently")


def unknown(format_: str, endpoint: Endpoint) -> None:
    endpoint.get("requests/no-such-request", format_).errors(404)


SCENARIOS: Final = (
    *(
        Scenario(
            f"requests.listed.{format_}",
            _LIST,
            f"Requests with number, status, times ({format_})",
            partial(listed, format_),
        )
        for format_ in FORMATS
    ),
    Scenario("requests.status", _LIST, "The filter status", by_status),
    Scenario("requests.service_code", _LIST, "The filter service_code", by_service),
    Scenario("requests.dates", _LIST, "The filters start_date and end_date", by_time),
    Scenario("requests.numbers", _LIST, "Requests by their numbers", by_number),
    *(
        Scenario(
            f"requests.one.{format_}", _ONE, f"One request, in a list of one ({format_})", partial(one_request, format_)
        )
        for format_ in FORMATS
    ),
    Scenario("requests.alike", _ONE, "XML and JSON tell the same", alike),
    *(
        Scenario(
            f"requests.unknown.{format_}",
            "GeoReport v2: Errors",
            f"No such request: 404 ({format_})",
            partial(unknown, format_),
        )
        for format_ in FORMATS
    ),
)
