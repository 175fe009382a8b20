"""The table of the page on faults: every cell played, and what came of it. `make matrix` writes it.

python -m tests.faults.matrix.table           play everything, write the table, name what was not expected
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.faults.matrix.cases import CASES, ITSELF
from tests.faults.matrix.expected import Key, expected, rows
from tests.faults.matrix.scenarios import SCENARIOS
from tests.faults.matrix.stage import played, within_bound
from tests.faults.matrix.worlds import WORLDS, Outcome

PAGE: Final = Path(__file__).parents[3] / "docs" / "faults.md"
BEGIN, END = "<!-- the matrix, as measured: make matrix -->", "<!-- end of the matrix -->"
_HEAD: Final = (
    "| Row | Fault | Call | Happens | Clients | Outcome | `sent` | Attempts | Effects |\n"
    "| ---: | --- | --- | --- | --- | --- | --- | ---: | ---: |\n"
)
_NAMES: Final = {"write": "write", "read": "read", "lookup": "read", "unkeyed": "write without a key"}
Results = Mapping[Key, Mapping[str, Outcome]]
"""By case, and by the name of a world."""


def measured() -> Iterator[tuple[Key, str, Outcome]]:
    """Play everything there is."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in CASES:
            for world in WORLDS:
                yield (case.row, case.fault, case.call, case.times), world.name, played(case, world, folder)
        for scenario in SCENARIOS:
            for world in WORLDS:
                if not scenario.only or world.name in scenario.only:
                    outcome = within_bound(lambda play=scenario.play, world=world: play(world, folder))  # type: ignore[misc]
                    yield (scenario.row, scenario.fault, scenario.call, ITSELF), world.name, outcome


def promised() -> Results:
    """What is expected of everything that is played."""
    skipped = {(one.row, one.fault, one.call, ITSELF): one.only for one in SCENARIOS if one.only}
    return {
        key: {world.name: expected(*key, world) for world in WORLDS if world.name in skipped.get(key, (world.name,))}
        for key in rows()
    }


def table(results: Results) -> str:
    """The table, in Markdown."""
    lines: list[str] = []
    for (row, fault, call, times), outcomes in sorted(results.items(), key=lambda item: item[0][0]):
        for outcome in dict.fromkeys(outcomes.values()):
            clients = [name for name, own in outcomes.items() if own == outcome]
            cells = (str(row), fault, _NAMES[call], times, _clients(clients), *outcome.cells())
            lines.append(f"| {' | '.join(cells)} |")
    return _HEAD + "\n".join(lines) + "\n"


def _clients(names: list[str]) -> str:
    if len(names) == len(WORLDS):
        return "all four"
    kinds = {name.split()[1] for name in names}
    if len(names) == 2 and len(kinds) == 1:
        return f"both {kinds.pop()}"
    return ", ".join(names)


def shown() -> str:
    """The table on the page."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0].strip() + "\n"


def main() -> int:
    results: dict[Key, dict[str, Outcome]] = {}
    for key, world, outcome in measured():
        results.setdefault(key, {})[world] = outcome
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(results)}\n{END}{rest.partition(END)[2]}", "utf-8")
    wrong = [key for key, outcomes in promised().items() if outcomes != results.get(key)]
    for key in wrong:
        print(f"not as expected: {key}\n  {results.get(key)}\n  {promised()[key]}")
    cells = sum(map(len, results.values()))
    print(f"{len(results)} cases of {len({row for row, *_ in results})} rows, {cells} cells; {len(wrong)} unexpected")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
