"""Discovery and the token endpoint."""

from __future__ import annotations

import base64
import json
import secrets
import time
import warnings
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey
from tests.sandbox.conftest import CITIZEN, Register
from tests.sandbox.peer import Peer, rsa_key

from egov_serang.sandbox.server import Sandbox

SECRET = "a secret with : / + and %"


def refused(answer: httpx.Response, error: str, status: int) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_discovery_and_metadata(server: Sandbox, citizen: Peer) -> None:
    found = citizen.http.get(f"{server.url}/.well-known/smartcity-gateway").json()
    assert (found["contract"], found["issuer"], found["sandbox"]) == ("1.0", server.url, True)
    assert found["modules"]["complaints"]["base"] == f"{server.url}/v1/complaints"
    assert found["limits"]["idempotency_ttl_s"] >= 86_400
    for name in ("oauth-authorization-server", "openid-configuration"):
        metadata = citizen.http.get(f"{server.url}/.well-known/{name}").json()
        assert (metadata["issuer"], metadata["token_endpoint"]) == (server.url, f"{server.url}/oauth2/token")


def test_the_token_says_what_the_contract_says(server: Sandbox, citizen: Peer) -> None:
    answer = citizen.ask_token(scope="complaints:read")
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 900, "complaints:read")
    assert answer.headers["cache-control"] == "no-store"
    keys = KeySet.import_key_set(citizen.http.get(f"{server.url}/.well-known/jwks.json").json())
    claims = jwt.decode(body["access_token"], keys, ["ES256"]).claims
    assert (claims["iss"], claims["aud"]) == (server.url, f"{server.url}/v1")
    assert (claims["client_id"], claims["scope"], claims["jurisdiction_id"]) == (
        "citizen-app",
        "complaints:read",
        "36.73",
    )
    assert claims["exp"] - claims["iat"] == 900
    assert claims["jti"]


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (ECKey.generate_key("P-256"), "ES256"),
        (rsa_key(), "PS256"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
        (OKPKey.generate_key("Ed25519"), "EdDSA"),
    ],
)
def test_assertion_algorithms(register: Register, key: Any, alg: str) -> None:
    peer = register("algorithms", CITIZEN, assertion_key=key)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc warns whoever signs with the old name EdDSA
        assertion = peer.assertion(alg=alg)
    assert peer.ask_token(assertion).status_code == 200


def test_the_message_key_signs_no_assertion(citizen: Peer) -> None:
    assertion = citizen.assertion(key=citizen.message_key, alg="Ed25519")
    refused(citizen.ask_token(assertion), "invalid_client", 401)


def test_an_assertion_counts_once(citizen: Peer) -> None:
    assertion = citizen.assertion()
    assert citizen.ask_token(assertion).status_code == 200
    refused(citizen.ask_token(assertion), "invalid_client", 401)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://other.invalid"},
        {"aud": None},
        {"iss": "somebody"},
        {"sub": "somebody"},
        {"iat": None},
        {"exp": None},
        {"jti": None},
        {"jti": ""},
        {"iat": -120, "exp": -60},
        {"iat": 3600, "exp": 3660},
        {"exp": 86_400},
    ],
    ids=str,
)
def test_assertions_that_prove_nothing(citizen: Peer, claims: dict[str, Any]) -> None:
    now = int(time.time())
    said = {name: now + value if isinstance(value, int) else value for name, value in claims.items()}
    refused(citizen.ask_token(citizen.assertion(**said)), "invalid_client", 401)


def test_the_audience_must_be_the_issuer_alone(citizen: Peer, server: Sandbox) -> None:
    # RFC 7523 lets an assertion name the token endpoint or a list; both were ways in for another server.
    refused(citizen.ask_token(citizen.assertion(aud=f"{server.url}/oauth2/token")), "invalid_client", 401)
    refused(citizen.ask_token(citizen.assertion(aud=[server.url])), "invalid_client", 401)


def test_an_unknown_key_and_an_unsigned_assertion(citizen: Peer) -> None:
    stranger = ECKey.generate_key("P-256")
    kid = citizen.assertion_key.thumbprint()
    refused(citizen.ask_token(citizen.assertion(key=stranger)), "invalid_client", 401)
    refused(citizen.ask_token(citizen.assertion(key=stranger, kid=kid)), "invalid_client", 401)
    _, claims, _ = citizen.assertion().split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": kid}).encode()).decode().rstrip("=")
    refused(citizen.ask_token(f"{head}.{claims}."), "invalid_client", 401)
    refused(citizen.ask_token("no.jwt"), "invalid_client", 401)


def test_scopes_can_be_fewer_but_not_more(citizen: Peer) -> None:
    assert set(citizen.ask_token().json()["scope"].split()) == set(CITIZEN)
    refused(citizen.ask_token(scope="complaints:manage"), "invalid_scope", 400)
    refused(citizen.ask_token(scope=" "), "invalid_scope", 400)


def test_only_client_credentials(citizen: Peer) -> None:
    refused(citizen.ask_token(grant_type="password"), "unsupported_grant_type", 400)


def test_a_secret_is_form_urlencoded_before_base64(server: Sandbox, citizen: Peer) -> None:
    server.register("with/secret", {"keys": []}, CITIZEN, secret=SECRET)
    form = {"grant_type": "client_credentials"}

    def ask(pair: str) -> httpx.Response:
        header = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return citizen.http.post(f"{server.url}/oauth2/token", data=form, headers=header)

    assert ask(f"{quote_plus('with/secret')}:{quote_plus(SECRET)}").status_code == 200
    refused(ask(f"with/secret:{SECRET}"), "invalid_client", 401)
    refused(ask(f"{quote_plus('with/secret')}:{quote_plus(SECRET + 'x')}"), "invalid_client", 401)
    posted = {**form, "client_id": "with/secret", "client_secret": SECRET}
    assert citizen.http.post(f"{server.url}/oauth2/token", data=posted).status_code == 200
    refused(
        citizen.http.post(f"{server.url}/oauth2/token", data={**posted, "client_secret": ""}), "invalid_client", 401
    )


def test_token_calls_are_counted(server: Sandbox, citizen: Peer) -> None:
    for _ in range(3):
        citizen.ask_token()
    assert server.counts()["token_calls"] == 3


def test_a_key_must_say_what_it_signs(server: Sandbox, citizen: Peer) -> None:
    url, headers = f"{server.url}/__sandbox/clients", {"Authorization": f"Bearer {server.sandbox_token}"}
    key = {**citizen.assertion_key.as_dict(private=False), "kid": secrets.token_hex(4)}
    for jwk in (key, {**key, "use": "tls"}, {"kty": "EC", "use": "sig"}, {**rsa_key().as_dict(), "n": "AQAB"}):
        body = {"client_id": "new", "scopes": [], "jwks": {"keys": [jwk]}}
        answer = citizen.http.post(url, json=body, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/jwks/keys/0")
    body["jwks"] = {"keys": [{**key, "use": "sig"}]}
    assert citizen.http.post(url, json=body, headers=headers).status_code == 201
