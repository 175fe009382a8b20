"""What a complaint category is, how a city's catalogue writes it, and what is wrong with an attribute."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, JsonValue

from egov_serang.models.complaints import Service, Sla


class AttributeDefinition(BaseModel):
    """A further field a category asks for."""

    code: str
    datatype: Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
    required: bool = False
    order: int = 1
    values: tuple[str, ...] = ()
    datatype_description: str = ""


class ServiceDefinition(Service):
    """A category with its attributes."""

    attributes: tuple[AttributeDefinition, ...] = ()


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
) -> ServiceDefinition:
    """A category.

    Args:
        place: its group, the agency that answers for it, and the working days until it is resolved.
        verify: working days until it is verified.
        respond: working days until the agency responds.
    """
    group, agency, resolve = place
    return ServiceDefinition(
        service_code=code,
        service_name=name,
        description=english,
        keywords=keywords,
        group=group,
        metadata=bool(attributes),
        sla=Sla(verify=verify, respond=respond, resolve=resolve),
        agency_responsible=agency,
        location_requirement=location,
        languages={"id": name, "en": english},
        attributes=attributes,
    )


def attribute_error(definition: AttributeDefinition, value: JsonValue) -> str | None:
    """The code of what is wrong with a value, or None."""
    match definition.datatype:
        case "number":
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        case "singlevaluelist":
            return None if value in definition.values else "not_in_list"
        case "multivaluelist":
            return None if isinstance(value, list) and set(map(str, value)) <= {*definition.values} else "not_in_list"
        case _:
            fits = isinstance(value, str)
    return None if fits else "type"
