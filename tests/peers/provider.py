"""npm oidc-provider, started on loopback by the tests that need it: an authorization server that nobody here wrote."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import ssl
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import httpx
import pytest

from egov_serang.core.runtime import AsyncRuntime, Runtime, SyncRuntime, run_sync
from egov_serang.transport.alanes import AsyncLanes
from egov_serang.transport.lanes import Lanes
from egov_serang.transport.tls import TlsOptions

T = TypeVar("T")

HERE = "EGOV_SERANG_OIDC"
"""The folder of package.json and server.mjs, where `npm install` was run."""


def absent(why: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def folder() -> Path:
    """Where the provider is installed; skips where it is not."""
    found = Path(os.environ.get(HERE) or Path(__file__).parent / "oidc")
    if shutil.which("node") is None:
        absent("node is not installed")
    if not (found / "node_modules" / "oidc-provider").is_dir():
        absent(f"npm oidc-provider is not installed: npm install --no-package-lock in {found.name}, or set {HERE}")
    return found


class Provider:
    """A running provider.

    Args:
        issuer: its issuer.
        ca: certificate authority to trust for it, where it speaks TLS.
    """

    def __init__(self, issuer: str, ca: str | None = None) -> None:
        self.issuer = issuer
        trust = True if ca is None else ssl.create_default_context(cafile=ca)
        self.http = httpx.Client(trust_env=False, timeout=30, verify=trust, follow_redirects=False)

    @property
    def calls(self) -> int:
        """How often its token endpoint was asked."""
        return int(self.http.get(f"{self.issuer}/control/calls").json()["calls"])

    def fail(self, times: int, status: int = 503) -> None:
        """Let the next token requests fail."""
        self.http.post(f"{self.issuer}/control/fail?times={times}&status={status}").raise_for_status()

    def rotate(self) -> None:
        """Other signing keys from now on; everything else is forgotten too."""
        self.http.post(f"{self.issuer}/control/rotate").raise_for_status()


@contextmanager
def provider(clients: list[dict[str, Any]], *, ca: str | None = None, **settings: Any) -> Iterator[Provider]:
    """Start one, and end it afterwards.

    Args:
        clients: registrations, in the words of OpenID Connect Dynamic Client Registration.
        ca: see `Provider`.
        settings: see server.mjs.
    """
    running = subprocess.Popen(
        ["node", "server.mjs"],
        cwd=folder(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert running.stdin is not None
    assert running.stdout is not None
    try:
        with running.stdin:
            json.dump({"clients": clients, "token": "/oauth2/token", **settings}, running.stdin)
        said = running.stdout.readline()
        assert said, "oidc-provider did not start"
        found = Provider(json.loads(said)["issuer"], ca)
        with found.http:
            yield found
    finally:
        running.terminate()
        running.wait()
        running.stdout.close()


def client(client_id: str, **more: Any) -> dict[str, Any]:
    """A registration for client credentials."""
    return {
        "client_id": client_id,
        "grant_types": ["client_credentials"],
        "redirect_uris": [],
        "response_types": [],
        "scope": "complaints:read complaints:write",
        **more,
    }


def carried_out(flow: str, work: Callable[[Runtime], Coroutine[Any, Any, T]], tls: TlsOptions | None = None) -> T:
    """What a coroutine over a runtime gives, in threads or in tasks, over our real transports."""
    options = tls or TlsOptions()
    if flow == "threads":
        lanes = Lanes(tls=options, slots=4)
        try:
            return run_sync(work(SyncRuntime(lanes)))
        finally:
            lanes.close()

    async def run() -> T:
        lanes = AsyncLanes(tls=options, slots=4)
        try:
            return await work(AsyncRuntime(lanes))
        finally:
            await lanes.close()

    return asyncio.run(run())
