"""The pytest plugin: a small city for the run, a fresh city and ready-made clients for each test.

pytest loads this module in every run of everybody who has the package, so it imports nothing but pytest and changes no
setting: the sandbox and the clients are imported when a fixture is asked for.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from egov_serang.client import AsyncClient, Client
    from egov_serang.config import Config
    from egov_serang.sandbox.server import Sandbox
    from egov_serang.testing.faults import FaultGateway
    from egov_serang.testing.scripted import ScriptedFaults

CLIENT_ID: Final = "test-client"
SCOPES: Final = (
    *("identity:verify", "identity:attributes", "identity:consent", "identity:usage"),
    *("identity:apply", "identity:process"),
    *("complaints:read", "complaints:write", "complaints:manage", "complaints:confidential"),
    *("permits:read", "permits:apply", "permits:review", "permits:decide", "permits:issue"),
    *("notify:send", "notify:send_otp", "notify:templates", "notify:read", "notify:publish"),
    *("events:read", "events:manage"),
)
"""All scopes of the four services and of events (contract-v1)."""

_NEEDED: Final = ("fastapi", "uvicorn", "sqlalchemy", "python_multipart", "http_message_signatures", "jsonschema")


def missing_extra(needed: tuple[str, ...] = _NEEDED) -> str | None:
    """What to tell somebody who lacks packages of the extra `sandbox`; None when all are there."""
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if not missing:
        return None
    return f"the fixtures of egov-serang need {', '.join(missing)}: pip install 'egov-serang[sandbox,testing]'"


@pytest.fixture(scope="session")
def egov_city() -> str:
    """The city the sandbox plays, by slug or code; `serang`, unless a `conftest.py` has a fixture of this name."""
    return "serang"


@pytest.fixture(scope="session")
def egov_sandbox(egov_city: str) -> Iterator[Sandbox]:
    """A small city on this machine, one for the run (under pytest-xdist: one for each worker).

    `advance(seconds)` moves the city's clock. Every test that asks for one of the other fixtures finds the city as on
    its first day.
    """
    lacking = missing_extra()
    if lacking is not None:
        pytest.fail(lacking, pytrace=False)
    from egov_serang.sandbox.server import Sandbox  # noqa: PLC0415 - only for those who ask

    with Sandbox(city=egov_city) as running:
        yield running


@pytest.fixture(scope="session")
def _egov_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the test client's keys, made once for the run."""
    return tmp_path_factory.mktemp("egov-keys")


@pytest.fixture
def egov_config(egov_sandbox: Sandbox, _egov_keys: Path) -> Config:
    """The configuration of a client that may do everything, in a city as on its first day."""
    from egov_serang.config import Config  # noqa: PLC0415

    egov_sandbox.reset()
    profile = egov_sandbox.credentials(CLIENT_ID, SCOPES, _egov_keys)
    return Config(**profile.settings)


@pytest.fixture
def egov_client(egov_config: Config) -> Iterator[Client]:
    """A `Client` that may do everything; closed after the test."""
    from egov_serang.client import Client  # noqa: PLC0415

    with Client(egov_config) as client:
        yield client


@pytest.fixture
def egov_async_client(egov_config: Config) -> AsyncClient:
    """An `AsyncClient` that may do everything, for any event loop; its connections close with the loop they are on."""
    from egov_serang.client import AsyncClient  # noqa: PLC0415

    return AsyncClient(egov_config)


@pytest.fixture
def egov_faults(egov_sandbox: Sandbox, egov_config: Config) -> Iterator[ScriptedFaults]:
    """What shall go wrong in this test; what was not met is forgotten after it."""
    from egov_serang.testing.scripted import ScriptedFaults  # noqa: PLC0415

    yield ScriptedFaults(egov_sandbox)
    egov_sandbox.reset()


@pytest.fixture
def egov_fault_gateway() -> Iterator[FaultGateway]:
    """A gateway that fails on demand, on this machine: what shall happen is added with `then`.

    It needs no extra, gives tokens, honours idempotency keys and counts effects: `Config(**gateway.settings)`.
    """
    from egov_serang.testing.faults import FaultGateway  # noqa: PLC0415

    with FaultGateway() as gateway:
        yield gateway
