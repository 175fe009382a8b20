"""The commands of `egov`."""

from __future__ import annotations

import importlib.util
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from egov_serang import __version__
from egov_serang.cli.commands import complaints, config, doctor, identity, notifications, permits
from egov_serang.cli.errors import Group

SCOPES: Final = (
    *("identity:verify", "identity:apply", "identity:process"),
    *("complaints:read", "complaints:write", "complaints:manage"),
    *("permits:read", "permits:apply", "permits:review", "permits:decide", "permits:issue"),
    *("notify:read", "notify:send"),
)
"""What the sandbox's ready-made client may do: everything the SDK offers."""

app = typer.Typer(
    cls=Group,
    help="E-government services of Indonesian cities: use them, try them in a local sandbox.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals can hold personal data
)

doctor.add(app)
app.add_typer(config.app, name="config")
app.add_typer(identity.app, name="identity")
app.add_typer(complaints.app, name="complaints")
app.add_typer(permits.app, name="permits")
app.add_typer(notifications.app, name="notifications")


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


@app.command()
def demo(
    plain: Annotated[bool, typer.Option("--plain", help="Print lines instead of a live view.")] = False,
) -> None:
    """Tell one story through all four services against a sandbox of its own.

    Identity, complaint, permit and notification, with a retried 503, a lost answer, an expired token and a tampered
    request on the way. Exit code 0 only if every step held.
    """
    _need_sandbox()
    from egov_serang.cli.demo.run import run_demo  # noqa: PLC0415 - needs the extra `sandbox`

    if not run_demo(Console(), plain=plain):
        raise typer.Exit(1)


@app.command()
def sandbox(
    database: Annotated[
        Path | None, typer.Option(help="SQLite file that keeps everything; without it a restart forgets.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 8673,
    keys: Annotated[Path, typer.Option(help="Folder for the keys of the ready-made client.")] = Path(".egov-sandbox"),
) -> None:
    """Run a small Serang on this machine: the gateway, its services and a client that may use them all.

    Prints the profile to copy. Ctrl-C ends it. For development and tests only: every person in it is invented.
    """
    _need_sandbox()
    from egov_serang.sandbox.server import Sandbox  # noqa: PLC0415 - needs the extra `sandbox`

    ended = threading.Event()

    def end(number: int, frame: object) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    try:
        running = Sandbox(database, port)
    except OSError as error:
        typer.echo(f"Port {port} cannot be used ({error.strerror}); choose another with --port.", err=True)
        raise typer.Exit(2) from None
    with running:
        profile = running.credentials("sandbox-app", SCOPES, keys.absolute())
        typer.echo(f"Sandbox of Kota Serang (36.73) at {running.url}. For development and tests only.\n")
        typer.echo("Copy this profile to ~/.config/egov-serang/config.toml and use Client(profile='sandbox'):\n")
        typer.echo(profile.profile_toml("sandbox"))
        typer.echo(f"Console: {running.console}")
        typer.echo(f"Control with: Authorization: Bearer {running.sandbox_token}")
        typer.echo("Ctrl-C ends it.")
        sys.stdout.flush()
        ended.wait()
