"""One sandbox for the run (see the fixtures of the folder above), as on its first day in every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.login.browser import Browser
from tests.sandbox.login_requests import APP, BACK, LEFT, SECRET
from tests.sandbox.peer import Peer

from egov_serang.sandbox.server import Sandbox

Register = Callable[..., Peer]
CITIZEN = ["complaints:read", "complaints:write", "identity:verify"]
OFFICER = ["complaints:read", "complaints:manage"]


@pytest.fixture
def server(sandbox: Sandbox) -> Sandbox:
    sandbox.reset()
    return sandbox


@pytest.fixture
def register(server: Sandbox) -> Iterator[Register]:
    """Registers clients: `register("name", scopes, **keys)`."""
    made: list[Peer] = []

    def register(client_id: str, scopes: list[str], **keys: Any) -> Peer:
        peer = Peer(server.url, client_id, scopes, **keys)
        server.register(client_id, peer.jwks(), scopes)
        made.append(peer)
        return peer

    yield register
    for peer in made:
        peer.http.close()


@pytest.fixture
def citizen(register: Register) -> Peer:
    return register("citizen-app", CITIZEN)


@pytest.fixture
def officer(register: Register) -> Peer:
    return register("officer-desk", OFFICER)


@pytest.fixture
def provider(sandbox: Sandbox) -> Sandbox:
    """The sandbox with an application that people log in to."""
    sandbox.reset()
    sandbox.register(
        APP, {"keys": []}, [], SECRET, redirect_uris=[BACK], post_logout_redirect_uris=[LEFT], name="<b>Lapor</b>"
    )
    return sandbox


@pytest.fixture
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.close()
