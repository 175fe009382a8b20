"""npm oidc-provider, started on loopback by the tests that need it: an authorization server that nobody here wrote."""

from __future__ import annotations

import asyncio
import json
import ssl
from base64 import urlsafe_b64decode
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from tests.peers.node import folder, started

from egov_serang.core.runtime import AsyncRuntime, Runtime, SyncRuntime, run_sync
from egov_serang.transport.alanes import AsyncLanes
from egov_serang.transport.lanes import Lanes
from egov_serang.transport.tls import TlsOptions

T = TypeVar("T")


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
    where = folder("oidc", "oidc-provider", "EGOV_SERANG_OIDC")
    with started(where, {"clients": clients, "token": "/oauth2/token", **settings}) as said:
        found = Provider(said["issuer"], ca)
        with found.http:
            yield found


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


def part(header: str, number: int) -> dict[str, Any]:
    """Header (0) or claims (1) of the JWT in an `Authorization` header."""
    piece = header.partition(" ")[2].split(".")[number]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(piece + "=" * (-len(piece) % 4)))
    return found


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
