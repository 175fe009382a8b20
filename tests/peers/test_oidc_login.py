"""People log in at npm oidc-provider, through its own pages: pushed requests, PKCE, `iss`, userinfo, logout."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.layers.keys import p256_pem, pem, rsa_pem
from tests.peers.pages import Browser
from tests.peers.provider import Provider, provider

from egov_serang.auth.dpop import ProofKey, challenged
from egov_serang.auth.login import AsyncLogin, Login, LoginConfig, Person, Transaction
from egov_serang.auth.login.callback import Answer
from egov_serang.auth.login.flow import Flow
from egov_serang.core.runtime import SyncRuntime, run_sync
from egov_serang.errors import EgovError, Forbidden, SignatureInvalid, Unauthorized
from egov_serang.signing.keys import PrivateKey
from egov_serang.transport.lanes import Lanes
from egov_serang.transport.tls import TlsOptions
from egov_serang.types import Secret

FLOWS = ["threads", "tasks"]
BACK = "http://127.0.0.1/back"
GONE = "http://127.0.0.1/gone"
SECRET = "s3:/+ cr%et=&"
WEB = (
    "web-keyed",
    "web-secret",
    "web-public",
    "web-sealed-EC",
    "web-sealed-RSA",
    "web-pairwise",
    "web-signed-userinfo",
)


def registered(name: str, key: PrivateKey, sealing: dict[str, PrivateKey]) -> dict[str, Any]:
    jwks = {"keys": [key.public_jwk("assertion")]}
    found: dict[str, Any] = {
        "client_id": name,
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "redirect_uris": [BACK],
        "post_logout_redirect_uris": [GONE],
        "scope": "openid",
        "id_token_signed_response_alg": "ES256",
    }
    if name == "web-secret":
        return found | {"token_endpoint_auth_method": "client_secret_basic", "client_secret": SECRET}
    if name == "web-public":
        return found | {"token_endpoint_auth_method": "none"}
    found |= {"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks}
    if name.startswith("web-sealed"):
        kind = name.rpartition("-")[2]
        jwks["keys"].append(sealing[kind].public_jwk("assertion") | {"use": "enc"})
        algorithm = {"EC": "ECDH-ES+A256KW", "RSA": "RSA-OAEP-256"}[kind]
        return found | {
            "id_token_encrypted_response_alg": algorithm,
            "id_token_encrypted_response_enc": "A256GCM",
            "userinfo_encrypted_response_alg": algorithm,
            "userinfo_encrypted_response_enc": "A256GCM",
            "userinfo_signed_response_alg": "ES256",
        }
    if name == "web-pairwise":
        return found | {"subject_type": "pairwise"}
    return found | ({"userinfo_signed_response_alg": "ES256"} if name == "web-signed-userinfo" else {})


class Town:
    """A provider, and applications that are registered with it."""

    def __init__(self, running: Provider, folder: Path) -> None:
        self.provider, self._folder = running, folder

    def config(self, name: str = "web-keyed", **more: Any) -> LoginConfig:
        known: dict[str, Any] = {
            "issuer": self.provider.issuer,
            "client_id": name,
            "redirect_uri": BACK,
            "post_logout_redirect_uri": GONE,
            "key_file": self._folder / "assertion.pem",
            "key_id": "assertion",
            "userinfo": True,
        }
        if name == "web-secret":
            known |= {"auth": "client_secret", "client_secret": Secret(SECRET), "key_file": None}
        if name == "web-public":
            known |= {"auth": "none", "key_file": None}
        if name.startswith("web-sealed"):
            known |= {"decryption_key_files": (self._folder / f"{name.rpartition('-')[2]}.pem",)}
        return LoginConfig(**known | more)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    made = {"assertion": pem(ec.generate_private_key(ec.SECP256R1())), "EC": p256_pem(), "RSA": rsa_pem()}
    for name, data in made.items():
        (folder / f"{name}.pem").write_bytes(data)
        (folder / f"{name}.pem").chmod(0o600)
    keys = {name: PrivateKey(data, name) for name, data in made.items()}
    with provider([registered(name, keys["assertion"], keys) for name in WEB], nonce=True) as running:
        yield Town(running, folder)


def begun(flow: str, config: LoginConfig) -> tuple[str, Transaction]:
    if flow == "threads":
        with Login(config) as login:
            return login.begin()

    async def begin() -> tuple[str, Transaction]:
        async with AsyncLogin(config) as login:
            return await login.begin()

    return asyncio.run(begin())


def finished(flow: str, config: LoginConfig, answer: str, kept: Transaction) -> Person:
    if flow == "threads":
        with Login(config) as login:
            return login.finish(answer, kept)

    async def finish() -> Person:
        async with AsyncLogin(config) as login:
            return await login.finish(answer, kept)

    return asyncio.run(finish())


def logged_in(flow: str, config: LoginConfig, who: str = "warga") -> Person:
    address, kept = begun(flow, config)
    with Browser(login=who, password="x") as browser:
        return finished(flow, config, browser.visit(address, BACK), kept)


def code_of(answer: str) -> str:
    return parse_qs(urlsplit(answer).query)["code"][0]


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("name", WEB)
def test_a_person_logs_in_through_its_pages(name: str, flow: str, town: Town) -> None:
    config = town.config(name)
    address, kept = begun(flow, config)
    # The request itself went before, from us to the provider: nobody between can change it.
    assert set(parse_qs(urlsplit(address).query)) == {"client_id", "request_uri"}
    with Browser(login="warga", password="x") as browser:
        answer = browser.visit(address, BACK)
    assert parse_qs(urlsplit(answer).query)["iss"] == [config.issuer]
    person = finished(flow, config, answer, kept)
    assert person.name == "Name of warga"
    assert (person.subject == "warga") is (name != "web-pairwise")
    assert "warga" not in repr(person)


def test_a_pairwise_subject_is_the_same_each_time_and_anothers_is_another(town: Town) -> None:
    config = town.config("web-pairwise")
    one, again, other = (logged_in("threads", config, who).subject for who in ("warga", "warga", "tetangga"))
    assert one == again
    assert one != other


@pytest.mark.parametrize("flow", FLOWS)
def test_a_code_counts_once(flow: str, town: Town) -> None:
    config = town.config()
    address, kept = begun(flow, config)
    with Browser(login="warga", password="x") as browser:
        answer = browser.visit(address, BACK)
    assert finished(flow, config, answer, kept).subject == "warga"
    with pytest.raises(Unauthorized) as caught:
        finished(flow, config, answer, kept)
    assert caught.value.code == "invalid_grant"
    assert code_of(answer) not in f"{caught.value!r} {caught.value}"


def test_a_stolen_code_is_worthless_without_the_verifier(town: Town) -> None:
    """PKCE: the thief's own login has another verifier, although state and issuer are made to fit."""
    config = town.config()
    address, _ = begun("threads", config)
    with Browser(login="warga", password="x") as browser:
        stolen = code_of(browser.visit(address, BACK))
    other, kept = begun("threads", config)
    with Browser(login="maling", password="x") as browser:
        answer = browser.visit(other, BACK)
    injected = str(httpx.URL(answer).copy_set_param("code", stolen))
    with pytest.raises(Unauthorized) as caught:
        finished("threads", config, injected, kept)
    assert caught.value.code == "invalid_grant"


@pytest.mark.parametrize(
    ("changed", "code"), [({"state": "another"}, "login_state"), ({"iss": "https://evil.test"}, "login_issuer")]
)
def test_a_tampered_answer_never_reaches_the_token_endpoint(changed: dict[str, str], code: str, town: Town) -> None:
    config = town.config()
    address, kept = begun("threads", config)
    with Browser(login="warga", password="x") as browser:
        answer = browser.visit(address, BACK)
    before = town.provider.calls
    for wrong in (
        httpx.URL(answer).copy_merge_params(changed),
        httpx.URL(answer).copy_remove_param(next(iter(changed))),
    ):
        with pytest.raises(Unauthorized) as caught:
            finished("threads", config, str(wrong), kept)
        assert caught.value.code == code
    assert town.provider.calls == before


def test_who_says_no_is_not_logged_in(town: Town) -> None:
    config = town.config()
    address, kept = begun("threads", config)
    with Browser(login="warga", password="x") as browser:
        answer = browser.visit(address, BACK, refuses=True)
    with pytest.raises(Forbidden) as caught:
        finished("threads", config, answer, kept)
    assert caught.value.code == "access_denied"


def test_max_age_asks_the_person_again(town: Town) -> None:
    with Browser(login="warga", password="x") as browser:
        for more in ({}, {"max_age": 0}):
            address, kept = begun("threads", town.config(**more))
            person = finished("threads", town.config(**more), browser.visit(address, BACK), kept)
    assert person.authenticated_at is not None
    assert abs(person.authenticated_at.timestamp() - time.time()) < 60


def test_logging_out_ends_the_providers_session(town: Town) -> None:
    config = town.config()
    with Login(config) as login, Browser(login="warga", password="x") as browser:
        address, kept = login.begin()
        login.finish(browser.visit(address, BACK), kept)
        silent, kept = login.begin(prompt="none")
        assert login.finish(browser.visit(silent, BACK), kept).subject == "warga"
        back = browser.visit(login.logout_url(state="after"), GONE, button="logout")
        assert parse_qs(urlsplit(back).query)["state"] == ["after"]
        silent, kept = login.begin(prompt="none")
        with pytest.raises(Unauthorized) as caught:
            login.finish(browser.visit(silent, BACK), kept)
    assert caught.value.code == "login_required"


def test_an_encrypted_token_needs_the_key_it_was_encrypted_to(town: Town) -> None:
    config = town.config("web-sealed-EC")
    other = replace(config, decryption_key_files=town.config("web-sealed-RSA").decryption_key_files)
    for wrong in (other, replace(config, decryption_key_files=())):
        with pytest.raises(SignatureInvalid) as caught:
            logged_in("threads", wrong)
        assert caught.value.code == "token_encryption"
    with pytest.raises(SignatureInvalid):  # and one that should be encrypted must be
        logged_in("threads", replace(config, client_id="web-keyed"))


class Later(SyncRuntime):
    """A runtime on which as much time has passed as is said."""

    passed = 0.0

    def now(self) -> float:
        return super().now() + self.passed


def test_keys_that_changed_since_the_last_login_are_followed(town: Town) -> None:
    """After the cooldown of an unknown key, long before what is known would be asked for again."""
    lanes = Lanes(tls=TlsOptions(), slots=2)
    runtime, flow = Later(lanes), Flow(town.config())
    try:
        for _ in range(3):
            address, kept = run_sync(flow.begin(runtime, {}))
            with Browser(login="warga", password="x") as browser:
                answer = Answer(browser.visit(address, BACK))
            assert run_sync(flow.finish(runtime, answer, kept)).subject == "warga"
            town.provider.rotate()
            runtime.passed += 31
    finally:
        lanes.close()


@pytest.mark.parametrize("flow", FLOWS)
def test_a_wrong_registration_is_named(flow: str, town: Town) -> None:
    for more, code, remedy in (
        ({"client_id": "nobody"}, "invalid_client", "client_id"),
        ({"redirect_uri": f"{BACK}2"}, "invalid_request", "redirect_uri"),
    ):
        with pytest.raises(EgovError) as caught:
            begun(flow, town.config(**more))
        assert caught.value.code == code
        assert town.provider.issuer in str(caught.value)
        assert remedy in (caught.value.hint or "")


def test_proofs_at_a_resource(town: Town) -> None:
    """Userinfo with a token bound to a key of ours: proofs with `ath`, and its own nonce by challenge and renewal."""
    key, config = ProofKey(), town.config("web-public")
    address, kept = begun("threads", config)
    with Browser(login="warga", password="x") as browser:
        code = code_of(browser.visit(address, BACK))
    issuer, http = town.provider.issuer, town.provider.http
    endpoint, resource = f"{issuer}/oauth2/token", f"{issuer}/me"
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "client_id": "web-public"}
    form |= kept.proof()

    def asked() -> httpx.Response:
        answer = http.post(endpoint, data=form, headers={"dpop": key.proof("POST", endpoint, time.time())})
        key.learn(endpoint, answer.headers)
        return answer

    assert asked().json()["error"] == "use_dpop_nonce"
    granted = asked().json()
    token = granted["access_token"]
    assert granted["token_type"] == "DPoP"

    def me(proof: str, scheme: str = "DPoP") -> httpx.Response:
        return http.get(resource, headers={"authorization": f"{scheme} {token}", "dpop": proof})

    assert me(key.proof("GET", f"{resource}?x=1#y", time.time(), token)).json()["sub"] == "warga"
    stranger = ProofKey()
    first = me(stranger.proof("GET", resource, time.time(), token))
    assert challenged(first.headers) == "use_dpop_nonce"
    assert stranger.learn(resource, first.headers)
    wrong = {
        "another key": stranger.proof("GET", resource, time.time(), token),
        "another method": key.proof("POST", resource, time.time(), token),
        "another address": key.proof("GET", f"{resource}/x", time.time(), token),
        "another token": key.proof("GET", resource, time.time(), token + "x"),
        "no token": key.proof("GET", resource, time.time()),
    }
    for what, proof in wrong.items():
        assert me(proof).status_code == 401, what
    assert challenged(me(wrong["no token"]).headers) == "invalid_dpop_proof"
    assert me(key.proof("GET", resource, time.time(), token), "Bearer").status_code in {400, 401}
