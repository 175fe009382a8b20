"""What tests of several folders share: one sandbox for the run, reset before every test that asks for `city`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from egov_serang import AsyncClient, Client, Config
from egov_serang.sandbox.server import Sandbox

# An example may take as long as it likes: this machine may be busy, and nothing here is timed.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

SCOPES = (
    *("identity:verify", "identity:attributes", "identity:consent", "identity:usage"),
    *("identity:apply", "identity:process"),
    *("complaints:read", "complaints:write", "complaints:manage", "complaints:confidential"),
    *("permits:read", "permits:apply", "permits:review", "permits:decide", "permits:issue"),
    *("notify:send", "notify:send_otp", "notify:templates", "notify:read", "notify:publish"),
)
"""All scopes of the four services (contract-v1 sections 2 to 5)."""


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The sandbox of this run. Ask for `city` as well, unless the test can live with what others left behind."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def city(sandbox: Sandbox, tmp_path: Path) -> Config:
    """A city as on its first day, and the configuration of a client that may do everything in it."""
    sandbox.reset()
    profile = sandbox.credentials("test-client", SCOPES, tmp_path)
    return Config(
        gateway=profile.gateway,
        client_id=profile.client_id,
        key_file=profile.key_file,
        signing_key_file=profile.signing_key_file,
    )


@pytest.fixture
def client(city: Config) -> Iterator[Client]:
    """A client that may do everything."""
    with Client(city) as made:
        yield made


@pytest.fixture
def async_client(city: Config) -> Callable[[], AsyncClient]:
    """Makes clients that may do everything; close each on the loop it was used on: `async with async_client() as c`."""
    return lambda: AsyncClient(city)
