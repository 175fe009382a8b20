"""Checks of what a complaint is submitted and looked for with. The errors name the argument and the rule, no values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from egov_serang.core.call import invalid
from egov_serang.errors import FieldError, Invalid
from egov_serang.models.complaints import Location, Service, ServiceDefinition

_RULES: Final = {"missing": "required", "too_short": "required", "literal_error": "not_in_list"}
_NAME: Final = re.compile(r"[A-Za-z_]{1,40}")


def code_of(service: Service | str) -> str:
    """The code of a category given either way."""
    return service.service_code if isinstance(service, Service) else service


def attributes(service: Service | str, given: Mapping[str, Any] | BaseModel | None) -> Mapping[str, Any] | None:
    """The further fields as they are sent, checked where the category's definition is at hand.

    Raises:
        Invalid: `attribute_required` or `validation_failed`, with the field and the rule of each; nothing was sent.
    """
    if isinstance(given, BaseModel):
        given = given.model_dump(mode="json", by_alias=True, exclude_none=True)
    if not isinstance(service, ServiceDefinition):
        return given
    try:
        form = service.form().model_validate(dict(given or {}))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
    else:
        return form.model_dump(mode="json", by_alias=True, exclude_none=True) or None
    del given
    rules = {one.code: one.rule for one in service.attributes}
    found: dict[str, FieldError] = {}
    for fault in faults:
        name = str(fault["loc"][0])
        known = name in rules
        code = _RULES.get(fault["type"], "type") if known else "unknown"
        # The key of an unknown field is the caller's own text: it is named only where it looks like a name.
        pointer = f"/attributes/{name}" if known or _NAME.fullmatch(name) else "/attributes"
        detail = f"must be {rules[name]}" if known else f"{service.service_code} asks for no such field"
        found.setdefault(pointer, FieldError(pointer, code, detail))
    required = any(one.code == "required" for one in found.values())
    raise Invalid(
        "the attributes do not fit the category: "
        + "; ".join(f"{one.pointer}: {one.detail}" for one in found.values()),
        code="attribute_required" if required else "validation_failed",
        sent="no",
        errors=tuple(found.values()),
    )


def place(service: Service | str, location: Location | None) -> None:
    """Demand a place where a category at hand does.

    Raises:
        Invalid: `location_required`; nothing was sent.
    """
    if location is None and isinstance(service, Service) and service.location_requirement == "required":
        raise Invalid(
            "this category needs a point, an address or an area",
            code="location_required",
            sent="no",
            errors=(FieldError("/location", "required", "pass location=Location(...)"),),
        )


def box(given: tuple[float, float, float, float] | None) -> tuple[float, float, float, float] | None:
    """A box of the map: least longitude, least latitude, most longitude, most latitude (RFC 7946 section 5)."""
    if given is None:
        return None
    west, south, east, north = given
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004 - degrees of the earth
        raise invalid("bbox", "is (least long, least lat, most long, most lat) in WGS84 degrees", "box")
    return given


def around(near: Location | None, radius: float | None) -> tuple[float, float] | None:
    """The middle of a circle, which needs a point and a radius."""
    if near is None and radius is None:
        return None
    if near is None or near.lat is None or near.long is None:
        raise invalid("near", "needs lat and long", "required")
    if radius is None or not 0 < radius < float("inf"):
        raise invalid("radius", "is needed with near, in metres", "required")
    return near.lat, near.long
