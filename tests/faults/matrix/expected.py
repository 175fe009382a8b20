"""What must come of each case: expected.csv, read. It is typed by hand, and nothing writes it."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Final

from tests.faults.matrix.worlds import Outcome, World

FILE: Final = Path(__file__).with_name("expected.csv")
Key = tuple[int, str, str, str]


@cache
def rows() -> dict[Key, dict[str, Outcome]]:
    """Outcomes by case, and by the clients they hold for: `all`, a transport, or one world."""
    found: dict[Key, dict[str, Outcome]] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            key = int(line["row"]), line["fault"], line["call"], line["times"]
            outcome = Outcome(line["outcome"], line["sent"], int(line["attempts"]), int(line["effects"]))
            held = found.setdefault(key, {})
            assert line["clients"] not in held, f"{key} is there twice"
            held[line["clients"]] = outcome
    return found


def expected(row: int, fault: str, call: str, times: str, world: World) -> Outcome:
    """What must come of a case on one kind of client; the line that is most its own counts."""
    held = rows()[row, fault, call, times]
    return next(held[name] for name in (world.name, world.transport, world.flow, "all") if name in held)
