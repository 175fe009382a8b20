"""Filling a form from its schema alone, as an app does that works in any city."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue

_DAY = "2026-11-20"
_LEAST = 1


def filled(schema: Mapping[str, JsonValue], known: Mapping[str, JsonValue] | None = None) -> dict[str, JsonValue]:
    """Answers to everything a form requires: what is known, else the least its schema allows.

    Args:
        schema: a `form_schema` (JSON Schema 2020-12) of plain fields.
        known: answers by field; those the form does not ask for are left out.
    """
    given = known or {}
    fields = cast("dict[str, dict[str, JsonValue]]", schema["properties"])
    required = cast("list[str]", schema["required"])
    return {name: given.get(name, _least(fields[name])) for name in required}


def _least(field: Mapping[str, JsonValue]) -> JsonValue:
    match field:
        case {"enum": [first, *_]}:
            return first
        case {"type": "integer" | "number"}:
            return field.get("minimum", _LEAST)
        case {"type": "boolean"}:
            return False
        case {"format": "date"}:
            return _DAY
        case _:
            return f"{field.get('title', 'Contoh')}: contoh"
