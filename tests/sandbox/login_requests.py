"""Requests of a login, made by hand."""

from __future__ import annotations

import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc.jwk import KeySet
from tests.login.browser import Browser

from egov_serang.sandbox.server import Sandbox

APP, SECRET, BACK, LEFT = "flow-app", "flow-secret", "http://127.0.0.1:9/back?a=b", "http://127.0.0.1:9/left"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {
    "response_type": "code",
    "client_id": APP,
    "redirect_uri": BACK,
    "scope": "openid profile",
    "state": "s<tate>",
    "nonce": "n",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def address(provider: Sandbox, **changes: str | None) -> str:
    fields = {name: value for name, value in (ASKED | changes).items() if value is not None}
    return f"{provider.url}/oauth2/authorize?{urlencode(fields)}"


def code_of(provider: Sandbox, browser: Browser, **changes: str | None) -> str:
    back = browser.agree(address(provider, **changes))
    assert back.startswith(f"{BACK}&")
    answer = parse_qs(urlsplit(back).query)
    assert (answer["state"], answer["iss"], answer["a"]) == (["s<tate>"], [provider.url], ["b"])
    return answer["code"][0]


def redeem(provider: Sandbox, code: str, client: str = APP, secret: str = SECRET, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    return httpx.post(f"{provider.url}/oauth2/token", data=form | changes, auth=(client, secret), trust_env=False)


def keys(provider: Sandbox) -> KeySet:
    return KeySet.import_key_set(httpx.get(f"{provider.url}/.well-known/jwks.json", trust_env=False).json())
