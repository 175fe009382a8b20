"""What a token is for (RFC 8707), said to the sandbox under the profiles that obtain tokens."""

from __future__ import annotations

import asyncio

import pytest

from egov_serang import AsyncClient, Client, Config, Unauthorized
from egov_serang.sandbox.server import Sandbox
from egov_serang.signing.keys import PrivateKey
from egov_serang.testing.plugin import SCOPES
from egov_serang.types import Secret

WORD = "a word of nobody's"


@pytest.fixture(params=["private_key_jwt", "client_secret", "jwt_grant"])
def config(request: pytest.FixtureRequest, city: Config, sandbox: Sandbox) -> Config:
    if request.param != "client_secret":
        return city.with_(auth=request.param)
    key = PrivateKey.from_file(city.signing_key_file or "", city.signing_key_id)
    sandbox.register("old-app", {"keys": [key.public_jwk("message")]}, SCOPES, WORD)
    return city.with_(auth="client_secret", client_id="old-app", key_file=None, client_secret=Secret(WORD))


def test_a_token_for_this_gateway(config: Config) -> None:
    config = config.with_(audience=f"{config.gateway}/v1")
    with Client(config) as client:
        assert list(client.complaints.services())

    async def read() -> bool:
        async with AsyncClient(config) as client:
            return bool([service async for service in client.complaints.services()])

    assert asyncio.run(read())


def test_a_token_for_another_service_is_refused(config: Config) -> None:
    with Client(config.with_(audience="https://other.invalid")) as client, pytest.raises(Unauthorized) as caught:
        list(client.complaints.services())
    assert (caught.value.code, caught.value.sent) == ("invalid_target", "no")
    assert "setting audience" in str(caught.value.hint)
