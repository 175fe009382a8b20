"""People let a program in at npm oidc-provider by a code they type elsewhere; their session is renewed and ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.peers.pages import Browser
from tests.peers.provider import Provider, carried_out, client, provider

from egov_serang.auth import device
from egov_serang.auth.person import Issuer, PersonTokens
from egov_serang.auth.sessions import Session, Sessions
from egov_serang.core.runtime import Runtime
from egov_serang.errors import ServerFault, Unauthorized
from egov_serang.types import Secret

FLOWS = ["threads", "tasks"]
NOWHERE = "http://127.0.0.1/nowhere"


class Meanwhile:
    """A runtime on which, instead of waiting, something happens.

    Args:
        runtime: does all the rest.
        happenings: one for each wait.
    """

    def __init__(self, runtime: Runtime, happenings: list[Callable[[], object]]) -> None:
        self._runtime, self._happenings = runtime, happenings
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._happenings.pop(0)()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runtime, name)


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    registered = client("konter", token_endpoint_auth_method="none", scope="openid offline_access")
    registered |= {"grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]}
    with provider([registered]) as found:
        yield found


@pytest.fixture
def issuer(running: Provider) -> Issuer:
    return Issuer(running.issuer, "konter")


def let_in(flow: str, issuer: Issuer, person: Callable[[device.Prompt], object], scope: str = "openid") -> Session:
    """A login in which the person does something after the first question."""
    shown: list[device.Prompt] = []

    async def work(runtime: Runtime) -> Session:
        waiting: Any = Meanwhile(runtime, [lambda: None, lambda: person(shown[0])])
        return await device.log_in(waiting, issuer, scope, shown.append)

    return carried_out(flow, work)


def agrees(prompt: device.Prompt) -> None:
    with Browser(login="warga", password="x", user_code=prompt.code) as browser:
        page = browser.visit(prompt.address, NOWHERE)
    assert "Sign-in Success" in page


def refuses(prompt: device.Prompt) -> None:
    with Browser(login="warga", password="x") as browser:
        page = browser.visit(prompt.complete or "", NOWHERE, button="abort")
    assert "interrupted" in page


@pytest.mark.parametrize("flow", FLOWS)
def test_a_person_types_the_code_on_its_pages(flow: str, running: Provider, issuer: Issuer) -> None:
    session = let_in(flow, issuer, agrees)
    me = running.http.get(f"{running.issuer}/me", headers={"authorization": f"Bearer {session.access.reveal()}"})
    assert me.json()["sub"] == "warga"
    assert session.lifetime == 600
    assert session.access.reveal() not in repr(session)


@pytest.mark.parametrize("flow", FLOWS)
def test_who_aborts_on_its_pages_lets_nobody_in(flow: str, issuer: Issuer) -> None:
    with pytest.raises(Unauthorized) as caught:
        let_in(flow, issuer, refuses)
    assert caught.value.code == "access_denied"


@pytest.mark.parametrize("flow", FLOWS)
def test_a_provider_that_stumbles_while_we_wait(flow: str, running: Provider, issuer: Issuer) -> None:
    """It does not answer the second question as it should: the error is its own, and names it."""

    def stumbles(prompt: device.Prompt) -> None:
        agrees(prompt)
        running.fail(1)

    with pytest.raises(ServerFault) as caught:
        let_in(flow, issuer, stumbles)
    assert running.issuer in str(caught.value)


@pytest.fixture
def kept(tmp_path: Path, running: Provider, issuer: Issuer) -> Sessions:
    """A session that can be renewed, in a file."""
    found = Sessions(tmp_path, running.issuer, "konter")
    found.prepare()
    found.write(let_in("threads", issuer, agrees, "openid offline_access"), "file")
    return found


def used(flow: str, source: PersonTokens) -> str:
    """The token in hand is used and refused, the next one is given."""

    async def work(runtime: Runtime) -> str:
        until = runtime.now() + 30
        source.drop(await source.get(runtime, until))
        return (await source.get(runtime, until)).header()

    return carried_out(flow, work)


def refresh_of(kept: Sessions) -> str:
    session = kept.read()
    assert session is not None
    assert session.refresh is not None
    return session.refresh.reveal()


@pytest.mark.parametrize("flow", FLOWS)
def test_each_renewal_brings_another_refresh_token_and_keeps_it(
    flow: str, running: Provider, issuer: Issuer, kept: Sessions
) -> None:
    source, before = PersonTokens(issuer, kept), running.calls
    seen = {refresh_of(kept)}
    for number in (1, 2, 3):
        assert used(flow, source).startswith("Bearer ")
        seen.add(refresh_of(kept))
        assert running.calls == before + number
    assert len(seen) == 4


def test_another_process_takes_what_was_renewed(running: Provider, issuer: Issuer, kept: Sessions) -> None:
    first, second = PersonTokens(issuer, kept), PersonTokens(issuer, kept)
    token, before = used("threads", first), running.calls

    async def get(runtime: Runtime) -> str:
        return (await second.get(runtime, runtime.now() + 30)).header()

    assert carried_out("threads", get) == token
    assert running.calls == before


@pytest.mark.parametrize("flow", FLOWS)
def test_a_refresh_token_used_twice_ends_the_login(
    flow: str, running: Provider, issuer: Issuer, kept: Sessions
) -> None:
    """Somebody copied it. The thief's use of the old one also ends what we renewed since."""
    stolen, source = refresh_of(kept), PersonTokens(issuer, kept)
    used(flow, source)
    form = {"grant_type": "refresh_token", "client_id": "konter", "refresh_token": stolen}
    answer = running.http.post(f"{running.issuer}/oauth2/token", data=form)
    assert answer.json()["error"] == "invalid_grant"
    with pytest.raises(Unauthorized) as caught:
        used(flow, source)
    assert caught.value.code == "invalid_grant"
    assert "egov login" in (caught.value.hint or "")
    assert stolen not in f"{caught.value!r} {caught.value}"
    assert kept.read() is None


def test_logging_out_ends_it_at_the_provider(running: Provider, issuer: Issuer, kept: Sessions) -> None:
    ended = refresh_of(kept)

    async def revoke(runtime: Runtime) -> None:
        await issuer.revoke(runtime, Secret(ended), runtime.now() + 30)

    carried_out("threads", revoke)
    form = {"grant_type": "refresh_token", "client_id": "konter", "refresh_token": ended}
    assert running.http.post(f"{running.issuer}/oauth2/token", data=form).json()["error"] == "invalid_grant"
