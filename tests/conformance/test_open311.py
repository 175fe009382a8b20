"""The Open311 scenarios find what is wrong with an endpoint, and nothing where nothing is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from pydantic import JsonValue
from starlette.responses import Response

from egov_serang import Client, Config
from egov_serang.conformance.open311 import SCENARIOS
from egov_serang.conformance.open311.documents import Document
from egov_serang.conformance.open311.endpoint import Endpoint, reach
from egov_serang.conformance.scenario import Failed, chosen, run
from egov_serang.core.message import Headers
from egov_serang.models.complaints import Location
from egov_serang.sandbox.open311 import route, routes, views
from egov_serang.sandbox.open311.routes import EXAMPLE_KEY
from egov_serang.sandbox.server import Sandbox

Plant = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def endpoint(sandbox: Sandbox, client: Client, city: Config) -> Iterator[Endpoint]:
    """The facade of a city with a few reports of both states."""
    for action in ("verify", "reject", "verify"):
        case = client.complaints.submit("sampah", "Sampah", location=Location(lat=-6.11, long=106.15))
        client.complaints.transition(case, action)
        sandbox.advance(60)
    settings = city.with_(complaints_wire="open311", open311_jurisdiction="36.73")
    with reach(settings, EXAMPLE_KEY) as found:
        yield found


def _without(module: Any, name: str, *fields: str, **instead: JsonValue) -> Plant:
    """Leave fields out of what a view shows, or put others in their place."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        real = getattr(module, name)

        def shown(*given: Any) -> dict[str, JsonValue]:
            return {key: value for key, value in real(*given).items() if key not in fields} | instead

        patch.setattr(module, name, shown)

    return plant


def any_key(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(routes.hmac, "compare_digest", lambda *given: True)


def errors_are_pages(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(route, "refusal", lambda path, problem: Response("<html>", 404, media_type="text/html"))


def errors_are_fine(patch: pytest.MonkeyPatch) -> None:
    real = route.document
    patch.setattr(route, "document", lambda format_, root, content, status=200: real(format_, root, content, 200))


def xml_is_json(patch: pytest.MonkeyPatch) -> None:
    real = routes.document
    patch.setattr(routes, "document", lambda format_, *given: real("json", *given))


def another_root(patch: pytest.MonkeyPatch) -> None:
    real = routes.document
    patch.setattr(routes, "document", lambda format_, root, *given: real(format_, f"open311_{root}", *given))


def any_status(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(routes, "_in_state", lambda wanted, states: wanted)


def any_time(patch: pytest.MonkeyPatch) -> None:
    real = routes._period
    patch.setattr(routes, "_period", lambda now, since, until: real(now, None, None))


def any_place(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("egov_serang.sandbox.complaints.intake.check_placed", lambda *given: None)


def fields_unread(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("egov_serang.sandbox.complaints.intake.check_attributes", lambda *given: None)


FAULTS: Final[dict[str, tuple[Plant, tuple[str, ...]]]] = {
    "states_of_its_own": (_without(views, "request", status="in_progress"), ("requests.listed", "requests.one")),
    "no_time_zone": (_without(views, "request", requested_datetime="2026-11-24T08:00:00"), ("requests.listed.xml",)),
    "no_number": (_without(views, "receipt", "service_request_id"), ("submit.answer", "submit.read_back")),
    "no_metadata": (_without(views, "service", "metadata"), ("services.listed",)),
    "no_order": (_without(views, "_attribute", "order"), ("services.defined",)),
    "lists_without_values": (_without(views, "_attribute", values=[]), ("services.defined.json",)),
    "any_key": (any_key, ("submit.no_key", "submit.wrong_key")),
    "errors_are_pages": (errors_are_pages, ("services.unknown", "requests.unknown")),
    "errors_are_fine": (errors_are_fine, ("services.unknown.json", "submit.no_category", "tokens.unknown")),
    "xml_is_json": (xml_is_json, ("services.listed.xml", "requests.one.xml")),
    "another_root": (another_root, ("discovery.xml", "requests.listed.xml")),
    "any_status": (any_status, ("requests.status",)),
    "any_time": (any_time, ("requests.dates",)),
    "any_place": (any_place, ("submit.no_place",)),
    "fields_unread": (fields_unread, ("submit.attribute_missing",)),
}
"""Each fault, and the scenarios that must find it."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, scenarios = FAULTS[name]
    wanted = chosen(SCENARIOS, scenarios)
    plant(monkeypatch)
    results = list(run(wanted, endpoint))
    assert [(one.scenario.name, one.outcome) for one in results] == [(one.name, "failed") for one in wanted]
    assert [one.detail for one in results if "did not come through" in one.detail] == []


def test_nothing_is_found_where_nothing_is(endpoint: Endpoint) -> None:
    assert endpoint.is_test()
    results = list(run(SCENARIOS, endpoint))
    assert [(one.scenario.name, one.detail) for one in results if one.outcome != "passed"] == []
    assert len(endpoint.filed) == sum(one.files for one in SCENARIOS)


def test_without_a_key_nothing_is_submitted(endpoint: Endpoint) -> None:
    endpoint.key = None
    results = list(run(chosen(SCENARIOS, ["submit", "tokens"]), endpoint))
    skipped = {one.scenario.name for one in results if one.outcome == "skipped"}
    assert skipped == {one.scenario.name for one in results} - {"submit.no_key", "submit.wrong_key", "tokens.unknown"}
    assert endpoint.filed == []


@pytest.mark.parametrize(
    ("format_", "body", "found"),
    [
        ("json", b"<services/>", "no JSON"),
        ("json", b"\xff", "not UTF-8"),
        ("xml", b"<services>", "not well-formed"),
        ("xml", b"<!DOCTYPE x [<!ENTITY e 'x'>]><services/>", "document type"),
        ("xml", b"<requests/>", "root is requests"),
        ("xml", b"<services><category/></services>", "category where it should hold service"),
        ("json", b'{"services": []}', "no list of objects"),
    ],
)
def test_what_is_no_document_is_told(format_: str, body: bytes, found: str) -> None:
    media_type = "application/json" if format_ == "json" else "text/xml; charset=utf-8"
    with pytest.raises(Failed, match=found):
        Document(200, Headers([("content-type", media_type)]), body, format_).items("services")
    with pytest.raises(Failed, match="Content-Type text/html"):
        Document(200, Headers([("content-type", "text/html")]), body, format_).items("services")


def test_both_formats_give_the_same() -> None:
    for format_, body in (
        ("json", b'[{"service_code": 1, "metadata": false, "group": null}]'),
        (
            "xml",
            b'<services xmlns="urn:x"><service><service_code>1</service_code><metadata>false</metadata><group/>'
            b"</service></services>",
        ),
    ):
        media_type = "application/json" if format_ == "json" else "text/xml"
        document = Document(200, Headers([("content-type", media_type)]), body, format_)
        assert document.items("services") == [{"service_code": "1", "metadata": "false", "group": None}]
