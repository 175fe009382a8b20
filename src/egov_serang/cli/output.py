"""What a command prints: tables for people, JSON for scripts. Personal numbers are masked in both."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from typing import Any, Final, cast

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from egov_serang import Model
from egov_serang.cli.errors import masked, printable

_WIDE: Final = 200  # without a terminal: lines are for grep, and must not be folded at 80
_LONG: Final = frozenset({"evidence", "qr_payload", "form_schema"})
_IDENTIFIERS: Final = ("_id", "_code", "_number", "_ref", "reference", "sha256", "url")


Progress = Callable[[int, int], object]
Watch = Callable[[str], Progress | None]


def _unwatched(name: str) -> None:
    return None


class Output:
    """Prints results.

    Args:
        as_json: one JSON document for a thing, JSON lines for a list.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if callable(reconfigure):
            reconfigure(errors="replace")  # an ASCII terminal gets question marks instead of a traceback
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = _WIDE

    def one(self, thing: Model | Mapping[str, Any]) -> None:
        """Print one thing, with everything it has."""
        document = _document(thing)
        if self._as_json:
            self._line(document)
            return
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(no_wrap=True, style="bold")
        table.add_column(overflow="fold")
        for name, value in _flat(document):
            table.add_row(Text(printable(name)), Text(value))
        self._print(table)

    def many(self, things: Iterable[Model | Mapping[str, Any]], columns: Sequence[str], limit: int) -> None:
        """Print a list.

        Args:
            things: read only as far as they are printed.
            columns: the fields a table shows.
            limit: how many at most; 0 for all.
        """
        walk = iter(things)
        chosen = islice(walk, limit) if limit else walk
        if self._as_json:
            for thing in chosen:
                self._line(_document(thing))
        else:
            self._table([_document(thing) for thing in chosen], columns)
        if limit and next(walk, None) is not None:
            sys.stdout.flush()
            typer.echo(f"There are more than {limit}: use --limit 0 for all.", err=True)

    def waiting(self, text: str) -> AbstractContextManager[object]:
        """While this goes on, a terminal shows that something does; files and pipes see nothing of it."""
        console = Console(stderr=True)
        return console.status(text) if console.is_terminal else nullcontext()

    @contextmanager
    def transfers(self) -> Generator[Watch, None, None]:
        """While files are moved, a terminal shows how far each of them is; files and pipes see nothing of it.

        Gives what makes the `progress` of a file of this name; None where nobody looks.
        """
        console = Console(stderr=True)
        if self._as_json or not console.is_terminal:
            yield _unwatched
            return
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Bars(*columns, TimeRemainingColumn(), console=console, transient=True) as bars:

            def watch(name: str) -> Progress:
                bar = bars.add_task(escape(printable(name)), total=None)
                return lambda now, total: bars.update(bar, completed=now, total=total or None)

            yield watch

    @contextmanager
    def counting(self, text: str, total: int) -> Generator[Callable[[int], object], None, None]:
        """While many things are done, a terminal shows how many of them are; files and pipes see nothing of it."""
        console = Console(stderr=True)
        if self._as_json or not console.is_terminal:
            yield lambda done: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Bars(*columns, console=console, transient=True) as bars:
            bar = bars.add_task(text, total=total)
            yield lambda done: bars.update(bar, completed=done)

    def rows(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
        """Print a table of plain rows, for people only."""
        self._table(rows, columns)

    def _table(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for number, name in enumerate(columns):
            table.add_column(name, no_wrap=number == 0, overflow="fold")
        for row in rows:
            table.add_row(*(Text(_cell(row.get(name))) for name in columns))
        self._print(table)

    def _print(self, table: Table) -> None:
        # Rich ends the process itself where the reader went away; written by us, that stays our business.
        with self._console.capture() as got:
            self._console.print(table)
        sys.stdout.writelines(line.rstrip(" ") + "\n" for line in got.get().splitlines())

    def _line(self, document: Mapping[str, Any]) -> None:
        # ASCII: whatever reads it, in whatever encoding, control characters are escaped.
        sys.stdout.write(json.dumps(document) + "\n")


def _document(thing: Model | Mapping[str, Any]) -> dict[str, Any]:
    plain = thing.model_dump(mode="json") if isinstance(thing, Model) else dict(thing)
    return {name: _hidden(name, value) for name, value in plain.items()}


def _hidden(name: str, value: Any) -> Any:
    """The value with numbers of persons masked; identifiers stay, for a script has to hand them back."""
    if isinstance(value, str):
        return value if name.endswith(_IDENTIFIERS) else masked(value)
    if isinstance(value, dict):
        return {key: _hidden(key, inner) for key, inner in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_hidden(name, inner) for inner in cast("list[Any]", value)]
    return value


def _flat(document: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for name, value in document.items():
        if value is None or value in ("", [], {}):
            continue
        if name in _LONG:
            yield prefix + name, "(shown by --json)"
        elif isinstance(value, dict):
            yield from _flat(cast("dict[str, Any]", value), f"{prefix}{name}.")
        else:
            yield prefix + name, _cell(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {text}" for name, text in _flat(cast("dict[str, Any]", value)))
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return ("\n" if any(isinstance(item, dict) for item in items) else ", ").join(_cell(item) for item in items)
    return printable(str(value))
