"""People let a program in at npm oidc-provider with a browser of their machine: its metadata, pages and rotation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.peers.pages import Browser
from tests.peers.provider import Provider, carried_out, client, provider

from egov_serang import Config, Forbidden, Unauthorized
from egov_serang.assembly.authentication import session_of
from egov_serang.auth.person import PersonTokens
from egov_serang.auth.sessions import Session, Sessions
from egov_serang.cli.person import Person
from egov_serang.core.runtime import Runtime
from egov_serang.sandbox.server import RETURN

APP = "laptop"
LONG = "openid offline_access"
NOWHERE = "http://127.0.0.1/nowhere"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    """As it comes: its own paths for every endpoint."""
    registered = client(APP, token_endpoint_auth_method="none", scope=LONG, application_type="native")
    registered |= {"grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"]}
    registered |= {"redirect_uris": [RETURN]}
    with provider([registered], token="/token") as found:
        yield found


@pytest.fixture
def config(running: Provider, tmp_path: Path) -> Config:
    return Config(
        gateway="https://gateway.invalid",
        issuer=running.issuer,
        auth="login",
        client_id=APP,
        scope=LONG,
        signature="none",
        session_folder=tmp_path,
    )


def agrees(address: str) -> None:
    """A person logs in on its pages and consents; the last redirect leads to the program's own page."""
    with Browser(login="warga", password="x") as browser:
        assert "boleh ditutup" in browser.visit(address, NOWHERE)


def cancels(address: str) -> None:
    with Browser(login="warga", password="x") as browser:
        assert "boleh ditutup" in browser.visit(address, NOWHERE, refuses=True)


def logged_in(config: Config) -> Sessions:
    assert Person(config, "me").log_in_here("file", lambda _: None, agrees).logged_in
    return session_of(config)[1]


def kept(sessions: Sessions) -> Session:
    session = sessions.read()
    assert session is not None
    assert session.refresh is not None
    return session


def test_a_person_lets_a_program_in_through_its_pages(running: Provider, config: Config) -> None:
    session = kept(logged_in(config))
    assert session.scope == LONG
    me = running.http.get(f"{running.issuer}/me", headers={"authorization": f"Bearer {session.access.reveal()}"})
    assert me.json()["sub"] == "warga"


def test_who_cancels_on_its_pages_lets_nobody_in(config: Config) -> None:
    with pytest.raises(Forbidden) as caught:
        Person(config, "me").log_in_here("file", lambda _: None, cancels)
    assert caught.value.code == "access_denied"
    assert session_of(config)[1].read() is None


def test_an_address_it_does_not_know_is_refused_before_a_browser_opens(config: Config) -> None:
    visited: list[str] = []
    elsewhere = config.with_(redirect_uri="http://127.0.0.1/elsewhere")
    with pytest.raises(Unauthorized) as caught:
        Person(elsewhere, "me").log_in_here("file", lambda _: None, visited.append)
    assert caught.value.code == "invalid_request"
    assert visited == []


@pytest.mark.parametrize("flow", ["threads", "tasks"])
def test_the_session_is_renewed_with_rotation_and_ends_when_a_token_is_used_twice(
    flow: str, running: Provider, config: Config
) -> None:
    sessions = logged_in(config)
    source, first, before = PersonTokens(*session_of(config)), kept(sessions), running.calls
    seen = {first.refresh.reveal()} if first.refresh is not None else set()

    async def used(runtime: Runtime) -> str:
        until = runtime.now() + 30
        source.drop(await source.get(runtime, until))
        return (await source.get(runtime, until)).header()

    for number in (1, 2, 3):
        assert carried_out(flow, used) == f"Bearer {kept(sessions).access.reveal()}"
        refresh = kept(sessions).refresh
        assert refresh is not None
        seen.add(refresh.reveal())
        assert running.calls == before + number
    assert len(seen) == 4
    sessions.write(replace(first, expires_at=0.0), "file")  # a copy of a session that lives elsewhere
    with pytest.raises(Unauthorized) as caught:
        Person(config, "me").access_token()
    assert caught.value.code == "invalid_grant"
    assert sessions.read() is None


def test_logging_out_ends_it_at_the_provider(running: Provider, config: Config) -> None:
    refresh = kept(logged_in(config)).refresh
    assert refresh is not None
    assert Person(config, "me").log_out() is None
    form = {"grant_type": "refresh_token", "client_id": APP, "refresh_token": refresh.reveal()}
    assert running.http.post(f"{running.issuer}/token", data=form).json()["error"] == "invalid_grant"


def test_its_metadata_is_followed_and_not_our_own_paths(running: Provider) -> None:
    said = running.http.get(f"{running.issuer}/.well-known/openid-configuration").json()
    for name, path in (("token_endpoint", "/token"), ("revocation_endpoint", "/token/revocation")):
        assert said[name] == running.issuer + path
    assert running.http.post(f"{running.issuer}/oauth2/token").status_code == 404
