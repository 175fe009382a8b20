"""The fault matrix: each case of each row, on each kind of client, comes out as expected.csv says, typed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.matrix.cases import CASES, Case
from tests.faults.matrix.expected import expected
from tests.faults.matrix.stage import played
from tests.faults.matrix.worlds import WORLDS, World


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matrix")


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_answered_truthfully(case: Case, world: World, folder: Path) -> None:
    assert played(case, world, folder) == expected(case.row, case.fault, case.call, case.times, world)
