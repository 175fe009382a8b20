"""From recorded results to Markdown. Pure, but for `rewrite`, which puts the tables between their marks in a file."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from benchmarks.cases import FAST, LANES, Case
from benchmarks.ratios import Ratio, Results, middle, ratios

START: Final = "<!-- --8<-- [start:bench] -->\n"
END: Final = "<!-- --8<-- [end:bench] -->\n"
_SMALL: Final = 0.2
_BUSY: Final = 0.1
_LIMIT: Final = 0.9


def rewrite(file: Path, results: Results) -> None:
    """Put the tables in place of those in the file.

    Raises:
        ValueError: the file lacks the marks between which they belong.
    """
    before, start, rest = file.read_text("utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"{file.name} lacks the marks of the tables")
    file.write_text(before + START + render(results) + END + after, "utf-8")


def render(results: Results) -> str:
    """All tables, the machine first."""
    parts = [machine_line(results), budgets(ratios(results)), *_load(results), *_configurations(results)]
    parts += [*_ceiling(results), *_footprint(results), *_signing(results)]
    return "\n\n".join(parts) + "\n"


def machine_line(results: Results) -> str:
    """What it was measured on and how, and whether others disturbed it."""
    machine, run = results["machine"], results["run"]
    others = machine["others"]
    quiet = "" if others is None else f" Other programs used {others:.0%} of all cores meanwhile"
    if is_busy(results):
        quiet += ": **a busy machine**, so that times are worse than they would be, and ratios less certain"
    pinned = "the server on a core of its own" if run["is_divided"] else "server and client share the cores"
    return (
        f"Commit {machine['commit']}, {machine['date']}, CPython {machine['python']}, {machine['cores']} cores "
        f"{machine['cpu']}, {machine['system']}; loopback, {pinned}. Median of {run['rounds']} interleaved rounds of "
        f"about {run['seconds']:g} s each.{quiet}{quiet and '.'} Trust the ratios, not absolute times. "
        f"Hand-written script: {run['opponent']}."
    )


def is_busy(results: Results) -> bool:
    """Whether other programs used so much of the machine that its times say little."""
    others = results["machine"]["others"]
    return others is not None and others > _BUSY


def budgets(judged: Sequence[Ratio]) -> str:
    """Every ratio beside its budget."""
    rows = [
        [
            ratio.what,
            _fraction(ratio.value),
            f"at {'least' if ratio.is_floor else 'most'} {_fraction(ratio.limit)}",
            "pass" if ratio.holds else "**missed**",
            "" if ratio.by_cpu is None else _fraction(ratio.by_cpu),
        ]
        for ratio in judged
    ]
    said = "Where a ratio is given by CPU too, both must hold: other programs change that one less.\n\n"
    return "### Budgets\n\n" + said + grid(["ratio (configuration A)", "measured", "budget", "verdict", "by CPU"], rows)


def _fraction(value: float) -> str:
    text = f"1/{1 / value:.1f}" if value < _SMALL else f"{value:.2f}".removesuffix("0")
    return text.removesuffix(".0")


def _load(results: Results) -> Iterator[str]:
    """One call after another, then many at once: rows a second and CPU a row."""
    alone = [case for case in measured(results) if not case.is_signing and case.in_flight in {0, 1}]
    rows = [
        [_who(case), "async" if case.in_flight else "sync", _number(1e6 / speed), _cell(results, case, "cpu")]
        for case in alone
        if (speed := middle(results, case, "speed"))
    ]
    yield "### One call after another\n\n" + grid(["who", "client", "µs a call", "CPU µs a call"], rows)
    crowds = [case for case in measured(results) if not case.is_signing and case.in_flight]
    widths = sorted({case.in_flight for case in crowds})
    for measure, title in (("speed", "Rows a second"), ("cpu", "CPU, µs a row")):
        lines = {_who(case): case for case in crowds}
        rows = [
            [name, *(_cell(results, replace(case, in_flight=width), measure) for width in widths)]
            for name, case in lines.items()
        ]
        yield f"### {title}, by calls in flight\n\n" + grid(["who", *map(str, widths)], rows)


def _configurations(results: Results) -> Iterator[str]:
    cases = [case for case in measured(results) if case.is_signing]
    rows: list[list[str]] = []
    for who in (LANES, FAST):
        mine = {case.configuration: case for case in cases if case.who == who}
        if mine:
            rows.append([
                who,
                *(_cell(results, mine[name], "speed") for name in "ABC"),
                *(_cell(results, mine[name], "cpu") for name in "ABC"),
            ])  # fmt: skip
    if rows:
        width = cases[0].in_flight
        yield (
            f"### Configurations A, B, C\n\n{width} in flight, over a server that signs every answer in all three: A "
            "does not look at the signature, B verifies it, C also proves possession of its token's key (DPoP).\n\n"
            + grid(["who", *(f"{name}, rows/s" for name in "ABC"), *(f"{name}, CPU µs" for name in "ABC")], rows)
        )
    if local := results.get("answers"):
        a, b, c = (local[name] for name in "ABC")
        yield (
            "One synchronous call over a transport without a network, which signs each answer in the same process in "
            f"all three: A {a:.0f} µs of CPU, B {b:.0f}, C {c:.0f}. Verifying is {b - a:.0f} of that, Ed25519 itself "
            f"included; proving possession {c - b:.0f}, ES256 itself included."
        )


def _ceiling(results: Results) -> Iterator[str]:
    rows = [
        [str(line["in_flight"]), _number(statistics.median(line["speed"])), _optional(line["served"])]
        for line in results.get("ceiling", [])
    ]
    if not rows:
        return
    busiest = max(
        (
            (statistics.median(map(_busy, line["speed"], line["served"])), line)
            for line in results["load"]
            if None not in line["served"]
        ),
        key=lambda each: each[0],
        default=None,
    )
    said = ""
    if busiest is not None:
        share, line = busiest
        verdict = "it was never the limit" if share < _LIMIT else "**there it was the limit**"
        said = f"\n\nIts core was busiest under {line['key']}, {share:.0%} of the time: {verdict}."
    yield (
        "### Is the server the limit?\n\nBare sockets that send one fixed request and count bytes:\n\n"
        + grid(["in flight", "rows/s", "server's CPU, µs a row"], rows)
        + said
    )


def _busy(speed: float, served: float) -> float:
    return speed * served / 1e6


def _footprint(results: Results) -> Iterator[str]:
    if not (prints := results.get("footprint")):
        return
    rows = [[line["who"], f"{line['ms']:.0f}", f"{line['modules']:.0f}"] for line in prints["imports"]]
    yield "### Import\n\nIn a fresh interpreter.\n\n" + grid(["what", "ms", "modules"], rows)
    rows = [
        [
            line["who"],
            f"{line['first_ms']:.1f}",
            _number(line["next_us"]),
            f"{line['resting_kb']:.0f}",
            f"{line['used_kb']:.0f}",
        ]
        for line in prints["clients"]
    ]
    head = ["client", "first, ms", "each further, µs", "its memory, KB", "after a call, KB"]
    yield "### Making a client\n\nThe SDK's reads and checks its two keys each time.\n\n" + grid(head, rows)


def _signing(results: Results) -> Iterator[str]:
    if signatures := results.get("signatures"):
        rows = [
            [verb, f"{took['raw']:.0f}", f"{took['ours']:.1f}", f"{took['theirs']:.0f}"]
            for verb, took in signatures.items()
        ]
        head = ["µs a message", "Ed25519 itself", "ours, over it", "http-message-signatures, over it"]
        text = "Body of 719 bytes, 7 components, nonces remembered; `python -m benchmarks.signatures` says more."
        yield f"### Signatures\n\n{text}\n\n" + grid(head, rows)
    if tokens := results.get("tokens"):
        yield (
            f"A cached token costs a call {tokens['quick_ns']:.0f} ns, {tokens['whole_ns']:.0f} ns where it must take "
            f"the lock; a proof of possession (DPoP, ES256) {tokens['proof_us']:.0f} µs."
        )


def measured(results: Results) -> list[Case]:
    """The cases of a run, in its order."""
    names = ("who", "in_flight", "loop", "configuration", "is_signing", "is_gathered")
    return [Case(**{name: line[name] for name in names}) for line in results["load"]]


def _who(case: Case) -> str:
    return case.who + ", uvloop" * (case.loop == "uvloop") + ", gathered" * case.is_gathered


def _cell(results: Results, case: Case, measure: str) -> str:
    value = middle(results, case, measure)
    return "" if value is None else _number(value)


def _optional(values: Sequence[Any]) -> str:
    return "" if None in values else f"{statistics.median(values):.0f}"


def _number(value: float) -> str:
    return f"{value:,.0f}"


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table: text to the left, what follows the first column to the right where it is a number."""
    marks = ["---", *("---:" if _is_numeric(rows, column) else "---" for column in range(1, len(head)))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, marks, *rows))


def _is_numeric(rows: Sequence[Sequence[str]], column: int) -> bool:
    return all(row[column][:1].isdigit() or not row[column] for row in rows)
