"""How a command fails: exit codes, and two lines on stderr, one for anybody and one for whoever mends it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final

import typer
from typer.core import TyperGroup

from egov_serang.errors import ConfigError, ConnectionFailed, DeadlineExceeded, EgovError, Invalid, UnsupportedOperation
from egov_serang.types import Language

_NUMBER: Final = re.compile(r"(?<!\d)(\d{4})(?:[ .-]?\d){11,12}(?!\d)")

_SESSION: Final[Mapping[str, Mapping[Language, str]]] = MappingProxyType(
    {
        "not_logged_in": {
            "en": "Nobody is logged in, or the session is over. Log in: egov login",
            "id": "Belum ada yang masuk, atau sesi sudah berakhir. Masuk dengan: egov login",
        },
        "invalid_grant": {
            "en": "The session is over. Log in again: egov login",
            "id": "Sesi sudah berakhir. Masuk lagi dengan: egov login",
        },
        "access_denied": {
            "en": "The login was refused, so nobody is logged in. To begin again: egov login",
            "id": "Login ditolak, jadi belum ada yang masuk. Untuk mulai lagi: egov login",
        },
        "expired_token": {
            "en": "Nobody answered the login in time. Begin again: egov login",
            "id": "Login tidak dijawab tepat waktu. Mulai lagi: egov login",
        },
        "login_expired": {
            "en": "The browser did not come back in time. Begin again: egov login",
            "id": "Peramban tidak kembali tepat waktu. Mulai lagi: egov login",
        },
        "session_file": {
            "en": "The kept session cannot be used. See below; then log in again: egov login",
            "id": "Sesi yang tersimpan tidak dapat dipakai. Lihat di bawah; lalu masuk lagi: egov login",
        },
        "keyring": {
            "en": "The keyring of this machine cannot be used. Where there is none: egov login --token-file",
            "id": "Keyring komputer ini tidak dapat dipakai. Bila memang tidak ada: egov login --token-file",
        },
        "extra_missing": {
            "en": "No keyring is installed. Without one: egov login --token-file",
            "id": "Keyring belum terpasang. Tanpa keyring: egov login --token-file",
        },
        "device_login": {
            "en": "This issuer has no login on another device. Use: egov login --browser",
            "id": "Penerbit ini tidak menyediakan login di perangkat lain. Pakai: egov login --browser",
        },
        "browser_login": {
            "en": "This issuer has no login with a browser here. Use: egov login",
            "id": "Penerbit ini tidak menyediakan login lewat peramban di sini. Pakai: egov login",
        },
        "loopback_port": {
            "en": "The port that the browser comes back to is taken. Without a browser here: egov login",
            "id": "Porta tempat peramban kembali sedang dipakai. Tanpa peramban di sini: egov login",
        },
    }
)
"""What a person can do about a session, by code. Only for errors whose hint says it, too: others share codes."""

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
    typer.echo(_sentence(error, language), err=True)
    typer.echo(f"{type(error).__name__}: {printable(str(error))}", err=True)
    if error.sent == "maybe" and error.idempotency_key is not None:
        typer.echo(f"Repeat without a second effect: --idempotency-key {error.idempotency_key}", err=True)


def _sentence(error: EgovError, language: Language) -> str:
    of_session = _SESSION.get(error.code or "")
    hint = error.hint or ""
    if of_session is None or not ("egov login" in hint or "--token-file" in hint):
        return error.user_message(language)
    return of_session[language]


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
