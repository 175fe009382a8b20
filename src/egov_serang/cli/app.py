"""The commands of `egov`."""

from __future__ import annotations

import importlib.util
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console

from egov_serang import __version__
from egov_serang.cli import profiles
from egov_serang.cli.commands import (
    complaints_desk,
    config,
    conformance,
    doctor,
    identity,
    keys,
    login,
    notifications,
    outbox,
    permits,
    signature,
)
from egov_serang.cli.errors import Group, exit_code, report, spoken
from egov_serang.config import profile_place
from egov_serang.errors import ConfigError

if TYPE_CHECKING:
    from egov_serang.sandbox.cities.municipality import Municipality
    from egov_serang.sandbox.working import Calendar

SCOPES: Final = (
    *("identity:verify", "identity:apply", "identity:process"),
    *("complaints:read", "complaints:write", "complaints:manage"),
    *("permits:read", "permits:apply", "permits:review", "permits:decide", "permits:issue"),
    *("notify:read", "notify:send", "events:read", "events:manage"),
)
"""What the sandbox's ready-made client may do: everything the SDK offers."""

_CITY_HELP: Final = "Which city the sandbox plays: serang (36.73) or cilegon (36.72)."
_PORTS: Final = 8600

app = typer.Typer(
    cls=Group,
    help="E-government services of Indonesian cities: use them, try them in a local sandbox.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals can hold personal data
)

doctor.add(app)
login.add(app)
app.add_typer(config.app, name="config")
app.add_typer(keys.app, name="keys")
app.add_typer(signature.app, name="signature")
app.add_typer(identity.app, name="identity")
app.add_typer(complaints_desk.app, name="complaints")
app.add_typer(permits.app, name="permits")
app.add_typer(notifications.app, name="notifications")
app.add_typer(outbox.app, name="outbox")
app.add_typer(conformance.app, name="conformance")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"egov-serang {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """E-government services of Indonesian cities: use them, try them in a local sandbox."""


def _need_sandbox() -> None:
    missing = [name for name in ("fastapi", "uvicorn", "sqlalchemy") if importlib.util.find_spec(name) is None]
    if missing:
        typer.echo("The sandbox needs more libraries: pip install 'egov-serang[cli,sandbox]'", err=True)
        raise typer.Exit(2)


def _played(city: str) -> Municipality:
    from egov_serang.sandbox.cities.known import municipality  # noqa: PLC0415 - needs the extra `sandbox`

    try:
        return municipality(city)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--city") from None


def _calendar(file: Path | None) -> Calendar | None:
    from egov_serang.sandbox.working import Calendar  # noqa: PLC0415 - needs the extra `sandbox`

    try:
        return None if file is None else Calendar.from_file(file)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--calendar") from None


def _write(name: str, settings: dict[str, Any]) -> None:
    file = profile_place(name)[0]
    try:
        profiles.write(file, name, settings, force=True)
    except ConfigError as error:
        report(error, spoken(None))
        raise typer.Exit(int(exit_code(error))) from None
    typer.echo(f"Wrote [profile.{name}] into {file}. In another terminal: export EGOV_SERANG_PROFILE={name}\n")


@app.command()
def demo(
    plain: Annotated[bool, typer.Option("--plain", help="Print lines instead of a live view.")] = False,
    city: Annotated[str, typer.Option(help=_CITY_HELP)] = "serang",
) -> None:
    """Tell one story through all four services against a sandbox of its own.

    Identity, complaint, permit and notification, with a retried 503, a lost answer, an expired token and a tampered
    request on the way. Exit code 0 only if every step held.
    """
    _need_sandbox()
    from egov_serang.cli.demo.run import run_demo  # noqa: PLC0415 - needs the extra `sandbox`
    from egov_serang.sandbox.server import Sandbox  # noqa: PLC0415

    with Sandbox(city=_played(city).slug) as running:
        held = run_demo(Console(), running, plain=plain)
    if not held:
        raise typer.Exit(1)


@app.command()
def sandbox(
    *,
    database: Annotated[
        Path | None, typer.Option(help="SQLite file that keeps everything; without it a restart forgets.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one. Serang 8673, Cilegon 8672."),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(help="Folder for the keys of the ready-made client: .egov-sandbox, .egov-sandbox-cilegon."),
    ] = None,
    city: Annotated[str, typer.Option(help=_CITY_HELP)] = "serang",
    dpop_nonces: Annotated[
        bool,
        typer.Option("--dpop-nonces", help="Demand the server's nonces in DPoP proofs, as strict gateways do."),
    ] = False,
    tls: Annotated[
        bool,
        typer.Option("--tls", help="Speak https, and give the ready-made client a certificate (auth = 'mtls')."),
    ] = False,
    people: Annotated[
        bool,
        typer.Option("--people", help="Also a program people log in to: its profile `me`, for `egov login`."),
    ] = False,
    calendar: Annotated[
        Path | None,
        typer.Option(help="TOML file of the city's own days: arrays `closed` and `open` of dates."),
    ] = None,
    write_profile: Annotated[
        bool,
        typer.Option("--write-profile", help="Write the profile into the configuration file; replaces it."),
    ] = False,
) -> None:
    """Run a small city on this machine: the gateway, its services and a client that may use them all.

    Prints the profile to copy, or writes it (--write-profile). Ctrl-C ends it. For development and tests only: every
    person in it is invented.
    """
    _need_sandbox()
    from egov_serang.sandbox.server import Sandbox  # noqa: PLC0415 - needs the extra `sandbox`

    played = _played(city)
    first = played.slug == "serang"
    port = _PORTS + int(played.code[-2:]) if port is None else port
    keys = Path(".egov-sandbox" if first else f".egov-sandbox-{played.slug}") if keys is None else keys
    name = "sandbox" if first else played.slug
    ended = threading.Event()

    def end(number: int, frame: object) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    try:
        running = Sandbox(
            database, port, city=played.slug, dpop_nonces=dpop_nonces, tls=tls, calendar=_calendar(calendar)
        )
    except OSError as error:
        typer.echo(f"Port {port} cannot be used ({error.strerror}); choose another with --port.", err=True)
        raise typer.Exit(2) from None
    except ValueError as error:
        typer.echo(f"{error}; choose another with --database.", err=True)
        raise typer.Exit(2) from None
    with running:
        try:
            given = {name: running.credentials("sandbox-app", SCOPES, keys.absolute())}
            if people:
                mine = "me" if first else f"me-{played.slug}"
                given[mine] = running.credentials("sandbox-person", SCOPES, keys.absolute(), people=True)
        except ValueError as error:
            typer.echo(f"{error}; choose another with --keys.", err=True)
            raise typer.Exit(2) from None
        typer.echo(f"Sandbox of {played.name} ({played.code}) at {running.url}. For development and tests only.\n")
        for name, profile in given.items():
            if write_profile:
                _write(name, profile.settings)
            else:
                typer.echo(
                    f"Copy this profile to ~/.config/egov-serang/config.toml and use Client(profile={name!r}):\n"
                )
                typer.echo(profile.profile_toml(name))
        typer.echo(f"Console: {running.console}")
        typer.echo(f"Control with: Authorization: Bearer {running.sandbox_token}")
        typer.echo("Ctrl-C ends it.")
        sys.stdout.flush()
        ended.wait()
