"""From an answer's bytes to a model. What does not fit is an `UnexpectedReply` that shows nothing of the content."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Decode(Generic[T]):
    """Read a JSON answer as `target`: a model, a list of them, anything pydantic knows.

    Raises (when called):
        UnexpectedReply: not JSON, or of another shape. It names the fields at fault, never their values.
    """

    target: type[T]

    def __call__(self, response: Response) -> T:
        kind = response.headers.get("content-type", "")
        if "json" not in kind.partition(";")[0].lower():
            raise UnexpectedReply(
                f"the answer is {kind.partition(';')[0] or 'without a content type'}, not JSON",
                code="not_json",
                hint="A proxy or a login page may stand between you and the gateway; check its address",
                sent="yes",
            )
        try:
            return cast("T", _adapter(cast("Any", self.target)).validate_json(response.body))
        except ValidationError as wrong:
            faults = wrong.errors(include_url=False, include_input=False, include_context=False)
            named = ", ".join(
                f"{_place(f['loc'], _names(cast('Any', self.target)))}: {f['type']}" for f in faults[:_SHOWN_FAULTS]
            )
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
