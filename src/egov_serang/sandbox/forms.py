"""Forms as JSON Schema 2020-12: the words a catalogue writes them with, and what is wrong with a filled one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from pydantic import JsonValue

from egov_serang.sandbox.problems import FieldError


def form(required: Sequence[str], properties: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """A form of these fields and no others."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def text(title: str, longest: int = 200) -> JsonValue:
    """A text of 1 to `longest` characters."""
    return {"type": "string", "minLength": 1, "maxLength": longest, "title": title}


def choice(title: str, *values: str) -> JsonValue:
    """One of these values."""
    return {"type": "string", "enum": list(values), "title": title}


def number(title: str, least: float, most: float) -> JsonValue:
    """A number within bounds."""
    return {"type": "number", "minimum": least, "maximum": most, "title": title}


def count(title: str, least: int, most: int) -> JsonValue:
    """A whole number within bounds."""
    return {"type": "integer", "minimum": least, "maximum": most, "title": title}


def area(city: str | None = None) -> JsonValue:
    """A village by its code: one of a city, by the city's own code, or any."""
    within = re.escape(city) if city else r"\d{2}\.\d{2}"
    return {"type": "string", "pattern": rf"^{within}\.\d{{2}}\.\d{{4}}$", "title": "Kode kelurahan"}


def date(title: str) -> JsonValue:
    """A day."""
    return {"type": "string", "format": "date", "title": title}


def form_errors(schema: Mapping[str, JsonValue], filled: Mapping[str, JsonValue]) -> tuple[FieldError, ...]:
    """One error per pointer, worded from the schema alone: nothing a resident typed is repeated.

    Args:
        schema: the `form_schema` of the permit type or civil service.
        filled: what the applicant filled in.
    """
    found: dict[str, FieldError] = {}
    validator: Any = Draft202012Validator(dict(schema), format_checker=FormatChecker())
    for error in validator.iter_errors(dict(filled)):
        for pointer, code in _places(error):
            found.setdefault(pointer, FieldError(pointer=pointer, code=code, detail=f"breaks the rule {code!r}"))
    return tuple(found[pointer] for pointer in sorted(found))


def _places(error: Any) -> Iterator[tuple[str, str]]:
    keyword = str(error.validator)
    base = "".join("/" + _escaped(str(part)) for part in ("form", *error.absolute_path))
    if keyword == "required":
        # The library reports the place that lacks the field; a form wants the field itself.
        for name in error.validator_value:
            if name not in error.instance:
                yield f"{base}/{_escaped(str(name))}", keyword
    else:
        yield base, keyword


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
