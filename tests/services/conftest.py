"""Clients on every side of a complaint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.services.sides import SCOPES, Sides

from egov_serang import Client, Config
from egov_serang.sandbox.server import Sandbox


@pytest.fixture
def sides(city: Config, sandbox: Sandbox, tmp_path: Path) -> Iterator[Sides]:
    """A client of the reporter, of somebody else, of an officer, and of one who may see what is confidential."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(Client(Config(**sandbox.credentials(name, scopes, tmp_path).settings)))
            for name, scopes in SCOPES.items()
        }
