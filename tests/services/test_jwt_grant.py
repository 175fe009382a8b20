"""auth = 'jwt_grant', and a client secret in the form, on both clients against the sandbox."""

from __future__ import annotations

import asyncio

import pytest

from egov_serang import AsyncClient, Client, Config, Forbidden, Unauthorized
from egov_serang.sandbox.server import Sandbox
from egov_serang.signing.keys import PrivateKey
from egov_serang.testing.plugin import SCOPES
from egov_serang.types import Secret

WORD = "a canary: with / + and %"


def test_the_grant_instead_of_client_credentials(city: Config) -> None:
    granting = city.with_(auth="jwt_grant", audience=f"{city.gateway}/v1", scope="complaints:read")
    with Client(granting) as client:
        assert list(client.complaints.services())
        with pytest.raises(Forbidden) as caught:
            next(iter(client.notifications.list()))
    assert caught.value.code == "scope_missing"

    async def read() -> bool:
        async with AsyncClient(granting) as client:
            return bool([service async for service in client.complaints.services()])

    assert asyncio.run(read())


def test_every_token_gets_an_assertion_of_its_own(city: Config, sandbox: Sandbox) -> None:
    for _ in range(3):
        with Client(city.with_(auth="jwt_grant")) as client:
            assert list(client.complaints.services())
    assert sandbox.counts()["token_calls"] == 3


def test_another_audience_is_refused(city: Config) -> None:
    client = Client(city.with_(auth="jwt_grant", audience="https://other.invalid"))
    with client, pytest.raises(Unauthorized) as caught:
        list(client.complaints.services())
    assert (caught.value.code, caught.value.sent) == ("invalid_target", "no")
    assert "setting audience" in str(caught.value.hint)


def test_a_wrong_clock_is_corrected_for_grants_too(city: Config, sandbox: Sandbox) -> None:
    sandbox.skew(600)
    try:
        with Client(city.with_(auth="jwt_grant")) as client:
            assert list(client.complaints.services())
        sandbox.skew(1200)
        far = Client(city.with_(auth="jwt_grant"))
        with far, pytest.raises(Unauthorized) as caught:
            list(far.complaints.services())
    finally:
        sandbox.skew(0)
    assert caught.value.code == "invalid_grant"
    assert "Set this machine's clock" in str(caught.value.hint)


@pytest.mark.parametrize("method", ["basic", "post"])
def test_a_client_secret_in_header_or_form(city: Config, sandbox: Sandbox, method: str) -> None:
    key = PrivateKey.from_file(city.signing_key_file or "", city.signing_key_id)
    sandbox.register("old/app", {"keys": [key.public_jwk("message")]}, SCOPES, WORD)
    how = {"auth": "client_secret", "client_id": "old/app", "key_file": None}
    old = city.with_(**how, client_secret=Secret(WORD), client_secret_method=method)
    with Client(old) as client:
        assert list(client.complaints.services())
    wrong = Client(old.with_(client_secret=Secret(WORD + "x")))
    with wrong, pytest.raises(Unauthorized) as caught:
        list(wrong.complaints.services())
    assert caught.value.code == "invalid_client"
    assert WORD not in str(caught.value) + repr(vars(caught.value)) + repr(wrong.tokens) + repr(old)
