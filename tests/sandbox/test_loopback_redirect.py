"""A program on somebody's machine comes back to whatever port it got (RFC 8252 section 7.3); nobody else does."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.login.browser import Browser
from tests.sandbox.login_requests import VERIFIER, address

from egov_serang.sandbox.server import Sandbox

PUBLIC, KEPT, SECRET = "native-app", "kept-app", "kept-secret"
REGISTERED = (
    "http://127.0.0.1/callback",
    "http://[::1]:4000/six",
    "http://localhost/callback",
    "https://app.test/back",
)


@pytest.fixture
def provider(sandbox: Sandbox) -> Sandbox:
    sandbox.reset()
    sandbox.register(PUBLIC, {"keys": []}, ["complaints:read"], public=True, redirect_uris=REGISTERED)
    sandbox.register(KEPT, {"keys": []}, ["complaints:read"], SECRET, redirect_uris=REGISTERED)
    return sandbox


def shown(provider: Sandbox, client: str, back: str) -> int:
    asked = address(provider, client_id=client, redirect_uri=back, scope="complaints:read")
    return httpx.get(asked, trust_env=False).status_code


ALLOWED = (
    "http://127.0.0.1/callback",
    "http://127.0.0.1:1/callback",
    "http://127.0.0.1:65535/callback",
    "http://[::1]/six",
    "http://[::1]:5/six",
    "http://[::1]:4000/six",
    "http://localhost/callback",
    "https://app.test/back",
)
REFUSED = (
    "http://127.0.0.1:5/other",
    "http://127.0.0.1:5/callback/",
    "http://127.0.0.1:5/callback?a=b",
    "http://127.0.0.1:5/callback#x",
    "http://127.0.0.1:/callback",
    "http://127.0.0.1:5x/callback",
    "http://127.0.0.2:5/callback",
    "http://127.0.0.1.evil.test:5/callback",
    "http://127.0.0.1:5@evil.test/callback",
    "https://127.0.0.1:5/callback",
    "http://localhost:5/callback",
    "https://app.test:5/back",
    "http://[::1]:5/callback",
)


@pytest.mark.parametrize("back", ALLOWED)
def test_a_public_client_comes_back_to_any_port_of_this_machine(provider: Sandbox, back: str) -> None:
    assert shown(provider, PUBLIC, back) == 200


@pytest.mark.parametrize("back", REFUSED)
def test_everything_else_is_compared_as_text(provider: Sandbox, back: str) -> None:
    assert shown(provider, PUBLIC, back) == 400


@pytest.mark.parametrize("back", ALLOWED + REFUSED)
def test_a_client_with_a_secret_comes_back_only_where_it_said(provider: Sandbox, back: str) -> None:
    assert shown(provider, KEPT, back) == (200 if back in REGISTERED else 400)


def redeemed(provider: Sandbox, scope: str | None, back: str, **changes: str) -> dict[str, Any]:
    browser = Browser()
    asked = address(provider, client_id=PUBLIC, redirect_uri="http://127.0.0.1:5/callback", scope=scope)
    said = parse_qs(urlsplit(browser.agree(asked)).query)
    browser.close()
    form = {"grant_type": "authorization_code", "client_id": PUBLIC, "code": said["code"][0], "redirect_uri": back}
    answer = httpx.post(
        f"{provider.url}/oauth2/token", data=form | {"code_verifier": VERIFIER} | changes, trust_env=False
    )
    found: dict[str, Any] = answer.json()
    return found


def test_the_code_is_for_the_port_it_was_sent_to_and_for_who_holds_the_verifier(provider: Sandbox) -> None:
    back = "http://127.0.0.1:5/callback"
    assert redeemed(provider, "complaints:read", "http://127.0.0.1:6/callback")["error"] == "invalid_grant"
    assert redeemed(provider, "complaints:read", back, code_verifier="x" * 43)["error"] == "invalid_grant"
    found = redeemed(provider, "complaints:read", back)
    assert (found["token_type"], found["scope"]) == ("Bearer", "complaints:read")
    assert "refresh_token" in found


def test_who_the_person_is_is_said_only_where_openid_was_asked_for(provider: Sandbox) -> None:
    back = "http://127.0.0.1:5/callback"
    assert "id_token" not in redeemed(provider, None, back)
    assert "id_token" in redeemed(provider, "openid complaints:read", back)


def test_a_resource_of_elsewhere_is_refused(provider: Sandbox) -> None:
    back = "http://127.0.0.1:5/callback"
    assert redeemed(provider, None, back, resource="https://evil.test/")["error"] == "invalid_target"
    assert "access_token" in redeemed(provider, None, back, resource=f"{provider.url}/v1")
    asked = address(provider, client_id=PUBLIC, redirect_uri=back, scope="complaints:read", resource="https://x.test")
    answer = httpx.get(asked, trust_env=False)
    assert parse_qs(urlsplit(answer.headers["location"]).query)["error"] == ["invalid_target"]
