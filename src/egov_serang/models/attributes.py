"""The further fields a complaint category asks for, and the form they make (contract-v1 section 2)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictFloat, StrictInt, create_model

from egov_serang.model import Model
from egov_serang.types import OpenEnum


class AttributeType(OpenEnum):
    """What a further field holds (Open311's words). A `text` may have several lines."""

    STRING = "string"
    NUMBER = "number"
    DATETIME = "datetime"
    TEXT = "text"
    SINGLE_VALUE_LIST = "singlevaluelist"
    MULTI_VALUE_LIST = "multivaluelist"


class AttributeDefinition(Model):
    """A further field of a category."""

    code: str
    datatype: AttributeType
    required: bool = False
    order: int = 1
    values: tuple[str, ...] = ()
    """What a list may hold."""
    datatype_description: str = ""

    @property
    def rule(self) -> str:
        """What a value must be, for people."""
        listed = ", ".join(self.values)
        return {
            AttributeType.NUMBER: "a number",
            AttributeType.DATETIME: "a time with its offset, such as 2026-11-23T08:00:00+07:00",
            AttributeType.SINGLE_VALUE_LIST: f"one of {listed}",
            AttributeType.MULTI_VALUE_LIST: f"a list of some of {listed}",
        }.get(self.datatype, "text")


def _moment(value: object) -> object:
    """Pydantic alone also takes numbers, as seconds since 1970, which no gateway would."""
    if not isinstance(value, str | datetime):
        raise ValueError("not a time")
    return value


def _words(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError("blank")
    return value


_TEXT: Final = Annotated[str, BeforeValidator(_words)]
_KINDS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        AttributeType.STRING: _TEXT,
        AttributeType.TEXT: _TEXT,
        AttributeType.NUMBER: Annotated[StrictInt | StrictFloat, Field(allow_inf_nan=False)],
        AttributeType.DATETIME: Annotated[AwareDatetime, BeforeValidator(_moment)],
    }
)


def _kind(definition: AttributeDefinition) -> Any:
    one: Any = Literal[definition.values] if definition.values else str
    if definition.datatype == AttributeType.SINGLE_VALUE_LIST:
        return one
    if definition.datatype == AttributeType.MULTI_VALUE_LIST:
        many: Any = tuple[one, ...]
        return Annotated[many, Field(min_length=1)] if definition.required else many
    return _KINDS.get(definition.datatype, Any)  # a type this version does not know is the server's to judge


@functools.lru_cache(maxsize=256)
def form_of(name: str, definitions: tuple[AttributeDefinition, ...]) -> type[BaseModel]:
    """A model with one field for each definition, in their order, and no others.

    Args:
        name: of the category.
        definitions: its further fields. A code that is no Python name is written as its alias.
    """
    fields: dict[str, Any] = {}
    for number, definition in enumerate(sorted(definitions, key=lambda one: one.order)):
        code, kind = definition.code, _kind(definition)
        usable = code.isidentifier() and not code.startswith(("_", "model_")) and not hasattr(BaseModel, code)
        described = Field(
            default=... if definition.required else None, alias=code, description=definition.datatype_description
        )
        fields[code if usable else f"field_{number}"] = (kind if definition.required else kind | None, described)
    config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)
    return create_model(name, __config__=config, **fields)
