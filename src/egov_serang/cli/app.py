"""The commands of `egov`."""

from __future__ import annotations

import importlib.util
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from egov_serang import __version__

app = typer.Typer(
    help="E-government services of Indonesian cities: a local sandbox, and a demonstration of the SDK.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals can hold personal data
)


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
    """E-government services of Indonesian cities: a local sandbox, and a demonstration of the SDK."""


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
