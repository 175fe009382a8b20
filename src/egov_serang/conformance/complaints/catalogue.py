"""The catalogue of categories."""

from __future__ import annotations

from typing import Final

from egov_serang.conformance.scenario import Scenario, Skipped, holds, same
from egov_serang.conformance.server import Server, refused
from egov_serang.models.attributes import AttributeType
from egov_serang.models.complaints import ServiceType

_LOCATIONS: Final = {"required", "optional", "none"}
_LISTS: Final = {AttributeType.SINGLE_VALUE_LIST, AttributeType.MULTI_VALUE_LIST}


def listed(server: Server) -> None:
    services = server.services
    holds(bool(services), "the catalogue is empty")
    codes = [one.service_code for one in services]
    same("how many codes are listed twice", len(codes) - len(set(codes)), 0)
    for one in services:
        holds(one.type in set(ServiceType), f"{one.service_code} has the type {one.type}")
        holds(
            one.location_requirement in _LOCATIONS,
            f"{one.service_code} has location_requirement {one.location_requirement}",
        )
        holds(bool(one.service_name), f"{one.service_code} has no name")


def defined(server: Server) -> None:
    for listed in server.services:
        definition = server.client.complaints.service(listed.service_code)
        for name in ("type", "metadata", "location_requirement", "agency_responsible", "sla"):
            same(f"{name} of {listed.service_code}", getattr(definition, name), getattr(listed, name))
        same(f"metadata of {listed.service_code}", listed.metadata, bool(definition.attributes))
        for attribute in definition.attributes:
            if attribute.datatype in _LISTS:
                holds(bool(attribute.values), f"{listed.service_code}: {attribute.code} is a list without values")


def unknown(server: Server) -> None:
    refused(
        server.send("GET", "/v1/complaints/services/no_such_category_at_all"), 404, "service_not_found", "not_found"
    )


def languages(server: Server) -> None:
    spoken = [one for one in server.services if {"id", "en"} <= one.languages.keys()]
    if not spoken:
        raise Skipped("no category has both names in `languages`")
    one = spoken[0]
    for language in ("id", "en"):
        found = server.client.with_options(language=language).complaints.service(one.service_code)
        same(f"service_name of {one.service_code} in {language}", found.service_name, one.languages[language])


def paged(server: Server) -> None:
    expected = [one.service_code for one in server.services]
    found = [one.service_code for one in server.client.complaints.services(limit=1)]
    holds(
        found == expected, f"{len(expected)} categories in one page, {len(found)} in pages of one, or in another order"
    )


SCENARIOS: Final = (
    Scenario("catalogue.listed", "contract-v1 2", "Every category has a code of its own, a name, a known type", listed),
    Scenario(
        "catalogue.defined", "contract-v1 2", "A definition says what the list says, and the further fields", defined
    ),
    Scenario("catalogue.unknown", "contract-v1 2", "An unknown category is not found", unknown),
    Scenario("catalogue.languages", "contract-v1 1, 2", "Names come in the language asked for", languages),
    Scenario("catalogue.paged", "contract-v1 1", "Pages of one give each category once, in the same order", paged),
)
