"""`egov conformance`: does a server keep the contract?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from egov_serang import Config
from egov_serang.cli.commands import options
from egov_serang.cli.errors import ExitCode, masked, printable
from egov_serang.cli.session import Session, command
from egov_serang.conformance import junit
from egov_serang.conformance.complaints import SCENARIOS
from egov_serang.conformance.scenario import Result, Scenario, chosen, run
from egov_serang.conformance.server import Server, connect

app = typer.Typer(help="Whether a server keeps the contract, scenario by scenario.", no_args_is_help=True)

_MARKS: Final = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}

Only = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Only these: a name, its beginning (states) or a pattern; several times."),
]


@command(app)
def complaints(
    session: Session,
    *,
    url: Annotated[str | None, typer.Option(help="The gateway, in place of the profile's.")] = None,
    only: Only = None,
    list_: Annotated[bool, typer.Option("--list", help="Show the scenarios and run none.")] = False,
    junit_file: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Also write a JUnit XML report there.")
    ] = None,
    other_profile: Annotated[
        str | None,
        typer.Option(help="Profile of a second client, without complaints:manage: who sees what is looked at."),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only scenarios that send nothing to be written.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write on a server that does not say it is a sandbox.")] = False,
    category: Annotated[
        str | None, typer.Option(help="The category to file in; by default one that asks nothing.")
    ] = None,
    lat: options.Lat = None,
    long: options.Long = None,
    area: options.Area = None,
) -> None:
    """Run the contract's scenarios for complaints against a server.

    The profile's client needs complaints:read, complaints:write and complaints:manage. What a run writes on the server
    it says before; complaints cannot be deleted, and those that still can be are withdrawn at the end. A server that
    does not call itself a sandbox is written on only with --yes.

    Exit code 1 when a scenario failed, or when all were skipped.
    """
    scenarios = _scenarios(SCENARIOS, only, read_only=read_only)
    if list_:
        _listed(session, scenarios)
        return
    place = options.location(lat, long, area, None)
    point = None if place is None or place.lat is None or place.long is None else (place.lat, place.long)
    _writable(junit_file)
    explicit: dict[str, Any] = session.explicit if url is None else {**session.explicit, "gateway": url}
    config = Config.load(session.profile, **explicit)
    other = None if other_profile is None else Config.load(other_profile, **explicit)
    with connect(config, other, area=area, point=point, category=category) as server:
        _announce(server, scenarios, yes=yes)
        results = _run(session, server, scenarios)
        left = server.tidy()
    if server.filed:
        typer.echo(f"Filed {len(server.filed)} complaints; {left} of them are open still.", err=True)
    _report(session, junit_file, config.gateway, results)


def _scenarios(
    known: Iterable[Scenario[Server]], only: list[str] | None, *, read_only: bool
) -> tuple[Scenario[Server], ...]:
    try:
        found = chosen(known, only or ())
    except ValueError as unknown:
        raise typer.BadParameter(f"no scenario is called {unknown}; --list shows them", param_hint="--only") from None
    found = tuple(one for one in found if not (read_only and one.writes))
    if not found:
        raise typer.BadParameter("all the scenarios chosen write", param_hint="--read-only")
    return found


def _listed(session: Session, scenarios: Iterable[Scenario[Server]]) -> None:
    rows: list[dict[str, Any]] = [
        {"scenario": one.name, "section": one.section, "holds": one.title, "files": one.files} for one in scenarios
    ]
    if session.as_json:
        session.out.one({"scenarios": rows})
    else:
        session.out.rows(rows, ("scenario", "section", "holds", "files"))


def _writable(file: Path | None) -> None:
    """Refuse a report that could not be written, before anything is."""
    if file is not None and not file.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {file.absolute().parent}", param_hint="--junit")


def _announce(server: Server, scenarios: tuple[Scenario[Server], ...], *, yes: bool) -> None:
    """Say what will be written.

    Raises:
        typer.Exit: it is no sandbox, and nobody said yes.
    """
    files = sum(one.files for one in scenarios if server.other is not None or not one.second)
    where, sandbox = server.client.config.gateway, server.is_sandbox
    if not any(one.writes for one in scenarios):
        typer.echo(f"{len(scenarios)} scenarios against {where}; nothing is written.", err=True)
        return
    typer.echo(
        f"{len(scenarios)} scenarios against {where}. They file about {files} complaints in the category "
        f"{printable(server.plain.service_code)} (some in others), with client_reference {server.run}-..., and send "
        "more that must be refused.",
        err=True,
    )
    if not sandbox and not yes:
        typer.echo("The server does not say that it is a sandbox. To write on it all the same: --yes", err=True)
        raise typer.Exit(int(ExitCode.USAGE))


def _run(session: Session, server: Server, scenarios: tuple[Scenario[Server], ...]) -> list[Result[Server]]:
    wide = max(len(one.name) for one in scenarios)
    results: list[Result[Server]] = []
    for result in run(scenarios, server):
        results.append(result)
        if session.as_json:
            continue
        one = result.scenario
        typer.echo(f"{_MARKS[result.outcome]} {one.name.ljust(wide)}  {one.section:<16} {one.title}")
        if result.detail:
            typer.echo(f"       {_clean(result.detail)}")
    return results


def _report(session: Session, file: Path | None, where: str, results: list[Result[Server]]) -> None:
    """Sum up, write the report, and fail where something did."""
    counts = {kind: sum(one.outcome == kind for one in results) for kind in _MARKS}
    ok = not counts["failed"] and bool(counts["passed"])
    if file is not None:
        try:
            file.write_bytes(junit.document("egov conformance complaints", where, results))
        except OSError as error:
            raise typer.BadParameter(f"{file} cannot be written: {error.strerror}", param_hint="--junit") from None
    if session.as_json:
        rows = [
            {
                "scenario": one.scenario.name,
                "section": one.scenario.section,
                "holds": one.scenario.title,
                "outcome": one.outcome,
                "detail": _clean(one.detail),
                "seconds": round(one.seconds, 3),
            }
            for one in results
        ]
        session.out.one({"ok": ok, "server": where, **counts, "scenarios": rows})
    else:
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        typer.echo(f"{said}." if counts["passed"] else f"{said}: nothing was proven.")
    if not ok:
        raise typer.Exit(int(ExitCode.REFUSED))


def _clean(detail: str) -> str:
    return masked(printable(detail))
