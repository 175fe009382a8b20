"""The arguments of a call as JSON, and back: numbers of persons, times, models and files have a tag."""

from __future__ import annotations

import base64
import importlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Final, NamedTuple, cast

from pydantic import BaseModel

from egov_serang.core.call import invalid
from egov_serang.core.file import File
from egov_serang.model import Model
from egov_serang.types import Json, Nib, Nik, NoKk, Npwp, Phone

_TAG: Final = "$"
_HOME: Final = "egov_serang.model"
"""Models are found again by their names: only ours, for somebody else's may be gone by then."""
_FILE: Final = "File"
_DICT: Final = "dict"


class _Kind(NamedTuple):
    """A type that JSON does not have: how it is written, and read again."""

    of: type[Any]
    write: Callable[[Any], str]
    read: Callable[[str], Any]


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


_KINDS: Final[Mapping[str, _Kind]] = {
    "Nik": _Kind(Nik, Nik.reveal, Nik),
    "NoKk": _Kind(NoKk, NoKk.reveal, NoKk),
    "Npwp": _Kind(Npwp, Npwp.reveal, Npwp),
    "Nib": _Kind(Nib, str, Nib),
    "Phone": _Kind(Phone, str, Phone),
    "datetime": _Kind(datetime, datetime.isoformat, datetime.fromisoformat),
    "date": _Kind(date, date.isoformat, date.fromisoformat),  # after datetime, which is a date as well
    "Decimal": _Kind(Decimal, str, Decimal),
    "bytes": _Kind(bytes, _base64, base64.b64decode),
}
_MASKED: Final = frozenset({"Nik", "NoKk", "Npwp"})

Put = Callable[[File], int]
"""Keeps a file and gives its number."""
Take = Callable[[int, str, str], Any]
"""Gives a file back: by its number, with its name and media type."""


def pack(value: Any, put: Put, name: str) -> Json:
    """A value as JSON.

    Args:
        value: an argument, or something in it.
        put: keeps the files in it.
        name: of the argument, for the error.

    Raises:
        Invalid: there is something in it that cannot be kept.
    """
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        return cast("Json", value)
    kind = next((name for name, kind in _KINDS.items() if isinstance(value, kind.of)), None)
    if kind is not None:
        return _tagged(kind, _KINDS[kind].write(value))
    if isinstance(value, str):
        return str(value)  # an enumeration is its text
    if isinstance(value, File):
        return _tagged(_FILE, [put(value), value.filename, value.media_type])
    found = _inside(value, put, name)
    if found is None:
        word = type(value).__name__
        del value
        raise invalid(name, f"holds a {word}, which cannot be kept to be sent later", "type")
    return found


def _inside(value: Any, put: Put, name: str) -> Json:
    """What holds other things; None where it is nothing of that kind."""
    if isinstance(value, Model) and type(value).__module__.startswith(_HOME):
        fields = {field: pack(getattr(value, field), put, name) for field in sorted(value.model_fields_set)}
        return _tagged(f"{type(value).__module__}:{type(value).__qualname__}", fields)
    if isinstance(value, BaseModel):  # a form of the caller's own, sent as what it says
        value = value.model_dump(by_alias=True, exclude_none=True)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[Any, Any]", value)
        if not all(isinstance(key, str) for key in pairs):
            return None
        inside: dict[str, Json] = {key: pack(one, put, name) for key, one in pairs.items()}
        return _tagged(_DICT, inside) if _TAG in inside else inside
    if isinstance(value, Sequence):
        return [pack(one, put, name) for one in cast("Sequence[Any]", value)]
    return None


def unpack(packed: Json, take: Take) -> Any:
    """The value again: models, numbers and times as what they were; what was a tuple is a list."""
    if isinstance(packed, list):
        return [unpack(one, take) for one in packed]
    if not isinstance(packed, dict):
        return packed
    kind = packed.get(_TAG)
    if not isinstance(kind, str):
        return {name: unpack(one, take) for name, one in packed.items()}
    inside: Any = packed["v"]
    if kind == _FILE:
        return take(*inside)
    if kind in _KINDS:
        return _KINDS[kind].read(inside)
    fields = {name: unpack(one, take) for name, one in inside.items()}
    return fields if kind == _DICT else _model(kind).model_validate(fields)


def shown(packed: Json) -> Json:
    """The value for a person to look at: numbers of persons masked, files by their names."""
    if isinstance(packed, list):
        return [shown(one) for one in packed]
    if not isinstance(packed, dict):
        return packed
    kind = packed.get(_TAG)
    if not isinstance(kind, str):
        return {name: shown(one) for name, one in packed.items()}
    inside: Any = packed["v"]
    if kind == _FILE:
        return cast("str", inside[1])
    if kind in _MASKED:
        return str(_KINDS[kind].read(inside))
    return cast("Json", inside) if kind in _KINDS else {name: shown(one) for name, one in inside.items()}


def _tagged(kind: str, value: Json) -> Json:
    return {_TAG: kind, "v": value}


def _model(name: str) -> type[Model]:
    module, _, qualified = name.partition(":")
    found: Any = None
    if module.startswith(_HOME) and qualified.isidentifier():
        found = getattr(importlib.import_module(module), qualified, None)
    if not (isinstance(found, type) and issubclass(found, Model)):
        raise invalid("arguments", "hold a model which this version of egov-serang does not have", "model")
    return found
