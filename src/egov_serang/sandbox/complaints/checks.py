"""What is wrong with a complaint, by the catalogue and the map of its city."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from egov_serang.models.complaints import ServiceDefinition
from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.complaints.catalogue import attribute_error
from egov_serang.sandbox.problems import FieldError, Problem


def category(city: Municipality, code: str) -> ServiceDefinition:
    """A category of the city.

    Raises:
        Problem: service_not_found.
    """
    if code not in city.complaint_services:
        raise Problem(
            "service_not_found", "There is no such category.", errors=[FieldError("/service_code", "unknown")]
        )
    return city.complaint_services[code]


def check_place(city: Municipality, lat: float | None, long: float | None, area_code: str | None) -> None:
    """Refuse half a point, and what lies elsewhere.

    Raises:
        Problem: validation_failed or outside_jurisdiction.
    """
    if (lat is None) != (long is None):
        raise Problem("validation_failed", errors=[FieldError("/lat", "pair", "lat and long go together")])
    if lat is not None and long is not None and not city.box.holds(lat, long):
        raise Problem("outside_jurisdiction", f"The point is not in {city.name}.", errors=[FieldError("/lat", "area")])
    if area_code is not None and area_code not in city.region:
        raise Problem("outside_jurisdiction", "Not an area of the city.", errors=[FieldError("/area_code", "area")])


def check_placed(definition: ServiceDefinition, *parts: float | str | None) -> None:
    """Demand a place where the category does.

    Raises:
        Problem: location_required.
    """
    if definition.location_requirement == "required" and not any(part is not None for part in parts):
        raise Problem("location_required", "This category needs a point, an address or an area.")


def check_attributes(definition: ServiceDefinition, attributes: Mapping[str, JsonValue]) -> None:
    """Refuse attributes that are missing, unknown or of another kind.

    Raises:
        Problem: attribute_required or validation_failed, with one error for each.
    """
    definitions = {one.code: one for one in definition.attributes}
    missing = [code for code, one in definitions.items() if one.required and attributes.get(code) is None]
    if missing:
        absent = [FieldError(f"/attributes/{code}", "required") for code in missing]
        raise Problem("attribute_required", "This category asks for more.", errors=absent)
    errors: list[FieldError] = []
    for code, value in attributes.items():
        wrong = attribute_error(definitions[code], value) if code in definitions else "unknown"
        if wrong is not None:
            # The key of an unknown one is the caller's own text, so it is not repeated.
            errors.append(FieldError(f"/attributes/{code}" if code in definitions else "/attributes", wrong))
    if errors:
        raise Problem("validation_failed", errors=errors)
