"""What tests of several folders share: the fixtures we give to users, under the names of this house."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from egov_serang import Client, Config
from egov_serang.sandbox.server import Sandbox

# An example may take as long as it likes: this machine may be busy, and nothing here is timed.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def sandbox(egov_sandbox: Sandbox) -> Sandbox:
    """The sandbox of this run. Ask for `city` as well, unless the test can live with what others left behind."""
    return egov_sandbox


@pytest.fixture
def city(egov_config: Config) -> Config:
    """A city as on its first day, and the configuration of a client that may do everything in it."""
    return egov_config


@pytest.fixture
def client(egov_client: Client) -> Client:
    """A client that may do everything."""
    return egov_client


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation, built strictly."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=Path(__file__).parents[1], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
