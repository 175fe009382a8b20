"""The sandbox as OpenID provider, by requests of our own: what it gives, what it refuses."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwe, jwt
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey
from tests.login.browser import Browser
from tests.sandbox.login_requests import (
    APP,
    ASKED,
    BACK,
    CHALLENGE,
    SECRET,
    VERIFIER,
    address,
    code_of,
    keys,
    redeem,
)

from egov_serang.sandbox.server import Sandbox


def test_the_metadata_says_it_all(provider: Sandbox) -> None:
    said = httpx.get(f"{provider.url}/.well-known/openid-configuration", trust_env=False).json()
    for name, path in (
        ("authorization_endpoint", "authorize"),
        ("pushed_authorization_request_endpoint", "par"),
        ("userinfo_endpoint", "userinfo"),
        ("end_session_endpoint", "end_session"),
    ):
        assert said[name] == f"{provider.url}/oauth2/{path}"
    assert (said["code_challenge_methods_supported"], said["response_types_supported"]) == (["S256"], ["code"])
    assert said["authorization_response_iss_parameter_supported"] is True
    assert "authorization_code" in said["grant_types_supported"]
    assert said["id_token_signing_alg_values_supported"] == ["ES256"]
    assert said["id_token_encryption_enc_values_supported"] == ["A256GCM"]


def test_a_code_gives_tokens_of_a_person_once(provider: Sandbox, browser: Browser) -> None:
    code = code_of(provider, browser)
    granted = redeem(provider, code)
    assert (granted.status_code, granted.headers["cache-control"]) == (200, "no-store")
    body = granted.json()
    assert (body["token_type"], body["scope"]) == ("Bearer", "openid profile")
    claims = jwt.decode(body["id_token"], keys(provider), ["ES256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"], claims["name"]) == (
        provider.url,
        APP,
        "n",
        "Contoh Rahmawati",
    )
    assert 0 < claims["exp"] - claims["iat"] <= 300
    assert "address" not in claims
    half = hashlib.sha256(body["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    access = jwt.decode(body["access_token"], keys(provider), ["ES256"]).claims
    assert (access["sub"], access["client_id"]) == (claims["sub"], APP)
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    info = httpx.get(f"{provider.url}/oauth2/userinfo", headers=headers, trust_env=False)
    assert (info.json()["sub"], info.json()["birthdate"]) == (claims["sub"], "1985-07-05")
    again = redeem(provider, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    # Somebody has the code who should not: what it gave is over.
    assert httpx.get(f"{provider.url}/oauth2/userinfo", headers=headers, trust_env=False).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    over = httpx.post(f"{provider.url}/oauth2/token", data=form, auth=(APP, SECRET), trust_env=False)
    assert over.json()["error"] == "invalid_grant"


def test_userinfo_is_for_tokens_of_people_alone(provider: Sandbox, browser: Browser) -> None:
    token = redeem(provider, code_of(provider, browser)).json()["access_token"]
    provider.register("machine", {"keys": []}, ["complaints:read"], "m")
    machine = provider.mint("machine", ["openid"])
    for value in ("", "Bearer x", f"Bearer {token[:-4]}AAAA", f"Basic {token}", f"Bearer {machine}"):
        answer = httpx.get(f"{provider.url}/oauth2/userinfo", headers={"Authorization": value}, trust_env=False)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    provider.advance(3600)
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{provider.url}/oauth2/userinfo", headers=headers, trust_env=False).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": secrets.token_urlsafe(48)},
        {"code_verifier": ""},
        {"code_verifier": CHALLENGE},
        {"redirect_uri": "http://127.0.0.1:9/other"},
        {"redirect_uri": ""},
    ],
    ids=["other verifier", "no verifier", "the challenge", "other address", "no address"],
)
def test_a_code_that_is_shown_wrongly_is_gone(provider: Sandbox, browser: Browser, changes: dict[str, str]) -> None:
    code = code_of(provider, browser)
    refused = redeem(provider, code, **changes)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert redeem(provider, code).json()["error"] == "invalid_grant"


def test_a_code_of_another_client_and_an_old_one(provider: Sandbox, browser: Browser) -> None:
    provider.register("thief", {"keys": []}, [], SECRET, redirect_uris=[BACK])
    assert redeem(provider, code_of(provider, browser), "thief").json()["error"] == "invalid_grant"
    assert redeem(provider, "made-up").json()["error"] == "invalid_grant"
    code = code_of(provider, browser)
    provider.advance(61)
    assert redeem(provider, code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "openid complaints:manage"}, "invalid_scope"),
        ({"request": "e30."}, "request_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"nonce": "n" * 2000}, "invalid_request"),
    ],
    ids=str,
)
def test_a_request_in_disorder_goes_back_with_the_reason(
    provider: Sandbox, browser: Browser, changes: dict[str, str | None], error: str
) -> None:
    answer = browser.open(address(provider, **changes))
    assert answer.status_code == 303
    said = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (said["error"], said["state"], said["iss"]) == ([error], ["s<tate>"], [provider.url])
    pushed = httpx.post(
        f"{provider.url}/oauth2/par",
        data={name: value for name, value in (ASKED | changes).items() if value is not None},
        auth=(APP, SECRET),
        trust_env=False,
    )
    if error != "login_required":
        assert (pushed.status_code, pushed.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": "http://127.0.0.1:9/back"},
        {"redirect_uri": f"{BACK}&c=d"},
        {"redirect_uri": "http://evil.test/"},
        {"redirect_uri": None},
        {"request_uri": "urn:ietf:params:oauth:request_uri:made-up"},
    ],
    ids=str,
)
def test_who_is_not_registered_is_never_redirected_to(
    provider: Sandbox, browser: Browser, changes: dict[str, str | None]
) -> None:
    answer = browser.open(address(provider, **changes))
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert "evil.test" not in answer.text


def test_a_pushed_request_counts_once_for_its_client_and_a_minute(provider: Sandbox, browser: Browser) -> None:
    def push() -> str:
        answer = httpx.post(f"{provider.url}/oauth2/par", data=ASKED, auth=(APP, SECRET), trust_env=False)
        assert (answer.status_code, answer.json()["expires_in"]) == (201, 60)
        return urlencode({"client_id": APP, "request_uri": answer.json()["request_uri"]})

    where = f"{provider.url}/oauth2/authorize?"
    first = push()
    assert browser.open(where + first).status_code == 200
    assert browser.open(where + first).status_code == 400
    assert browser.open((where + push()).replace(APP, "other")).status_code == 400
    late = push()
    provider.advance(61)
    assert browser.open(where + late).status_code == 400
    refused = httpx.post(f"{provider.url}/oauth2/par", data=ASKED, auth=(APP, "wrong"), trust_env=False)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    twice = ASKED | {"request_uri": "urn:x"}
    assert httpx.post(f"{provider.url}/oauth2/par", data=twice, auth=(APP, SECRET), trust_env=False).status_code == 400


def test_an_identity_token_inside_an_encrypted_one(provider: Sandbox, browser: Browser) -> None:
    key = ECKey.generate_key("P-256")
    jwks: dict[str, Any] = {"keys": [{**key.as_dict(private=False), "kid": "e1", "use": "enc"}]}
    provider.register(APP, jwks, [], SECRET, redirect_uris=[BACK])
    token = redeem(provider, code_of(provider, browser)).json()["id_token"]
    algorithms = ["ECDH-ES+A256KW", "A256GCM"]
    opened = jwe.decrypt_compact(token, key, registry=JWERegistry(algorithms=algorithms))
    assert opened.headers()["cty"] == "JWT"
    assert (opened.headers()["alg"], opened.headers()["enc"], opened.headers()["kid"]) == (*algorithms, "e1")
    assert opened.plaintext is not None
    assert jwt.decode(opened.plaintext.decode(), keys(provider), ["ES256"]).claims["aud"] == APP


def test_a_public_client_has_nothing_of_its_own(provider: Sandbox, browser: Browser) -> None:
    provider.register(APP, {"keys": []}, ["complaints:read"], public=True, redirect_uris=[BACK])
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER, "client_id": APP}
    endpoint = f"{provider.url}/oauth2/token"
    granted = httpx.post(endpoint, data=form | {"code": code_of(provider, browser)}, trust_env=False)
    assert granted.status_code == 200
    refused = httpx.post(endpoint, data={"grant_type": "client_credentials", "client_id": APP}, trust_env=False)
    assert refused.json()["error"] == "invalid_client"
    provider.register("not-web", {"keys": []}, ["complaints:read"])
    form = {"grant_type": "client_credentials", "client_id": "not-web"}
    assert httpx.post(endpoint, data=form, trust_env=False).json()["error"] == "invalid_client"


def test_the_ready_made_application_and_registrations_survive_a_reset(provider: Sandbox, browser: Browser) -> None:
    provider.register("sandbox-web-2", {"keys": []}, [], SECRET, redirect_uris=[BACK])
    provider.reset()
    assert browser.open(address(provider, client_id="sandbox-web-2")).status_code == 200
    with Sandbox() as fresh:
        page = browser.open(address(fresh, client_id="sandbox-web", redirect_uri="http://127.0.0.1:8000/callback"))
        assert "Lapor Serang" in page.text


def test_a_return_address_must_be_one(provider: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {provider.sandbox_token}"}
    for bad in ("javascript:alert(1)", "http://", "https://app.test/#x", "/callback", ""):
        body = {"client_id": "new", "scopes": [], "redirect_uris": [bad]}
        answer = httpx.post(f"{provider.url}/__sandbox/clients", json=body, headers=headers, trust_env=False)
        assert answer.status_code == 422
