"""Kinds of fields in what callers send: bounded texts, times, and forms that are plain JSON."""

from __future__ import annotations

import json
import re
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
)

CLOSED: Final = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
"""The configuration of a request body: unknown fields are refused, unlike in answers."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]

_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


def _rfc3339(value: object) -> object:
    """Pydantic alone also takes numbers, as seconds since 1970: what sends them would work here and nowhere else."""
    if not (isinstance(value, str) and _RFC3339.fullmatch(value)):
        raise ValueError("not a time of RFC 3339 with an offset")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_rfc3339)]


def _storable(form: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Python reads more than JSON is: NaN, lone surrogates and nesting without end could not be given back."""
    try:
        json.dumps(form, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ValueError("not plain JSON") from None
    return form


Form = Annotated[dict[str, JsonValue], Field(max_length=200), AfterValidator(_storable)]


class Empty(BaseModel):
    """Nothing."""

    model_config = CLOSED
