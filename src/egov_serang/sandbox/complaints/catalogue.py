"""How a city's catalogue writes a complaint category, and what is wrong with an attribute."""

from __future__ import annotations

import math
from datetime import datetime

from pydantic import JsonValue

from egov_serang.models.attributes import AttributeDefinition, AttributeType
from egov_serang.models.complaints import Service, ServiceDefinition, ServiceType, Sla
from egov_serang.sandbox.language import Word


def service(
    code: str,
    name: str,
    english: str,
    place: tuple[str, str, int],
    *attributes: AttributeDefinition,
    location: str = "required",
    keywords: tuple[str, ...] = (),
    verify: int = 3,
    respond: int = 5,
    kind: ServiceType = ServiceType.REALTIME,
) -> ServiceDefinition:
    """A category.

    Args:
        place: its group, the agency that answers for it, and the working days until it is resolved.
        verify: working days until it is verified.
        respond: working days until the agency responds.
        kind: whether it answers with the complaint, with a token, or with nothing.
    """
    group, agency, resolve = place
    return ServiceDefinition(
        service_code=code,
        service_name=name,
        description=name,
        keywords=keywords,
        group=group,
        type=kind,
        metadata=bool(attributes),
        sla=None if kind is ServiceType.BLACKBOX else Sla(verify=verify, respond=respond, resolve=resolve),
        agency_responsible=agency,
        location_requirement=location,
        languages={"id": name, "en": english},
        attributes=attributes,
    )


def spoken(definition: ServiceDefinition, language: Word) -> ServiceDefinition:
    """The category in a caller's language."""
    name = definition.languages.get(language, definition.service_name)
    handled = "Handled by" if language == "en" else "Ditangani"
    return definition.model_copy(
        update={"service_name": name, "description": f"{name}. {handled} {definition.agency_responsible}."}
    )


def plain(definition: ServiceDefinition) -> Service:
    """The category as lists show it."""
    return Service.model_validate(definition.model_dump(exclude={"attributes"}))


def attribute_error(definition: AttributeDefinition, value: JsonValue) -> str | None:
    """The code of what is wrong with a value, or None."""
    match definition.datatype:
        case AttributeType.NUMBER:
            fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case AttributeType.SINGLE_VALUE_LIST:
            return None if value in definition.values else "not_in_list"
        case AttributeType.MULTI_VALUE_LIST:
            if not isinstance(value, list) or not {*map(str, value)} <= {*definition.values}:
                return "not_in_list"
            return "required" if definition.required and not value else None
        case AttributeType.DATETIME:
            fits = isinstance(value, str) and _is_moment(value)
        case _:
            fits = isinstance(value, str)
            if isinstance(value, str) and not value.strip():
                return "required"
    return None if fits else "type"


def _is_moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
