"""Proof 2: importing costs nothing, and a second client makes no second TLS context."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tests.contract.authority import Authority

HEAVY = [
    "httpx",
    "httpcore",
    "pydantic",
    "pydantic_core",
    "cryptography",
    "joserfc",
    "tenacity",
    "asyncio",
    "ssl",
    "stdnum",
    "http_sf",
    "pyreqwest",
    "opentelemetry",
]


def run(script: str, *arguments: str) -> str:
    """What a script prints in a fresh interpreter that turns warnings into errors."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_loads_nothing_heavy() -> None:
    printed = run(
        """
        import sys
        before = set(sys.modules)
        import egov_serang
        dir(egov_serang), egov_serang.__version__
        print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
        """
    )
    loaded = set(printed.split())
    assert "egov_serang" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("name", ["Nik", "OpenEnum", "EgovError", "ConfigError"])
def test_light_names_stay_light(name: str) -> None:
    printed = run(
        """
        import sys
        before = set(sys.modules)
        import egov_serang
        getattr(egov_serang, sys.argv[1])
        print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
        """,
        name,
    )
    assert set(printed.split()).isdisjoint(HEAVY)


def test_a_successful_call_never_loads_tenacity() -> None:
    printed = run(
        """
        import sys
        from egov_serang import Client
        from egov_serang.testing import FakeTransport
        answer = {"complaint_id": "c", "service_code": "road", "status": "submitted", "version": 1}
        assert Client(transport=FakeTransport(lambda request: answer)).complaints.get("c").version == 1
        print("tenacity" in sys.modules, "stdnum" in sys.modules)
        """
    )
    assert printed.split() == ["False", "False"]


def test_a_client_without_telemetry_never_loads_opentelemetry() -> None:
    printed = run(
        """
        import sys
        from egov_serang import Client
        from egov_serang.testing import FakeTransport
        answer = {"complaint_id": "c", "service_code": "road", "status": "submitted", "version": 1}
        transport = FakeTransport(lambda request: answer)
        assert Client(transport=transport).complaints.get("c").version == 1
        print("opentelemetry" in sys.modules)
        from opentelemetry.trace import NoOpTracerProvider
        Client(transport=transport, tracer_provider=NoOpTracerProvider()).complaints.get("c")
        print("opentelemetry" in sys.modules, "egov_serang.layers.telemetry" in sys.modules)
        """
    )
    assert printed.split() == ["False", "True", "True"]


def test_two_clients_share_one_tls_context(tmp_path: Path) -> None:
    """Over real TLS on loopback: connections are made by both clients, contexts by one alone."""
    with Authority(tmp_path) as gateway:
        printed = run(
            """
            import asyncio, ssl, sys
            made = []
            real = ssl.SSLContext.__new__
            def counted(cls, *args, **kwargs):
                made.append(cls)
                return real(cls, *args, **kwargs)
            ssl.SSLContext.__new__ = counted
            from egov_serang import AsyncClient, Client, Config
            config = Config(gateway=sys.argv[1], ca_file=sys.argv[2], auth="none", signature="none")
            counts = [len(made)]
            with Client(config) as client:
                client.complaints.get("c")
            counts.append(len(made))
            with Client(config) as client:
                client.complaints.get("c")
            counts.append(len(made))
            async def main():
                async with AsyncClient(config) as client:
                    await client.complaints.get("c")
            asyncio.run(main())
            counts.append(len(made))
            print(*counts)
            """,
            gateway.url,
            str(gateway.ca_file),
        )
    assert printed.split() == ["0", "1", "1", "1"]
    assert gateway.connections == 3
