"""Tokens bound to a key (DPoP) by npm oidc-provider, without and with its nonces, and what it refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from tests.layers.keys import p256_pem
from tests.peers.provider import Provider, carried_out, client, part, provider

from egov_serang.auth.credentials import PrivateKeyJwt
from egov_serang.auth.dpop import USE_NONCE, ProofKey
from egov_serang.auth.tokens import TokenSource
from egov_serang.core.runtime import Runtime
from egov_serang.errors import EgovError
from egov_serang.signing.keys import PrivateKey

FLOWS = ["threads", "tasks"]


def credentials() -> PrivateKeyJwt:
    return PrivateKeyJwt("app", PrivateKey(p256_pem(), "assertion"))


@pytest.fixture(scope="module", params=[False, True], ids=["free", "nonce"])
def demands_nonce(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def issuer(demands_nonce: bool) -> Iterator[Provider]:
    """Once a provider that is content with a proof, once one that demands its own nonce in it."""
    key = PrivateKey(p256_pem(), "assertion").public_jwk("assertion")
    registered = client("app", token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key]})
    with provider([registered], nonce=demands_nonce) as running:
        yield running


def token(flow: str, issuer: Provider, dpop: ProofKey | None) -> str:
    source = TokenSource(issuer.issuer, credentials(), "complaints:read", dpop=dpop)

    async def get(runtime: Runtime) -> str:
        return (await source.get(runtime, runtime.now() + 30)).header()

    return carried_out(flow, get)


def refused(issuer: Provider, proof: str | None) -> str:
    """What it says to a token request that we did not build well."""
    fields, _ = credentials().prove(issuer.issuer, int(time.time()))
    headers = {} if proof is None else {"dpop": proof}
    form = {"grant_type": "client_credentials", **fields}
    answer = issuer.http.post(f"{issuer.issuer}/oauth2/token", data=form, headers=headers)
    assert answer.status_code == 400
    return str(answer.json()["error"])


@pytest.mark.parametrize("flow", FLOWS)
def test_a_token_is_bound_to_our_key(flow: str, issuer: Provider, demands_nonce: bool) -> None:
    key, before = ProofKey(), issuer.calls
    headers = [token(flow, issuer, key) for _ in range(3)]
    assert {part(header, 1)["cnf"]["jkt"] for header in headers} == {key.thumbprint}
    assert all(header.startswith("DPoP ") for header in headers)
    # The nonce is learnt once, by the first request's refusal, and kept for the next sources of the key.
    assert issuer.calls - before == (4 if demands_nonce else 3)


@pytest.mark.parametrize("flow", FLOWS)
def test_where_no_key_is_used_the_token_is_a_plain_one(flow: str, issuer: Provider) -> None:
    header = token(flow, issuer, None)
    assert header.startswith("Bearer ")
    assert "cnf" not in part(header, 1)


def test_a_proof_counts_once_and_only_where_it_was_made_for(issuer: Provider, demands_nonce: bool) -> None:
    key, endpoint = ProofKey(), f"{issuer.issuer}/oauth2/token"
    token("threads", issuer, key)  # learns the nonce, where one is demanded
    spent = key.proof("POST", endpoint, time.time())
    fields, _ = credentials().prove(issuer.issuer, int(time.time()))
    form = {"grant_type": "client_credentials", **fields}
    assert issuer.http.post(endpoint, data=form, headers={"dpop": spent}).status_code == 200
    assert refused(issuer, spent) == "invalid_grant"  # its name for a replay
    assert refused(issuer, key.proof("GET", endpoint, time.time())) == "invalid_dpop_proof"
    learnt_nothing = ProofKey().proof("POST", endpoint, time.time())
    if demands_nonce:
        assert refused(issuer, learnt_nothing) == USE_NONCE
    assert refused(issuer, key.proof("POST", f"{issuer.issuer}/oauth2/par", time.time())) == "invalid_dpop_proof"


@pytest.mark.parametrize("flow", FLOWS)
def test_a_token_of_a_client_that_must_use_dpop(flow: str) -> None:
    """It is refused without a proof, by name and with the remedy."""
    key = PrivateKey(p256_pem(), "assertion").public_jwk("assertion")
    strict = client(
        "app", token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key]}, dpop_bound_access_tokens=True
    )
    with provider([strict]) as issuer:
        assert token(flow, issuer, ProofKey()).startswith("DPoP ")
        with pytest.raises(EgovError) as caught:
            token(flow, issuer, None)
        assert issuer.issuer in str(caught.value)
        assert caught.value.hint
