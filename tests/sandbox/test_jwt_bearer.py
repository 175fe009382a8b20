"""The JWT bearer grant at the sandbox's token endpoint: what it gives, and each thing it refuses."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey
from tests.sandbox.conftest import CITIZEN, Register
from tests.sandbox.peer import Peer
from tests.sandbox.test_oauth import refused

from egov_serang.sandbox.server import Sandbox

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def ask(peer: Peer, assertion: str | None = None, **fields: str) -> httpx.Response:
    form = {"grant_type": GRANT, "assertion": peer.assertion() if assertion is None else assertion} | fields
    return peer.http.post(f"{peer.url}/oauth2/token", data=form)


def test_the_assertion_is_grant_and_proof_at_once(citizen: Peer) -> None:
    body = ask(citizen).raise_for_status().json()
    assert (body["token_type"], set(body["scope"].split())) == ("Bearer", set(CITIZEN))
    citizen.token = body["access_token"]
    assert citizen.get("/v1/complaints/services").status_code == 200


def test_scopes_and_resource_may_stand_in_the_assertion(citizen: Peer, server: Sandbox) -> None:
    said = citizen.assertion(scope="complaints:read", resource=f"{server.url}/v1")
    assert ask(citizen, said).json()["scope"] == "complaints:read"
    wide = citizen.assertion(scope="complaints:read complaints:write")
    assert ask(citizen, wide, scope="complaints:read").json()["scope"] == "complaints:read"
    refused(ask(citizen, citizen.assertion(scope="complaints:manage")), "invalid_scope", 400)
    refused(ask(citizen, citizen.assertion(scope="complaints:read"), scope="complaints:write"), "invalid_scope", 400)
    refused(ask(citizen, citizen.assertion(resource="https://other.invalid")), "invalid_target", 400)


def test_a_grant_counts_once_and_not_as_a_client_assertion_either(citizen: Peer) -> None:
    assertion = citizen.assertion()
    assert ask(citizen, assertion).status_code == 200
    refused(ask(citizen, assertion), "invalid_grant", 400)
    refused(citizen.ask_token(assertion), "invalid_client", 401)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://other.invalid"},
        {"aud": None},
        {"iss": "somebody"},
        {"sub": "somebody"},
        {"jti": None},
        {"iat": -120, "exp": -60},
        {"exp": 86_400},
    ],
    ids=str,
)
def test_assertions_that_grant_nothing(citizen: Peer, claims: dict[str, Any]) -> None:
    now = int(time.time())
    said = {name: now + value if isinstance(value, int) else value for name, value in claims.items()}
    refused(ask(citizen, citizen.assertion(**said)), "invalid_grant", 400)


def test_who_is_not_registered_or_did_not_sign_gets_nothing(citizen: Peer) -> None:
    stranger = ECKey.generate_key("P-256")
    refused(ask(citizen, citizen.assertion(key=stranger)), "invalid_grant", 400)
    refused(ask(citizen, citizen.assertion(key=stranger, kid=citizen.assertion_key.thumbprint())), "invalid_grant", 400)
    refused(ask(citizen, citizen.assertion(), client_id="somebody"), "invalid_grant", 400)
    refused(ask(citizen, "no.jwt"), "invalid_grant", 400)
    form = {"grant_type": GRANT}
    refused(citizen.http.post(f"{citizen.url}/oauth2/token", data=form), "invalid_client", 401)


def test_a_client_that_proves_itself_otherwise_needs_a_grant_of_its_own(citizen: Peer, register: Register) -> None:
    proof = {name: text for name, text in citizen.token_form().items() if name != "grant_type"}
    assert ask(citizen, citizen.assertion(), **proof).status_code == 200
    other = register("other-app", CITIZEN)
    fresh = {**proof, "client_assertion": citizen.assertion()}
    refused(ask(citizen, other.assertion(), **fresh), "invalid_grant", 400)
    fresh["client_assertion"] = citizen.assertion()
    refused(ask(citizen, "", **fresh), "invalid_request", 400)
