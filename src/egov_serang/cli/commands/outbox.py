"""`egov outbox`: calls captured without a network: what waits, sending it, giving it up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from egov_serang import Model, Outbox
from egov_serang.batch.entries import Entry, Outcome
from egov_serang.batch.outbox import KEY
from egov_serang.cli.commands import options
from egov_serang.cli.errors import ExitCode
from egov_serang.cli.session import Session, command

app = typer.Typer(help="Calls captured without a network: what waits, sending it.", no_args_is_help=True)

_COLUMNS = ("id", "operation", "state", "added_at", "files", "attempts", "code")

File = Annotated[Path, typer.Argument(metavar="FILE", help="The outbox.", exists=True, dir_okay=False)]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Of the entry, as `egov outbox list` shows it.")]
Place = Annotated[
    str,
    typer.Option("--key", metavar="PLACE", help="Where the outbox's key is: env:NAME or keyring:service/name."),
]


@command(app, "list")
def listing(
    session: Session,
    *,
    file: File,
    key: Place = KEY,
    state: Annotated[
        Literal["waiting", "sending", "given_up"] | None, typer.Option(help="Only those in this state.")
    ] = None,
    limit: options.Limit = 0,
) -> None:
    """What waits and what was given up, oldest first."""
    with Outbox(file, key=key) as outbox:
        session.out.many(map(_brief, outbox.entries(state)), _COLUMNS, limit)


@command(app)
def show(
    session: Session,
    *,
    file: File,
    number: Number,
    key: Place = KEY,
    arguments: Annotated[
        bool, typer.Option("--arguments", help="With what was captured, which may be somebody's affair.")
    ] = False,
) -> None:
    """One entry: what it does, and why it was not sent yet."""
    with Outbox(file, key=key) as outbox:
        entry = outbox.get(number)
    session.out.one({**_brief(entry), **({"arguments": dict(entry.arguments)} if arguments else {})})


@command(app)
def send(session: Session, *, file: File, key: Place = KEY) -> None:
    """Send what is due, each exactly once; exit code 4 without a network, 1 where something was given up."""
    results: list[dict[str, Any]] = []
    with Outbox(file, key=key) as outbox, session.client() as client:
        total = len(outbox.entries("waiting")) + len(outbox.entries("sending"))
        with session.out.counting("sending", total) as tell:

            def handle(outcome: Outcome) -> None:
                results.append(_result(outcome))
                tell(len(results))

            report = outbox.send(client, handle=handle)
    session.out.one(
        {
            "sent": report.sent,
            "waiting": report.waiting,
            "given_up": report.given_up,
            "stopped": report.stopped,
            "retry_after_s": report.retry_after,
            "results": results,
        }
    )
    if report.given_up or report.stopped:
        offline = report.stopped is not None and results[-1]["class"] == "ConnectionFailed"
        raise typer.Exit(int(ExitCode.UNREACHED if offline else ExitCode.REFUSED))


@command(app)
def retry(session: Session, *, file: File, number: Number, key: Place = KEY) -> None:
    """Let an entry that was given up wait again. Where its fate is unknown, look for it at the service before."""
    with Outbox(file, key=key) as outbox:
        session.out.one(_brief(outbox.retry(number)))


@command(app)
def discard(session: Session, *, file: File, number: Number, key: Place = KEY) -> None:
    """Forget an entry, with its files. It cannot be had back."""
    with Outbox(file, key=key) as outbox:
        entry = outbox.get(number)
        outbox.discard(number)
        session.out.one({"id": entry.id, "operation": entry.operation, "discarded": True})


def _brief(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "operation": entry.operation,
        "state": entry.state,
        "added_at": entry.added_at.isoformat(timespec="seconds"),
        "files": entry.files,
        "bytes": entry.size,
        "attempts": entry.attempts,
        "sent": entry.sent,
        "due_at": None if entry.due_at is None else entry.due_at.isoformat(timespec="seconds"),
        "code": entry.code,
        "reason": entry.reason,
        "client_reference": entry.client_reference,
    }


def _result(outcome: Outcome) -> dict[str, Any]:
    """How one went: ids and references of what it made, or why not."""
    made, error = outcome.result, outcome.error
    fields: dict[str, Any] = made.model_dump(mode="json") if isinstance(made, Model) else {}
    found = {name: value for name, value in fields.items() if name == "reference" or name.endswith("_id")}
    why = {} if error is None else {"class": type(error).__name__, "code": error.code, "reason": str(error)}
    return {
        "id": outcome.entry.id,
        "operation": outcome.entry.operation,
        "state": outcome.state,
        **{name: value for name, value in found.items() if value},
        **why,
    }
