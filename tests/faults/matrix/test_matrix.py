"""The fault matrix: each case of each row, on each kind of client, comes out as expected.csv says, typed by hand."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from tests.faults.matrix.cases import CASES, ITSELF, Case
from tests.faults.matrix.expected import expected, rows
from tests.faults.matrix.scenarios import SCENARIOS, Scenario
from tests.faults.matrix.stage import played, within_bound
from tests.faults.matrix.table import promised, shown, table
from tests.faults.matrix.worlds import WORLDS, World


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matrix")


def has_ipv6() -> bool:
    """Whether this machine can be reached at ::1; some containers cannot."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_answered_truthfully(case: Case, world: World, folder: Path) -> None:
    if case.host == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    assert played(case, world, folder) == expected(case.row, case.fault, case.call, case.times, world)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_row_with_a_play_of_its_own(scenario: Scenario, world: World, folder: Path) -> None:
    if scenario.only and world.name not in scenario.only:
        pytest.skip(scenario.why)
    outcome = within_bound(lambda: scenario.play(world, folder))
    assert outcome == expected(scenario.row, scenario.fault, scenario.call, ITSELF, world)


def test_every_row_is_played_and_nothing_else_is_expected() -> None:
    played_keys = {(case.row, case.fault, case.call, case.times) for case in CASES}
    played_keys |= {(scenario.row, scenario.fault, scenario.call, ITSELF) for scenario in SCENARIOS}
    assert {row for row, *_ in played_keys} == set(range(1, 43))
    assert len(played_keys) == len(CASES) + len(SCENARIOS)
    assert rows().keys() == played_keys


def test_the_table_of_the_documentation_is_what_was_measured() -> None:
    """The cells above hold what is measured against what is expected; this, what is expected against the page."""
    assert shown() == table(promised()), "run: make matrix"
