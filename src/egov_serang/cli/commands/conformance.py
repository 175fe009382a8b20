"""`egov conformance`: does a server keep the contract?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from egov_serang import Config
from egov_serang.cli.commands import options
from egov_serang.cli.errors import ExitCode, masked, printable
from egov_serang.cli.session import Session, command
from egov_serang.conformance import junit
from egov_serang.conformance.complaints import SCENARIOS as CONTRACT
from egov_serang.conformance.open311 import SCENARIOS as OPEN311
from egov_serang.conformance.open311.endpoint import reach
from egov_serang.conformance.scenario import Result, Scenario, chosen, run
from egov_serang.conformance.server import connect
from egov_serang.sources import read_secret

S = TypeVar("S")

app = typer.Typer(help="Whether a server keeps the contract, scenario by scenario.", no_args_is_help=True)

_MARKS: Final = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}

Only = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Only these: a name, its beginning (states) or a pattern; several times."),
]
Listed = Annotated[bool, typer.Option("--list", help="Show the scenarios and run none.")]
Junit = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Also write a JUnit XML report there.")]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Only scenarios that send nothing to be written.")]
Yes = Annotated[bool, typer.Option("--yes", help="Write on a server that does not say it is there for tests.")]
Category = Annotated[str | None, typer.Option(help="The category to file in; by default one that asks nothing.")]


@command(app)
def complaints(
    session: Session,
    *,
    url: Annotated[str | None, typer.Option(help="The gateway, in place of the profile's.")] = None,
    only: Only = None,
    list_: Listed = False,
    junit_file: Junit = None,
    other_profile: Annotated[
        str | None,
        typer.Option(help="Profile of a second client, without complaints:manage: who sees what is looked at."),
    ] = None,
    read_only: ReadOnly = False,
    yes: Yes = False,
    category: Category = None,
    lat: options.Lat = None,
    long: options.Long = None,
    area: options.Area = None,
) -> None:
    """Run the contract's scenarios for complaints against a gateway.

    The profile's client needs complaints:read, complaints:write and complaints:manage. What a run writes on the server
    it says before; complaints cannot be deleted, and those that still can be are withdrawn at the end. A server that
    does not call itself a sandbox is written on only with --yes.

    Exit code 1 when a scenario failed, or when all were skipped.
    """
    scenarios = _scenarios(CONTRACT, only, read_only=read_only)
    if list_:
        _listed(session, scenarios)
        return
    _writable(junit_file)
    point = _point(lat, long)
    explicit: dict[str, Any] = session.explicit if url is None else {**session.explicit, "gateway": url}
    config = Config.load(session.profile, **explicit)
    if config.complaints_wire != "gateway":
        raise typer.BadParameter("its complaints speak Open311: egov conformance open311", param_hint="--profile")
    other = None if other_profile is None else Config.load(other_profile, **explicit)
    with connect(config, other, area=area, point=point, category=category) as server:
        for_tests = server.is_sandbox
        if _announced(scenarios, config.gateway, second=other is not None):
            typer.echo(
                f"The category: {printable(server.plain.service_code)}. client_reference: {server.run}-...", err=True
            )
            _permitted(for_tests, yes=yes)
        results = _run(session, server, scenarios)
        left = server.tidy()
    if server.filed:
        typer.echo(f"Filed {len(server.filed)} complaints; {left} of them are open still.", err=True)
    _report(session, junit_file, "egov conformance complaints", config.gateway, results)


@command(app)
def open311(
    session: Session,
    *,
    url: Annotated[str | None, typer.Option(help="The endpoint, in place of the profile's open311_url.")] = None,
    jurisdiction: Annotated[str | None, typer.Option(help="Its jurisdiction_id, in place of the profile's.")] = None,
    only: Only = None,
    list_: Listed = False,
    junit_file: Junit = None,
    read_only: ReadOnly = False,
    yes: Yes = False,
    category: Category = None,
    lat: options.Lat = None,
    long: options.Long = None,
) -> None:
    """Run the scenarios of Open311 GeoReport v2 against an endpoint, in XML and in JSON.

    Reading needs nothing; to submit, the profile names an open311_key_file. What a run writes on the server it says
    before. An endpoint whose discovery document does not call it a test is written on only with --yes.

    Exit code 1 when a scenario failed, or when all were skipped.
    """
    scenarios = _scenarios(OPEN311, only, read_only=read_only)
    if list_:
        _listed(session, scenarios)
        return
    _writable(junit_file)
    point = _point(lat, long)
    explicit: dict[str, Any] = {**session.explicit, "complaints_wire": "open311"}
    explicit |= {name: value for name, value in (("open311_url", url), ("open311_jurisdiction", jurisdiction)) if value}
    config = Config.load(session.profile, **explicit)
    file = config.open311_key_file
    key = None if file is None else read_secret(file, "api_key").reveal()
    with reach(config, key, point=point, category=category) as endpoint:
        for_tests = endpoint.is_test()
        if _announced(scenarios, endpoint.base, second=False):
            typer.echo(f'Each says "{endpoint.run}" in its description.', err=True)
            _permitted(for_tests, yes=yes)
        results = _run(session, endpoint, scenarios)
    if endpoint.filed:
        typer.echo(f"Filed {len(endpoint.filed)} requests; Open311 has no way to withdraw them.", err=True)
    _report(session, junit_file, "egov conformance open311", endpoint.base, results)


def _scenarios(known: Iterable[Scenario[S]], only: list[str] | None, *, read_only: bool) -> tuple[Scenario[S], ...]:
    try:
        found = chosen(known, only or ())
    except ValueError as unknown:
        raise typer.BadParameter(f"no scenario is called {unknown}; --list shows them", param_hint="--only") from None
    found = tuple(one for one in found if not (read_only and one.writes))
    if not found:
        raise typer.BadParameter("all the scenarios chosen write", param_hint="--read-only")
    return found


def _listed(session: Session, scenarios: Iterable[Scenario[S]]) -> None:
    rows: list[dict[str, Any]] = [
        {"scenario": one.name, "section": one.section, "holds": one.title, "files": one.files} for one in scenarios
    ]
    if session.as_json:
        session.out.one({"scenarios": rows})
    else:
        session.out.rows(rows, ("scenario", "section", "holds", "files"))


def _point(lat: float | None, long: float | None) -> tuple[float, float] | None:
    place = options.location(lat, long, None, None)
    return None if place is None or place.lat is None or place.long is None else (place.lat, place.long)


def _writable(file: Path | None) -> None:
    """Refuse a report that could not be written, before anything is."""
    if file is not None and not file.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {file.absolute().parent}", param_hint="--junit")


def _announced(scenarios: tuple[Scenario[S], ...], where: str, *, second: bool) -> bool:
    """Say what will be written; gives whether anything may be."""
    count = f"{len(scenarios)} scenario{'' if len(scenarios) == 1 else 's'}"
    if not any(one.writes for one in scenarios):
        typer.echo(f"{count} against {where}; nothing is written.", err=True)
        return False
    files = sum(one.files for one in scenarios if second or not one.second)
    typer.echo(
        f"{count} against {where}. Complaints filed there: about {files}, and none of what must be refused.", err=True
    )
    return True


def _permitted(meant_for_tests: bool, *, yes: bool) -> None:
    """Go on where nothing is real, or somebody said so.

    Raises:
        typer.Exit: neither.
    """
    if not meant_for_tests and not yes:
        typer.echo("The server does not say that it is there for tests. To write on it all the same: --yes", err=True)
        raise typer.Exit(int(ExitCode.USAGE))


def _run(session: Session, server: S, scenarios: tuple[Scenario[S], ...]) -> list[Result[S]]:
    wide = max(len(one.name) for one in scenarios)
    deep = max(len(one.section) for one in scenarios)
    results: list[Result[S]] = []
    for result in run(scenarios, server):
        results.append(result)
        if session.as_json:
            continue
        one = result.scenario
        typer.echo(f"{_MARKS[result.outcome]} {one.name.ljust(wide)}  {one.section.ljust(deep)}  {one.title}")
        if result.detail:
            typer.echo(f"       {_clean(result.detail)}")
    return results


def _report(session: Session, file: Path | None, suite: str, where: str, results: list[Result[S]]) -> None:
    """Sum up, write the report, and fail where something did."""
    counts = {kind: sum(one.outcome == kind for one in results) for kind in _MARKS}
    ok = not counts["failed"] and bool(counts["passed"])
    if file is not None:
        try:
            file.write_bytes(junit.document(suite, where, results))
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
