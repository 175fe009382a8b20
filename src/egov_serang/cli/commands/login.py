"""`egov login`, `logout`, `whoami`, `token`: a person's session."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated, Final, Literal

import typer

from egov_serang import Config
from egov_serang.auth.device import Prompt
from egov_serang.cli.errors import ExitCode, printable, report, spoken
from egov_serang.cli.person import Person, Status
from egov_serang.cli.session import Session, command
from egov_serang.config import profile_place
from egov_serang.types import Language

_OPEN: Final = {
    "en": "Open {address} on any device and type the code {code} (valid for {minutes} min). Ctrl-C gives up.",
    "id": "Buka {address} di perangkat mana pun dan ketik kode {code} (berlaku {minutes} menit). Ctrl-C membatalkan.",
}
_HERE: Final = {
    "en": "A browser opens. Where it does not, open this address on this machine (Ctrl-C gives up):\n{address}",
    "id": "Peramban akan terbuka. Bila tidak, buka alamat ini di komputer ini (Ctrl-C membatalkan):\n{address}",
}
_IN: Final = {"en": "Logged in.", "id": "Sudah masuk."}
_OUT: Final = {"en": "Logged out.", "id": "Sudah keluar."}
_LOCAL: Final = {
    "en": "Deleted here, but the issuer could not be told: the session there ends by itself.",
    "id": "Dihapus di sini, tetapi penerbit tidak dapat diberi tahu: sesi di sana berakhir sendiri.",
}
_NOBODY: Final = {"en": "Nobody is logged in: egov login", "id": "Belum ada yang masuk: egov login"}


def add(app: typer.Typer) -> None:
    """Put the commands on an app."""

    @command(app)
    def login(
        session: Session,
        token_file: Annotated[
            bool, typer.Option("--token-file", help="Keep tokens in a file (0600), not in the keyring.")
        ] = False,
        browser: Annotated[
            bool, typer.Option("--browser", help="Open a browser on this machine; no code to type.")
        ] = False,
    ) -> None:
        """Log in as a person: shows a code to type in a browser on any device.

        Needs a profile with auth = "login". Tokens are kept in the keyring, which is tried before anything is asked.
        """
        language = spoken(session.language)
        person = _person(session)
        place: Literal["keyring", "file"] = "file" if token_file else "keyring"

        def show(prompt: Prompt) -> None:
            text = _OPEN[language].format(
                address=printable(prompt.address), code=printable(prompt.code), minutes=int(prompt.expires_in // 60)
            )
            typer.echo(text, err=True)  # what a script reads is the result

        def open_here(address: str) -> None:
            typer.echo(_HERE[language].format(address=printable(address)), err=True)

        status = person.log_in_here(place, open_here) if browser else person.log_in(place, show)
        _show(session, status, language, _IN[language])

    @command(app)
    def logout(session: Session) -> None:
        """Log out: revoke the session at the issuer and delete it here."""
        language = spoken(session.language)
        error = _person(session).log_out()
        if error is not None:
            report(error, language)
            typer.echo(_LOCAL[language], err=True)
        if session.as_json:
            session.out.one({"logged_in": False, "revoked": error is None})
        elif error is None:
            typer.echo(_OUT[language])
        if error is not None:
            raise typer.Exit(int(ExitCode.REFUSED))

    @command(app)
    def whoami(session: Session) -> None:
        """Show the session in effect, without its tokens. Exit code 1 when nobody is logged in."""
        language = spoken(session.language)
        status = _person(session).status()
        _show(session, status, language, None if status.logged_in else _NOBODY[language])
        if not status.logged_in:
            raise typer.Exit(int(ExitCode.REFUSED))

    @command(app)
    def token(
        session: Session,
        reveal: Annotated[bool, typer.Option("--reveal", help="Print the access token itself, for a pipe.")] = False,
    ) -> None:
        """Renew the session where it is due. The access token is masked unless --reveal is given."""
        value = _person(session).access_token()
        shown = value if reveal else "•" * 12
        if session.as_json:
            session.out.one({"access_token": shown})
        else:
            sys.stdout.write(shown + "\n")


def _person(session: Session) -> Person:
    return Person(Config.load(session.profile, **session.explicit), profile_place(session.profile)[1])


def _show(session: Session, status: Status, language: Language, said: str | None) -> None:
    if session.as_json or status.logged_in:
        session.out.one(asdict(status))
    if said is not None:
        typer.echo(said, err=True)
