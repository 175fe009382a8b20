from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.faults.worlds import WORLDS, Make, World


@pytest.fixture(params=list(WORLDS))
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes a transport with options, in each world; closed at the end."""
    made: list[World] = []

    def build(**options: Any) -> World:
        made.append(WORLDS[request.param](**options))
        return made[-1]

    yield build
    for world in made:
        world.end()


@pytest.fixture
def world(make: Make) -> World:
    return make()
