from __future__ import annotations

import pytest
from tests.layers.worlds import World


@pytest.fixture(params=["threads", "tasks"])
def world(request: pytest.FixtureRequest) -> World:
    """A fake service seen through each runtime: what a layer does it must do in both."""
    return World(request.param)
