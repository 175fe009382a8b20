"""Discovery, the catalogue, the further fields of a category."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from egov_serang.conformance.open311.documents import FORMATS
from egov_serang.conformance.open311.endpoint import Endpoint
from egov_serang.conformance.scenario import Scenario, Skipped, holds

_TYPES: Final = {"realtime", "batch", "blackbox"}
_DATATYPES: Final = {"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"}
_LISTS: Final = {"singlevaluelist", "multivaluelist"}
_ATTRIBUTE: Final = ("variable", "code", "datatype", "required", "order", "description")


def discovery(format_: str, endpoint: Endpoint) -> None:
    answer = endpoint.get("discovery", format_)
    if answer.status == 404:  # noqa: PLR2004
        raise Skipped("no discovery document")
    found = answer.fine().of("discovery")
    for name in ("changeset", "contact", "key_service", "endpoints"):
        holds(bool(found.get(name)), f"discovery in {format_} has no {name}")
    for one in found["endpoints"]:
        for name in ("specification", "url", "changeset", "type", "formats"):
            holds(bool(one.get(name)), f"an endpoint of discovery in {format_} has no {name}")


def listed(format_: str, endpoint: Endpoint) -> None:
    found = endpoint.get("services", format_).fine().items("services")
    holds(bool(found), "the catalogue is empty")
    codes = [one.get("service_code") for one in found]
    holds(all(codes) and len(set(codes)) == len(codes), "a service_code is missing or stands twice")
    for one in found:
        code = one["service_code"]
        holds(one.get("type") in _TYPES, f"{code} has the type {one.get('type')}")
        holds(one.get("metadata") in {"true", "false"}, f"{code} has the metadata {one.get('metadata')}")
        holds(bool(one.get("service_name")), f"{code} has no service_name")


def alike(endpoint: Endpoint) -> None:
    names = ("service_code", "service_name", "type", "metadata")
    told = [
        [[one.get(name) for name in names] for one in endpoint.get("services", format_).fine().items("services")]
        for format_ in FORMATS
    ]
    holds(told[0] == told[1], "XML and JSON tell of different categories")


def defined(format_: str, endpoint: Endpoint) -> None:
    some = [str(one["service_code"]) for one in endpoint.services if one.get("metadata") == "true"]
    if not some:
        raise Skipped("no category has further fields")
    for code in some:
        attributes = endpoint.attributes(code, format_)
        holds(bool(attributes), f"{code} says metadata, and its definition has no attributes")
        for one in attributes:
            missing = [name for name in _ATTRIBUTE if name not in one]
            holds(not missing, f"an attribute of {code} has no {', '.join(missing)}")
            holds(one["datatype"] in _DATATYPES, f"{code}: {one['code']} has the datatype {one['datatype']}")
            holds(one["required"] in {"true", "false"}, f"{code}: {one['code']} is required={one['required']}")
            if one["datatype"] in _LISTS:
                values: list[dict[str, Any]] = one.get("values") or []
                holds(bool(values), f"{code}: {one['code']} is a list without values")
                holds(
                    all(value.get("key") and value.get("name") for value in values),
                    f"{code}: a value lacks key or name",
                )


def unknown(format_: str, endpoint: Endpoint) -> None:
    endpoint.get("services/no_such_category_at_all", format_).errors(404)


def jurisdiction(endpoint: Endpoint) -> None:
    endpoint.get("services", jurisdiction_id="no.such.city").errors(404, 400)


def _each(name: str, section: str, title: str, check: Callable[[str, Endpoint], None]) -> list[Scenario[Endpoint]]:
    return [
        Scenario(f"{name}.{format_}", section, f"{title} ({format_})", partial(check, format_)) for format_ in FORMATS
    ]


SCENARIOS: Final = (
    *_each(
        "discovery", "GeoReport v2: Discovery", "Discovery says where, in which formats, how to get a key", discovery
    ),
    *_each("services.listed", "GeoReport v2: Service List", "Categories with code, name, type, metadata", listed),
    Scenario("services.alike", "GeoReport v2: Service List", "XML and JSON tell the same", alike),
    *_each("services.defined", "GeoReport v2: Definition", "Further fields with all that a form needs", defined),
    *_each("services.unknown", "GeoReport v2: Errors", "An unknown category: 404, a list of errors", unknown),
    Scenario("services.jurisdiction", "GeoReport v2: Errors", "An unknown jurisdiction is refused", jurisdiction),
)
