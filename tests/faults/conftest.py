from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.faults.worlds import Make, World, lanes


@pytest.fixture(params=["threads", "tasks"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes lanes with options, in each world; closed at the end."""
    made: list[World] = []

    def build(**options: Any) -> World:
        made.append(lanes(request.param, **options))
        return made[-1]

    yield build
    for world in made:
        world.end()


@pytest.fixture
def world(make: Make) -> World:
    return make()
