"""From the form of a submission to a complaint."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import Depends, Form, Request
from pydantic import JsonValue, ValidationError

from egov_serang.models.attributes import AttributeDefinition, AttributeType
from egov_serang.models.complaints import ServiceDefinition
from egov_serang.sandbox.complaints.schemas import ComplaintIn
from egov_serang.sandbox.problems import FieldError, Problem

Fields = Mapping[str, Sequence[str]]

_ATTRIBUTE: Final = re.compile(r"attribute\[([^\[\]]{1,100})\](\[\])?")
_NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d{1,12})?")
_ADDRESS: Final = re.compile(r"https?://[^\s<>\"]{1,1000}", re.IGNORECASE)
_PLACE: Final = ("lat", "long", "address_string", "address_id")
_PERSON: Final = ("first_name", "last_name", "email", "phone", "account_id")
_OURS: Final = {"reporter/name": "first_name", "reporter/subject_ref": "account_id", "reporter": "form"}
"""What Open311 calls the fields of ours that may be refused."""


async def _fields(request: Request, service_code: Annotated[str, Form()] = "") -> Fields:
    """The texts of the form, whatever its encoding; files are not taken. The parameter says that it is a form."""
    form = await request.form()
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            found.setdefault(name, []).append(value)
    return found


Submission = Annotated[Fields, Depends(_fields)]
"""The form, in a handler's signature."""


def one(fields: Fields, name: str) -> str | None:
    """A field's text; None where it is not given, or empty, which Open311 says is the same."""
    return next((text.strip() for text in fields.get(name, ()) if text.strip()), None)


def complaint_in(fields: Fields, definition: ServiceDefinition) -> ComplaintIn:
    """The complaint that was submitted.

    Raises:
        Problem: validation_failed, naming the fields at fault as Open311 calls them.
    """
    given: dict[str, Any] = {name: one(fields, name) for name in _PLACE}
    person = {name: one(fields, name) for name in _PERSON}
    name = " ".join(part for part in (person["first_name"], person["last_name"]) if part)
    reporter = {
        "name": name or None,
        "email": person["email"],
        "phone": person["phone"],
        "subject_ref": person["account_id"],
    }
    try:
        return ComplaintIn(
            **{name: value for name, value in given.items() if value is not None},
            service_code=definition.service_code,
            description=one(fields, "description") or definition.service_name,
            attributes=_attributes(fields, definition),
            reporter=reporter if any(reporter.values()) else None,  # type: ignore[arg-type]  # pydantic makes it one
            channel="open311",
        )
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
    places = ["/".join(map(str, item["loc"])) for item in found]
    raise Problem(
        "validation_failed",
        errors=[FieldError("/" + _named(place), "invalid", "cannot be read") for place in dict.fromkeys(places)],
    )


def media_url(fields: Fields) -> str | None:
    """The address of a photo.

    Raises:
        Problem: validation_failed where it is no address of the web.
    """
    address = one(fields, "media_url")
    if address is not None and not _ADDRESS.fullmatch(address):
        raise Problem("validation_failed", errors=[FieldError("/media_url", "invalid", "is no address of the web")])
    return address


def _attributes(fields: Fields, definition: ServiceDefinition) -> dict[str, JsonValue]:
    known = {attribute.code: attribute for attribute in definition.attributes}
    found: dict[str, JsonValue] = {}
    for name, texts in fields.items():
        matched = _ATTRIBUTE.fullmatch(name)
        given = [text for text in texts if text]
        if matched is not None and given:
            found[matched[1]] = _value(known.get(matched[1]), given)
    return found


def _value(attribute: AttributeDefinition | None, texts: list[str]) -> JsonValue:
    if attribute is not None and attribute.datatype == AttributeType.MULTI_VALUE_LIST:
        return [*texts]
    if attribute is not None and attribute.datatype == AttributeType.NUMBER and _NUMBER.fullmatch(texts[0]):
        return float(texts[0]) if "." in texts[0] else int(texts[0])
    return texts[0]


def _named(place: str) -> str:
    return _OURS.get(place, place.removeprefix("reporter/"))
