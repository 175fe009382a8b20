"""What a person sees of the demo: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text


@dataclass(slots=True)
class Row:
    """One step of the story."""

    title: str
    notes: list[str] = field(default_factory=list[str])
    calls: int = 0
    attempts: int = 0
    milliseconds: float = 0.0
    state: str = "runs"
    """`runs`, `held` or `failed`."""


class View(Protocol):
    """Where the story is told."""

    def begin(self, row: Row) -> None: ...
    def note(self, row: Row, text: str) -> None: ...
    def end(self, row: Row) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None: ...


class PlainView:
    """A line for everything that happens; for pipes, logs and CI."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def begin(self, row: Row) -> None:
        """A step begins."""
        self._print(f"> {row.title}")

    def note(self, row: Row, text: str) -> None:
        """Something worth seeing happened."""
        self._print(f"    {text}")

    def end(self, row: Row) -> None:
        """A step is over."""
        mark = "ok" if row.state == "held" else "FAILED"
        self._print(f"  {mark}: {row.calls} calls, {row.attempts} attempts, {row.milliseconds:.0f} ms")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        return None

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveView:
    """The story so far, redrawn as it goes on."""

    def __init__(self, console: Console) -> None:
        self._rows: list[Row] = []
        self._live = Live(console=console, refresh_per_second=12, get_renderable=self._draw)

    def begin(self, row: Row) -> None:
        """A step begins."""
        self._rows.append(row)
        self._live.refresh()

    def note(self, row: Row, text: str) -> None:
        """Something worth seeing happened."""
        self._live.refresh()

    def end(self, row: Row) -> None:
        """A step is over."""
        self._live.refresh()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._live.stop()

    def _draw(self) -> Table:
        table = Table.grid(padding=(0, 1))
        for row in self._rows:
            marks: dict[str, Text | Spinner] = {
                "runs": Spinner("dots"),
                "held": Text("✔", style="green"),
                "failed": Text("✘", style="bold red"),
            }
            table.add_row(marks[row.state], Text(row.title, style="bold"))
            for note in row.notes:
                table.add_row("", Text(note, style="dim"))
        return table


def closing_table(rows: list[Row]) -> Table:
    """Step, calls, attempts, milliseconds."""
    table = Table(title="What happened", title_justify="left", show_footer=True)
    table.add_column("Step", footer="all")
    table.add_column("Calls", justify="right", footer=str(sum(row.calls for row in rows)))
    table.add_column("Attempts", justify="right", footer=str(sum(row.attempts for row in rows)))
    table.add_column("ms", justify="right", footer=f"{sum(row.milliseconds for row in rows):.0f}")
    for row in rows:
        mark = "[green]✔[/]" if row.state == "held" else "[bold red]✘[/]"
        table.add_row(f"{mark} {escape(row.title)}", str(row.calls), str(row.attempts), f"{row.milliseconds:.0f}")
    return table
