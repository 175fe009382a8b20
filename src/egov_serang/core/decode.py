"""From an answer's bytes to a model. What does not fit is an `UnexpectedReply` that shows nothing of the content."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Generic, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from egov_serang.core.message import Response
from egov_serang.core.reply import Download
from egov_serang.errors import UnexpectedReply

T = TypeVar("T")

_NO_CONTENT: Final = 304
_PARTIAL: Final = 206
_SHOWN_FAULTS: Final = 3


@cache
def _adapter(target: Any) -> TypeAdapter[Any]:
    return TypeAdapter(target)


@cache
def _names(target: Any) -> frozenset[str]:
    """The field names we declared ourselves, at any depth. A key the service chose may be somebody's name."""
    found: set[str] = set()
    pending: list[Any] = [_adapter(target).json_schema()]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            schema = cast("dict[str, Any]", node)
            found.update(schema.get("properties", ()))
            pending.extend(schema.values())
        elif isinstance(node, list):
            pending.extend(cast("list[Any]", node))
    return frozenset(found)


def _place(path: tuple[int | str, ...], names: frozenset[str]) -> str:
    return "/".join(str(step) if isinstance(step, int) or step in names else "*" for step in path) or "(document)"


def _pairs(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("(document): name_twice")


def _constant(_: str) -> None:
    raise ValueError("(document): not_a_number")


def _oddity(body: bytes) -> str | None:
    """What pydantic lets pass in a document it could read: a name twice, or a number that is none."""
    try:
        json.loads(body, object_pairs_hook=_pairs, parse_constant=_constant)
    except ValueError as odd:
        return str(odd)
    return None


def fitted(target: type[T], value: object, *, what: str) -> T:
    """A document that was read already, as `target`.

    Raises:
        UnexpectedReply: of another shape. It names the fields at fault, never their values.
    """
    try:
        return cast("T", _adapter(cast("Any", target)).validate_python(value))
    except ValidationError as wrong:
        faults = _faults(wrong, cast("Any", target))
    del value  # the frame of this error must not hold it
    raise UnexpectedReply(f"the answer is not {what}: {faults}", code="wrong_shape", sent="yes")


def _faults(wrong: ValidationError, target: Any) -> str:
    found = wrong.errors(include_url=False, include_input=False, include_context=False)
    return ", ".join(f"{_place(one['loc'], _names(target))}: {one['type']}" for one in found[:_SHOWN_FAULTS])


@dataclass(frozen=True, slots=True)
class Decode(Generic[T]):
    """Read a JSON answer as `target`: a model, a list of them, anything pydantic knows.

    Args:
        target: the type.
        unique: refuse a name that comes twice in one object, where readers take the first or the last as they like. It
            costs a second reading, so only answers about people are read so.

    Raises (when called):
        UnexpectedReply: not JSON, or of another shape. It names the fields at fault, never their values.
    """

    target: type[T]
    unique: bool = False

    def __call__(self, response: Response) -> T:
        kind = response.headers.get("content-type", "")
        if "json" not in kind.partition(";")[0].lower():
            raise UnexpectedReply(
                f"the answer is {kind.partition(';')[0] or 'without a content type'}, not JSON",
                code="not_json",
                hint="A proxy or a login page may stand between you and the gateway; check its address",
                sent="yes",
            )
        body = response.body
        # pydantic takes NaN and Infinity, which JSON does not have, where a field may be anything. Text may hold them.
        odd = b"NaN" in body or b"Infinity" in body
        try:
            read = cast("T", _adapter(cast("Any", self.target)).validate_json(body))
            named = _oddity(body) if odd or self.unique else None
            if named is None:
                return read
        except ValidationError as wrong:
            named = _faults(wrong, cast("Any", self.target))
        raise UnexpectedReply(
            f"the answer is not a {getattr(self.target, '__name__', self.target)}: {named}",
            code="wrong_shape",
            sent="yes",
        )


@dataclass(frozen=True, slots=True)
class IfChanged(Generic[T]):
    """Read the answer to a conditional request: None where the service says 304 Not Modified."""

    decode: Callable[[Response], T]

    def __call__(self, response: Response) -> T | None:
        return None if response.status == _NO_CONTENT else self.decode(response)


@dataclass(frozen=True, slots=True)
class Streamed:
    """Hand the answer out as a `Download`.

    Raises (when called):
        UnexpectedReply: the answer brings a part of what was asked for whole, and would be taken for all of it.
    """

    def __call__(self, response: Response) -> Download:
        if response.status == _PARTIAL:
            response.condemn()
            raise UnexpectedReply("the service gives a part of the file, unasked", code="wrong_range", sent="yes")
        return Download(response)
