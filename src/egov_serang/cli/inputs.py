"""What a command reads: files, `-` for standard input, a question at the terminal. No personal data as argument."""

from __future__ import annotations

import getpass
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import typer
from pydantic import ValidationError

from egov_serang import Model

M = TypeVar("M", bound=Model)

STDIN = "-"

_NUMBER: Final = re.compile(r"(?<!\d)\d{4}(?:[ .-]?\d){12}(?!\d)")
# NIK and KK: region, day (of women plus 40), month, year, serial. Ids of services can have 16 digits too; few look so.
_OF_PERSON: Final = re.compile(r"\d{6}(?:0[1-9]|[12]\d|3[01]|4[1-9]|[56]\d|7[01])(?:0[1-9]|1[0-2])\d{6}")


def no_numbers(given: Mapping[str, object]) -> None:
    """Refuse what looks like the number of a person: every user of the machine can read arguments.

    Args:
        given: the arguments by name, those that are texts or lists of texts.
    """
    for name, value in given.items():
        for said in cast("list[object]", value) if isinstance(value, list) else [value]:
            numbers = _NUMBER.findall(said) if isinstance(said, str) else []
            if any(_OF_PERSON.fullmatch(re.sub(r"\D", "", number)) for number in numbers):
                hint = name.upper().replace("_", "-")
                raise typer.BadParameter("holds a person's number, which is never an argument", param_hint=hint)


def once(*sources: str | None) -> None:
    """Standard input can be read for one thing only."""
    if sum(source == STDIN for source in sources) > 1:
        raise typer.BadParameter("standard input (-) can be given only once")


def text(source: str, name: str) -> str:
    """The text of a file or of standard input.

    Args:
        source: a path, or `-`.
        name: the option, for the message.
    """
    try:
        return content(source, name).decode("utf-8-sig")
    except UnicodeDecodeError:
        pass  # raised below instead, for this error holds the bytes
    raise typer.BadParameter("is not UTF-8 text", param_hint=name)


def content(source: str, name: str) -> bytes:
    """The bytes of a file or of standard input."""
    if source == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(source).expanduser().read_bytes()
    except OSError as error:
        reason = error.strerror
    raise typer.BadParameter(f"{source} cannot be read: {reason}", param_hint=name)


def document(source: str | None, name: str) -> dict[str, Any] | None:
    """A JSON object from a file or standard input; None where no source is given."""
    if source is None:
        return None
    try:
        found: object = json.loads(text(source, name))
    except ValueError as error:
        line = getattr(error, "lineno", None)
        found = None
        reason = f"is not JSON (line {line})" if line else "is not JSON"
    else:
        reason = "must be a JSON object"
    if isinstance(found, dict):
        return cast("dict[str, Any]", found)
    raise typer.BadParameter(reason, param_hint=name)


def model(kind: type[M], source: str | None, name: str) -> M | None:
    """A model from a JSON object; the message names the fields at fault, never what they hold."""
    given = document(source, name)
    if given is None:
        return None
    unknown = sorted(set(given) - set(kind.model_fields))
    if unknown:
        known = ", ".join(kind.model_fields)
        raise typer.BadParameter(f"{len(unknown)} field(s) are not known; known are {known}", param_hint=name)
    return build(kind, given, name)


def build(kind: type[M], given: dict[str, Any], name: str) -> M:
    """A model from values."""
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        # A field's own name only: a key inside it may be anything.
        fields = sorted({str(fault["loc"][0]) for fault in error.errors(include_input=False) if fault["loc"]})
    raise typer.BadParameter(f"cannot be used: {', '.join(fields) or 'a field'}", param_hint=name)


def pairs(given: list[str] | None, name: str) -> dict[str, str]:
    """`name=value` arguments."""
    found: dict[str, str] = {}
    for item in given or []:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise typer.BadParameter("must look like name=value", param_hint=name)
        found[key] = value
    return found


def secret_line(source: str | None, question: str, name: str) -> str:
    """A line that must not be seen: typed at the terminal without echo, or from a file or standard input."""
    if source is not None:
        return text(source, name).strip()
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask at: give a file, or -", param_hint=name)
    try:
        return getpass.getpass(question).strip()
    except EOFError:
        pass
    raise typer.BadParameter("nothing was typed", param_hint=name)
