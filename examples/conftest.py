"""Fixtures for tests of your app against a small Serang: one server for the run, a fresh city for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from egov_serang import Client, Config
from egov_serang.sandbox.server import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox, tmp_path: Path) -> Iterator[Client]:
    sandbox.reset()
    profile = sandbox.credentials("my-app", ["complaints:read", "complaints:write"], tmp_path)
    config = Config(
        gateway=profile.gateway,
        client_id=profile.client_id,
        key_file=profile.key_file,
        signing_key_file=profile.signing_key_file,
    )
    with Client(config) as made:
        yield made
