"""People log in at the sandbox: real pages, real codes, real tokens."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey, RSAKey
from tests.login.browser import Browser
from tests.login.conftest import APP, BACK, LEFT, SECRET, Register, key_of

from egov_serang import Client, Config, Forbidden, Nik, Unauthorized
from egov_serang.auth.login import AsyncLogin, Login, LoginConfig, Transaction
from egov_serang.models.identity import Attributes, Consent, Purpose
from egov_serang.sandbox.server import Sandbox

NAME = "Contoh Rahmawati"
NUMBER = "9973014507850001"


def test_a_person_logs_in(login: Login, browser: Browser, provider: Sandbox) -> None:
    url, transaction = login.begin()
    # Pushed: what the browser carries is a name for the request, and nothing of it.
    assert set(parse_qs(urlsplit(url).query)) == {"client_id", "request_uri"}
    person = login.finish(browser.agree(url), transaction)
    assert (person.issuer, person.name, person.birth_date) == (provider.url, NAME, "1985-07-05")
    assert person.subject.startswith("sub_")
    assert person.authenticated_at is not None
    assert person.acr == "urn:egov-serang:sandbox:chosen-from-a-list"
    assert NAME not in repr(person) + str(person)
    assert person.subject not in repr(person)


@pytest.mark.parametrize("kind", ["ES256", "PS256", "EdDSA"])
@pytest.mark.parametrize("userinfo", [False, True])
def test_every_assertion_algorithm(register: Register, browser: Browser, kind: str, userinfo: bool) -> None:
    with Login(register(key=key_of(kind), userinfo=userinfo)) as login:
        url, transaction = login.begin()
        assert login.finish(browser.agree(url), transaction).name == NAME


@pytest.mark.parametrize("auth", ["client_secret", "client_secret_post"])
def test_a_secret_with_every_kind_of_character(register: Register, browser: Browser, auth: str) -> None:
    with Login(register(secret=SECRET, auth=auth)) as login:
        url, transaction = login.begin()
        assert login.finish(browser.agree(url), transaction).name == NAME


def test_a_public_client_proves_only_that_it_began(register: Register, browser: Browser) -> None:
    with Login(register()) as login:
        url, transaction = login.begin()
        assert login.finish(browser.agree(url), transaction).name == NAME


@pytest.mark.parametrize(
    "make", [lambda: ECKey.generate_key("P-256"), lambda: RSAKey.generate_key(2048)], ids=["ECDH-ES", "RSA-OAEP"]
)
def test_the_identity_token_is_encrypted_to_us(
    register: Register, browser: Browser, make: Callable[[], ECKey | RSAKey]
) -> None:
    with Login(register(key=ECKey.generate_key("P-256"), encrypted=make())) as login:
        url, transaction = login.begin()
        assert login.finish(browser.agree(url), transaction).name == NAME


def test_from_an_event_loop_and_with_the_transaction_kept_as_text(register: Register, browser: Browser) -> None:
    config = register(key=ECKey.generate_key("P-256"), userinfo=True)

    async def story() -> None:
        async with AsyncLogin(config) as login:
            url, transaction = await login.begin(language="en")
            kept = transaction.dump()
            back = await asyncio.to_thread(browser.agree, url)
            person = await login.finish(urlsplit(back).query, kept)
            assert person.name == NAME
            assert (await login.logout_url()).startswith(f"{config.issuer}/oauth2/end_session?client_id={APP}&")

    asyncio.run(story())


def test_claims_are_mapped_by_configuration(register: Register, browser: Browser) -> None:
    claims = {"name": "name", "address": "/address/formatted", "sex": "gender", "nothing": "not_there"}
    with Login(register(key=ECKey.generate_key("P-256"), claims=claims)) as login:
        url, transaction = login.begin()
        person = login.finish(browser.agree(url), transaction)
    assert person.model_dump()["address"] == "Jl. Contoh Raya No. 1, Cipare"
    assert (person.model_dump()["sex"], person.birth_date) == ("female", None)
    assert "Cipare" not in repr(person)


def test_scopes_decide_what_is_learnt(register: Register, browser: Browser) -> None:
    with Login(register(key=ECKey.generate_key("P-256"), scopes=(), userinfo=True)) as login:
        url, transaction = login.begin()
        person = login.finish(browser.agree(url), transaction)
    assert (person.name, person.birth_date) == (None, None)
    assert person.subject


def test_the_subject_is_pairwise(register: Register, browser: Browser, provider: Sandbox) -> None:
    config = register(secret=SECRET)
    provider.register("other-app", {"keys": []}, [], SECRET, redirect_uris=[BACK])
    subjects: list[str] = []
    for client_id in (APP, APP, "other-app"):
        with Login(replace(config, client_id=client_id)) as login:
            url, transaction = login.begin()
            subjects.append(login.finish(browser.agree(url), transaction).subject)
    assert subjects[0] == subjects[1] != subjects[2]


def test_a_verification_names_the_same_person(
    provider: Sandbox, city: Config, client: Client, browser: Browser
) -> None:
    found = client.identity.verify(
        Nik(NUMBER),
        Attributes(full_name=NAME),
        purpose=Purpose(purpose_code="permit", legal_basis="consent"),
        consent=Consent(given=True, method="app-form"),
    )
    provider.register(city.client_id, {"keys": []}, [], public=True, redirect_uris=[BACK])
    with Login(LoginConfig(issuer=provider.url, client_id=city.client_id, redirect_uri=BACK, auth="none")) as login:
        url, transaction = login.begin()
        assert login.finish(browser.agree(url), transaction).subject == found.subject_ref


def test_who_says_no_is_not_logged_in(login: Login, browser: Browser) -> None:
    for step in ("cancel", "deny"):
        url, transaction = login.begin(prompt="login")
        page = browser.open(url)
        if step == "deny":
            page = browser.answer(page, "login", person=NAME)
        back = browser.answer(page, step).headers["location"]
        with pytest.raises(Forbidden) as refused:
            login.finish(back, transaction)
        assert refused.value.code == "access_denied"


def test_prompt_none_asks_nobody(login: Login, browser: Browser) -> None:
    url, transaction = login.begin(prompt="none")
    back = browser.open(url).headers["location"]
    with pytest.raises(Unauthorized) as refused:
        login.finish(back, transaction)
    assert refused.value.code == "login_required"


def test_who_is_logged_in_is_asked_for_consent_alone_until_they_log_out(login: Login, browser: Browser) -> None:
    url, transaction = login.begin()
    login.finish(browser.agree(url), transaction)
    assert 'value="allow"' in browser.open(login.begin()[0]).text
    assert 'value="login"' in browser.open(login.begin(prompt="login")[0]).text
    left = browser.answer(browser.open(login.logout_url(state="abc")), "logout")
    assert (left.status_code, left.headers["location"]) == (303, f"{LEFT}?state=abc")
    assert 'value="login"' in browser.open(login.begin()[0]).text


def test_nothing_of_a_login_can_be_shown_or_pickled(login: Login) -> None:
    _, transaction = login.begin()
    text = transaction.dump()
    assert repr(transaction) == f"<Transaction {transaction.issuer} {APP}>"
    assert Transaction.load(text).dump() == text
    assert transaction.dump() not in repr(login)
    with pytest.raises(TypeError):
        pickle.dumps(transaction)
