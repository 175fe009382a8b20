"""What is wrong with a form, by the JSON Schema 2020-12 of its permit type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from pydantic import JsonValue

from egov_serang.sandbox.problems import FieldError


def form_errors(schema: Mapping[str, JsonValue], form: Mapping[str, JsonValue]) -> tuple[FieldError, ...]:
    """One error per pointer, worded from the schema alone: nothing a resident typed is repeated.

    Args:
        schema: the `form_schema` of the permit type.
        form: what the applicant filled in.
    """
    found: dict[str, FieldError] = {}
    validator: Any = Draft202012Validator(dict(schema), format_checker=FormatChecker())
    for error in validator.iter_errors(dict(form)):
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
