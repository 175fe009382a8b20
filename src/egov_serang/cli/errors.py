"""How a command fails: exit codes, and two lines on stderr, one for anybody and one for whoever mends it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final

import typer
from typer.core import TyperGroup

from egov_serang.errors import ConfigError, ConnectionFailed, DeadlineExceeded, EgovError, Invalid, UnsupportedOperation
from egov_serang.types import Language

_NUMBER: Final = re.compile(r"(?<!\d)(\d{4})(?:[ .-]?\d){11,12}(?!\d)")

# Click's class in older versions of Typer, Typer's own in newer ones.
_UsageError: Final[type[Exception]] = typer.BadParameter.__mro__[1]


class ExitCode(IntEnum):
    """What the shell sees. Documented in docs/cli.md."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    CONFIGURATION = 3
    UNREACHED = 4
    INTERRUPTED = 130


def exit_code(error: EgovError) -> ExitCode:
    """The exit code an error stands for."""
    if isinstance(error, ConfigError):
        return ExitCode.CONFIGURATION
    if isinstance(error, ConnectionFailed | DeadlineExceeded):
        return ExitCode.UNREACHED
    wrong_here = isinstance(error, UnsupportedOperation) or (isinstance(error, Invalid) and error.sent == "no")
    return ExitCode.USAGE if wrong_here else ExitCode.REFUSED


def printable(text: str) -> str:
    """The text without control characters: a terminal obeys them, so text of others must not bring any."""
    return "".join(mark if mark.isprintable() or mark == "\n" else "\ufffd" for mark in text)


def masked(text: str) -> str:
    """The text with what may be a person's number masked, also one written in groups."""
    return _NUMBER.sub(lambda found: found[1] + "•" * 12, text)


def report(error: EgovError, language: Language) -> None:
    """Print what happened: a sentence for anybody, then the technical line."""
    typer.echo(error.user_message(language), err=True)
    typer.echo(f"{type(error).__name__}: {printable(str(error))}", err=True)
    if error.sent == "maybe" and error.idempotency_key is not None:
        typer.echo(f"Repeat without a second effect: --idempotency-key {error.idempotency_key}", err=True)


def spoken(wanted: Language | None, environment: Mapping[str, str] = os.environ) -> Language:
    """The language of messages: as asked for, else by LC_ALL, LC_MESSAGES or LANG, else English."""
    if wanted is not None:
        return wanted
    said = next((said for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (said := environment.get(name))), "")
    return "id" if said.partition("_")[0].partition(".")[0].lower() in {"id", "in"} else "en"


def close_output() -> None:
    """After the reader went away: let what is still buffered vanish instead of failing once more at exit."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


class Group(TyperGroup):
    """The root command. A number somebody put among the arguments by mistake is not repeated by the usage error."""

    def invoke(self, ctx: Any) -> Any:
        """Run, and mask what a usage error says."""
        try:
            return super().invoke(ctx)
        except _UsageError as error:
            vars(error)["message"] = masked(str(vars(error).get("message", "")))
            raise
