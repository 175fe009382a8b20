"""Machines get tokens from npm oidc-provider: assertions, secrets, an issuer that stumbles, keys that change."""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator

import pytest
from tests.layers.keys import ed25519_pem, p256_pem, rsa_pem
from tests.peers.provider import Provider, carried_out, client, part, provider

from egov_serang.auth.credentials import ClientSecret, Credentials, PrivateKeyJwt
from egov_serang.auth.jwks import JwksSource
from egov_serang.auth.tokens import TokenSource
from egov_serang.core.runtime import Runtime
from egov_serang.errors import EgovError, ServerFault, Unauthorized
from egov_serang.signing.keys import PrivateKey

KEYS = {"ES256": p256_pem, "PS256": rsa_pem, "Ed25519": ed25519_pem}
SECRET = "s3:/+ cr%et=&"
FLOWS = ["threads", "tasks"]


def key(algorithm: str) -> PrivateKey:
    return PrivateKey(KEYS[algorithm](), "assertion")


@pytest.fixture(scope="module")
def issuer() -> Iterator[Provider]:
    registered = [
        client(
            f"app-{algorithm}",
            token_endpoint_auth_method="private_key_jwt",
            token_endpoint_auth_signing_alg=algorithm,
            jwks={"keys": [key(algorithm).public_jwk("assertion")]},
        )
        for algorithm in KEYS
    ]
    secrets = client("app:/+secret", client_secret=SECRET, token_endpoint_auth_method="client_secret_basic")
    with provider([*registered, secrets]) as running:
        yield running


def token(flow: str, issuer: Provider, credentials: Credentials, scope: str | None = None, audience: str = "") -> str:
    source = TokenSource(issuer.issuer, credentials, scope, audience=audience)

    async def get(runtime: Runtime) -> str:
        return (await source.get(runtime, runtime.now() + 30)).header()

    return carried_out(flow, get)


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("algorithm", KEYS)
def test_assertions_of_every_algorithm_are_taken(flow: str, algorithm: str, issuer: Provider) -> None:
    header = token(flow, issuer, PrivateKeyJwt(f"app-{algorithm}", key(algorithm)), "complaints:read")
    claims = part(header, 1)
    assert (claims["client_id"], claims["scope"]) == (f"app-{algorithm}", "complaints:read")
    assert (claims["iss"], claims["aud"]) == (issuer.issuer, f"{issuer.issuer}/v1")


@pytest.mark.parametrize("flow", FLOWS)
def test_a_token_is_for_the_service_that_was_named(flow: str, issuer: Provider) -> None:
    credentials = PrivateKeyJwt("app-ES256", key("ES256"))
    reports = f"{issuer.issuer}/reports"
    assert part(token(flow, issuer, credentials, "complaints:read", reports), 1)["aud"] == reports
    with pytest.raises(Unauthorized, match="invalid_target") as caught:
        token(flow, issuer, credentials, "complaints:read", "https://other.invalid")
    assert "setting audience" in str(caught.value.hint)


def test_an_assertion_counts_once_and_ours_are_never_used_twice(issuer: Provider) -> None:
    credentials = PrivateKeyJwt("app-ES256", key("ES256"))
    fields, _ = credentials.prove(issuer.issuer, int(time.time()))
    form = {"grant_type": "client_credentials", **fields}
    asked = [issuer.http.post(f"{issuer.issuer}/oauth2/token", data=form) for _ in range(2)]
    assert [answer.status_code for answer in asked] == [200, 401]
    assert asked[1].json()["error"] == "invalid_client"
    for _ in range(3):
        assert token("threads", issuer, credentials)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_strange_key_is_refused_by_name_and_without_secrets(flow: str, issuer: Provider) -> None:
    with pytest.raises(Unauthorized) as caught:
        token(flow, issuer, PrivateKeyJwt("app-ES256", key("Ed25519")))
    assert (caught.value.code, caught.value.sent) == ("invalid_client", "no")
    assert issuer.issuer in str(caught.value)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_secret_and_a_name_with_reserved_characters(flow: str, issuer: Provider) -> None:
    assert part(token(flow, issuer, ClientSecret("app:/+secret", SECRET)), 1)["client_id"] == "app:/+secret"
    with pytest.raises(Unauthorized):
        token(flow, issuer, ClientSecret("app:/+secret", SECRET + "x"))


@pytest.mark.parametrize("flow", FLOWS)
def test_an_issuer_that_stumbles_twice(flow: str, issuer: Provider) -> None:
    source = TokenSource(issuer.issuer, PrivateKeyJwt("app-ES256", key("ES256")))
    issuer.fail(2)
    before = issuer.calls

    async def get(runtime: Runtime) -> tuple[list[type[EgovError]], str]:
        faults: list[type[EgovError]] = []
        while True:
            try:
                return faults, (await source.get(runtime, runtime.now() + 30)).header()
            except EgovError as error:
                faults.append(type(error))

    faults, header = carried_out(flow, get)
    assert faults == [ServerFault, ServerFault]
    assert header.startswith("Bearer ")
    assert issuer.calls == before + 3


@pytest.mark.parametrize("flow", FLOWS)
def test_a_key_set_that_changes_is_followed(flow: str, issuer: Provider) -> None:
    keys = JwksSource(f"{issuer.issuer}/jwks", cooldown_s=0)
    credentials = PrivateKeyJwt("app-ES256", key("ES256"))
    old, new = token(flow, issuer, credentials), ""

    async def look(runtime: Runtime) -> list[bool]:
        known = await keys.get(part(old, 0)["kid"], runtime, runtime.now() + 30)
        issuer.rotate()
        nonlocal new
        new = (await TokenSource(issuer.issuer, credentials).get(runtime, runtime.now() + 30)).header()
        found = await keys.get(part(new, 0)["kid"], runtime, runtime.now() + 30)
        gone = await keys.get(part(old, 0)["kid"], runtime, runtime.now() + 30)
        body, _, signature = new.removeprefix("Bearer ").rpartition(".")
        holds = found is not None and found.holds(body.encode(), urlsafe_b64decode(signature + "=="))
        return [known is not None, holds, gone is None]

    assert carried_out(flow, look) == [True, True, True]
    assert part(old, 0)["kid"] != part(new, 0)["kid"]


@pytest.mark.parametrize("flow", FLOWS)
def test_a_token_endpoint_at_a_place_of_its_own(flow: str) -> None:
    """oidc-provider's own is `/token`; the assertion's audience is the issuer all the same."""
    registered = client(
        "app", token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key("ES256").public_jwk("assertion")]}
    )
    credentials = PrivateKeyJwt("app", key("ES256"))
    with provider([registered], token="/token") as issuer:
        document = issuer.http.get(f"{issuer.issuer}/.well-known/oauth-authorization-server").json()
        source = TokenSource(issuer.issuer, credentials, endpoint=document["token_endpoint"])

        async def get(runtime: Runtime) -> str:
            return (await source.get(runtime, runtime.now() + 30)).header()

        assert part(carried_out(flow, get), 1)["client_id"] == "app"
        with pytest.raises(Unauthorized) as caught:
            token(flow, issuer, credentials)
        assert caught.value.status == 404
