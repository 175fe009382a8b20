"""The tables of states in the Open311 guide are what the code does."""

from __future__ import annotations

import re

from tests.complaints_table import STATES
from tests.docs.pages import DOCS

from egov_serang.models.complaints import ComplaintStatus
from egov_serang.sandbox.complaints.states import OPEN
from egov_serang.wires.open311.statuses import status_of

PAGE = (DOCS / "open311.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table whose first column is headed so."""
    table = re.search(rf"^\| {heading} \|.*\n\|[ -|]*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table is not None
    return [[cell.strip().strip("`") for cell in line.strip("|\n ").split("|")] for line in table[1].splitlines()]


def test_every_state_stands_with_its_word_in_open311() -> None:
    table = {row[0]: row[1] for row in rows("State")}
    assert sorted(table) == STATES == sorted(ComplaintStatus)
    assert {state for state, word in table.items() if word == "open"} == {str(state) for state in OPEN}
    assert set(table.values()) == {"open", "closed"}


def test_other_cities_words_mean_what_the_table_says() -> None:
    count = 0
    for state, *cells in rows("Here"):
        for word in ", ".join(cell for cell in cells if cell).split(", "):
            assert status_of(word) == state
            count += 1
    assert count == 17
