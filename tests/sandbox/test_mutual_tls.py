"""The sandbox over TLS: who proves itself by a certificate, what its tokens are bound to, and each thing refused."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from egov_serang import AsyncClient, Client, Config, SignatureInvalid, Unauthorized
from egov_serang.sandbox.profile import Profile
from egov_serang.sandbox.server import Sandbox

SCOPES = ["complaints:read"]
FORM = {"grant_type": "client_credentials", "client_id": "counter"}


@pytest.fixture(scope="module")
def city() -> Iterator[Sandbox]:
    with Sandbox(tls=True) as running:
        yield running


@pytest.fixture(scope="module")
def profile(city: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Profile:
    return city.credentials("counter", SCOPES, tmp_path_factory.mktemp("counter"))


@pytest.fixture(scope="module")
def other(city: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Profile:
    return city.credentials("other", SCOPES, tmp_path_factory.mktemp("other"))


def raw(profile: Profile, *, certificate: bool = True) -> httpx.Client:
    context = ssl.create_default_context(cafile=str(profile.ca_file))
    if certificate:
        context.load_cert_chain(str(profile.client_cert_file))
    return httpx.Client(verify=context, trust_env=False)


def token(city: Sandbox, profile: Profile, **more: Any) -> dict[str, Any]:
    with raw(profile) as http:
        found: dict[str, Any] = http.post(f"{city.url}/oauth2/token", data=FORM | more).raise_for_status().json()
        return found


@pytest.mark.parametrize("auth", ["mtls", "private_key_jwt", "fapi2"])
def test_both_clients_work_over_it(profile: Profile, auth: str) -> None:
    config = Config(**profile.settings, auth=auth)
    with Client(config) as client:
        assert list(client.complaints.services())

    async def read() -> bool:
        async with AsyncClient(config) as client:
            return bool([service async for service in client.complaints.services()])

    assert asyncio.run(read())


def test_the_token_is_bound_to_the_certificate(city: Sandbox, profile: Profile) -> None:
    from egov_serang.auth.certificate import client_certificate

    with raw(profile) as http:
        keys = KeySet.import_key_set(http.get(f"{city.url}/.well-known/jwks.json").json())
        metadata = http.get(f"{city.url}/.well-known/oauth-authorization-server").json()
    claims = jwt.decode(token(city, profile)["access_token"], keys, ["ES256"]).claims
    ours = client_certificate(str(profile.client_cert_file), None, None).current(0)
    assert claims["cnf"] == {"x5t#S256": ours.thumbprint}
    assert metadata["tls_client_certificate_bound_access_tokens"]
    assert "tls_client_auth" in metadata["token_endpoint_auth_methods_supported"]


@pytest.mark.parametrize("path", ["/oauth2/revoke", "/oauth2/device_authorization"])
def test_a_certificate_proves_its_client_at_every_endpoint(city: Sandbox, profile: Profile, path: str) -> None:
    form = {"client_id": "counter", "token": "unknown"}
    for shown, status in ((True, 200), (False, 401)):
        with raw(profile, certificate=shown) as http:
            assert http.post(city.url + path, data=form).status_code == status


def test_a_certificate_proves_only_whom_it_names(city: Sandbox, profile: Profile, other: Profile) -> None:
    for who, shown in (("counter", other), ("nobody", profile)):
        with raw(shown) as http:
            answer = http.post(f"{city.url}/oauth2/token", data=FORM | {"client_id": who})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    with raw(profile, certificate=False) as http:
        assert http.post(f"{city.url}/oauth2/token", data=FORM).json()["error"] == "invalid_client"


def test_a_stolen_token_opens_nothing(city: Sandbox, profile: Profile, other: Profile, tmp_path: Path) -> None:
    """Whoever has the token and the message key, but not the certificate, is refused."""
    (tmp_path / "token").write_text(token(city, profile)["access_token"], "utf-8")
    base = {**profile.settings, "auth": "bearer", "credential_file": tmp_path / "token"}
    with Client(Config(**base)) as client:
        assert list(client.complaints.services())
    for shown in (str(other.client_cert_file), None):
        thief = Client(Config(**base | {"client_cert_file": shown}))
        with thief, pytest.raises((Unauthorized, SignatureInvalid)) as caught:
            list(thief.complaints.services())
        assert caught.value.code == "unauthenticated"


def test_a_new_certificate_counts_in_a_running_client(
    city: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = city.credentials("rotating", SCOPES, tmp_path)
    with Client(Config(**profile.settings, auth="mtls", retries=0)) as client:
        list(client.complaints.services())
        city.credentials("rotating", SCOPES, tmp_path)
        followed = vars(vars(client.tokens)["_certificate"])["_followed"]
        monkeypatch.setattr(followed, "_looked", float("-inf"))
        list(client.complaints.services())
    answers = [r["status"] for r in city.requests() if r["client_id"] == "rotating" and r["operation"] != "oauth.token"]
    assert set(answers) == {200}


def test_without_tls_there_is_nothing_of_it(sandbox: Sandbox) -> None:
    metadata = httpx.get(f"{sandbox.url}/.well-known/oauth-authorization-server", trust_env=False).json()
    assert not metadata["tls_client_certificate_bound_access_tokens"]
    assert "tls_client_auth" not in metadata["token_endpoint_auth_methods_supported"]
    assert sandbox.ca_file is None
