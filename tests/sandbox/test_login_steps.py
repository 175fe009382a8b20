"""The pages of a login: what they hold, and who may answer them."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx
from joserfc import jwt
from tests.login.browser import Browser
from tests.sandbox.login_requests import (
    APP,
    LEFT,
    address,
    code_of,
    keys,
    redeem,
)

from egov_serang.sandbox.server import Sandbox


def test_the_pages_are_plain_closed_and_say_what_they_are(provider: Sandbox, browser: Browser) -> None:
    page = browser.open(address(provider))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:9;" in policy
    assert "<script" not in page.text
    assert "<b>" not in page.text  # the name of an application is text
    assert "&lt;b&gt;Lapor" in page.text
    assert page.text.count("Contoh") == 4  # the living with an active number
    assert "semua orang di sini rekaan" in page.text
    assert not {"9973014507850001", "s<tate>"} & {*page.text.split('"')}
    consent = browser.answer(page, "login", person="Contoh Hidayat")
    assert "Contoh Hidayat" in consent.text
    assert "<code>(profile)</code>" in consent.text


def test_a_page_is_answered_once_in_its_own_browser_and_in_order(provider: Sandbox, browser: Browser) -> None:
    stranger = Browser()
    page = browser.open(address(provider))
    stranger.open(address(provider))
    assert stranger.answer(page, "login", person="Contoh Rahmawati").status_code == 400  # forged from elsewhere
    assert browser.answer(page, "login", person="Contoh Rahmawati").status_code == 400  # and the page is gone
    page = browser.open(address(provider))
    assert browser.answer(page, "allow").status_code == 400  # nobody is logged in
    for person in ("", "Contoh Marjuki", "9973014507850001"):
        assert browser.answer(browser.open(address(provider)), "login", person=person).status_code == 400
    page = browser.open(address(provider))
    before = browser.cookies["egov_sandbox_login"]
    assert browser.answer(page, "login", person="Contoh Rahmawati").status_code == 200
    assert browser.cookies["egov_sandbox_login"] != before  # a name somebody planted is worth nothing
    stranger.close()


def test_a_page_of_another_site_under_another_name_gets_nothing(provider: Sandbox) -> None:
    answer = httpx.get(address(provider), headers={"Host": "evil.test"}, trust_env=False)
    assert answer.status_code == 403


def test_a_login_grows_too_old(provider: Sandbox, browser: Browser) -> None:
    browser.agree(address(provider))
    provider.advance(100)
    assert 'value="allow"' in browser.open(address(provider, max_age="200")).text
    assert 'value="login"' in browser.open(address(provider, max_age="50")).text
    token = redeem(provider, code_of(provider, browser)).json()["id_token"]
    claims = jwt.decode(token, keys(provider), ["ES256"]).claims
    assert 99 <= claims["iat"] - claims["auth_time"] <= 130


def test_logging_out_is_asked_for_and_leads_only_where_it_is_registered(provider: Sandbox, browser: Browser) -> None:
    token = redeem(provider, code_of(provider, browser)).json()["id_token"]
    where = f"{provider.url}/oauth2/end_session?"
    for fields in (
        {"client_id": APP, "post_logout_redirect_uri": "http://evil.test/"},
        {"post_logout_redirect_uri": LEFT},
        {"client_id": "other", "post_logout_redirect_uri": LEFT, "id_token_hint": token},
        {"id_token_hint": f"{token[:-4]}AAAA", "post_logout_redirect_uri": LEFT},
    ):
        assert browser.open(where + urlencode(fields)).status_code == 400
    asked = browser.open(where + urlencode({"id_token_hint": token, "post_logout_redirect_uri": LEFT, "state": "x"}))
    assert 'value="allow"' in browser.open(address(provider)).text  # still logged in
    stranger = Browser()
    assert stranger.answer(asked, "logout").status_code == 400
    stranger.close()
    asked = browser.open(where + urlencode({"client_id": APP, "post_logout_redirect_uri": LEFT}))
    assert browser.answer(asked, "logout").headers["location"] == LEFT
    assert 'value="login"' in browser.open(address(provider)).text
    assert "Anda sudah keluar" in browser.answer(browser.open(where), "logout").text
