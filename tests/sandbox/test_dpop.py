"""The sandbox's checks of DPoP (RFC 9449): what a proof must be, what it binds, and the nonces of the strict mode."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey
from tests.sandbox.conftest import CITIZEN
from tests.sandbox.peer import Message, Peer, rsa_key

from egov_serang.sandbox.server import Sandbox

CASES = "/v1/complaints/cases"


@dataclass
class Holder:
    """A client that proves possession, without code of the SDK."""

    peer: Peer
    key: Any = field(default_factory=lambda: ECKey.generate_key("P-256"))
    alg: str = "ES256"

    def proof(self, method: str, url: str, *, header: dict[str, Any] | None = None, key: Any = None, **c: Any) -> str:
        claims = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": url, "iat": int(time.time())} | c
        first = {"typ": "dpop+jwt", "alg": self.alg, "jwk": self.key.as_dict(private=False)} | (header or {})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joserfc warns whoever signs with the old name EdDSA
            kept = {name: value for name, value in claims.items() if value is not None}
            return jwt.encode(first, kept, key or self.key, [first["alg"]])

    def ask(self, *proofs: str) -> httpx.Response:
        url = f"{self.peer.url}/oauth2/token"
        brought = proofs or (self.proof("POST", url),)
        return self.peer.http.post(url, data=self.peer.token_form(), headers=[("dpop", proof) for proof in brought])

    def token(self) -> str:
        return str(self.ask().raise_for_status().json()["access_token"])

    def message(self, token: str, proof: str | None, path: str = CASES, scheme: str = "DPoP") -> Message:
        self.peer.token = token
        headers = {"authorization": f"{scheme} {token}"} | ({} if proof is None else {"dpop": proof})
        return self.peer.message("GET", path, headers=headers)

    def use(self, token: str, proof: str | None, **more: Any) -> httpx.Response:
        return self.peer.send(self.peer.sign(self.message(token, proof, **more)))

    def get(self, token: str, path: str = CASES, **claims: Any) -> httpx.Response:
        claims = {"ath": ath(token)} | claims
        return self.use(token, self.proof("GET", self.peer.url + path.partition("?")[0], **claims), path=path)


def ath(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def refused_at_token(answer: httpx.Response, error: str = "invalid_dpop_proof") -> None:
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def refused(answer: httpx.Response, code: str = "unauthenticated", error: str = "invalid_dpop_proof") -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["www-authenticate"].startswith(f'DPoP error="{error}"')


@pytest.fixture
def holder(citizen: Peer) -> Holder:
    return Holder(citizen)


@pytest.fixture(scope="module")
def strict() -> Iterator[Sandbox]:
    with Sandbox(dpop_nonces=True) as running:
        yield running


@pytest.fixture
def strict_holder(strict: Sandbox) -> Iterator[Holder]:
    peer = Peer(strict.url, "strict-app", CITIZEN)
    strict.register(peer.client_id, peer.jwks(), CITIZEN)
    yield Holder(peer)
    strict.skew(0)
    peer.http.close()


def test_a_bound_token_is_used_with_its_proof(holder: Holder) -> None:
    answer = holder.ask()
    assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP")
    token = answer.json()["access_token"]
    claims = jwt.decode(token, _keys(holder.peer), ["ES256"]).claims
    assert claims["cnf"] == {"jkt": holder.key.thumbprint()}
    assert holder.get(token).status_code == 200
    assert holder.get(token, f"{CASES}?limit=1").status_code == 200, "htu is the address without its query"


@pytest.mark.parametrize(
    ("key", "alg"),
    [(rsa_key(), "PS256"), (OKPKey.generate_key("Ed25519"), "Ed25519"), (OKPKey.generate_key("Ed25519"), "EdDSA")],
    ids=["PS256", "Ed25519", "EdDSA"],
)
def test_other_algorithms(citizen: Peer, key: Any, alg: str) -> None:
    holder = Holder(citizen, key, alg)
    assert holder.get(holder.token()).status_code == 200


def test_metadata_names_them(holder: Holder) -> None:
    found = holder.peer.http.get(f"{holder.peer.url}/.well-known/oauth-authorization-server").json()
    assert "ES256" in found["dpop_signing_alg_values_supported"]
    gateway = holder.peer.http.get(f"{holder.peer.url}/.well-known/smartcity-gateway").json()
    assert "fapi2" in gateway["auth_profiles"]


WRONG: list[dict[str, Any]] = [
    {"htm": "PUT"},
    {"htm": "post"},
    {"htu": "https://other.example/oauth2/token"},
    {"htu": None},
    {"iat": None},
    {"iat": "now"},
    {"iat": True},
    {"exp": "soon"},
    {"jti": None},
    {"jti": ""},
    {"jti": 5},
    {"header": {"typ": "JWT"}},
    {"header": {"jwk": ECKey.generate_key("P-256").as_dict(private=False)}},
    {"header": {"jwk": {"kty": "oct", "k": "c2VjcmV0"}}},
]


@pytest.mark.parametrize("wrong", WRONG, ids=[str(next(iter(wrong.items())))[:40] for wrong in WRONG])
def test_a_proof_that_does_not_hold_at_the_token_endpoint(holder: Holder, wrong: dict[str, Any]) -> None:
    proof = holder.proof("POST", f"{holder.peer.url}/oauth2/token", **wrong)
    refused_at_token(holder.ask(proof))


def test_a_proof_that_shows_its_private_key(holder: Holder) -> None:
    shown = {"jwk": holder.key.as_dict(private=True)}
    refused_at_token(holder.ask(holder.proof("POST", f"{holder.peer.url}/oauth2/token", header=shown)))


def test_a_proof_by_a_shared_secret(holder: Holder) -> None:
    key = OctKey.generate_key(256)
    header = {"alg": "HS256", "jwk": key.as_dict(private=True)}
    refused_at_token(holder.ask(holder.proof("POST", f"{holder.peer.url}/oauth2/token", header=header, key=key)))


_TEXT_FOR_A_KEY = (
    base64.urlsafe_b64encode(b'{"typ":"dpop+jwt","alg":"ES256","jwk":"a key"}').rstrip(b"=").decode() + ".e30.eA"
)


@pytest.mark.parametrize("proof", [_TEXT_FOR_A_KEY, "", "a.b.c", "x", "e30.e30.", "[].e30.x", "é", "a" * 9000])
def test_a_proof_that_is_none(holder: Holder, proof: str) -> None:
    url = f"{holder.peer.url}/oauth2/token"
    headers = [(b"dpop", proof.encode())]
    refused_at_token(holder.peer.http.post(url, data=holder.peer.token_form(), headers=headers))


def test_two_proofs(holder: Holder) -> None:
    url = f"{holder.peer.url}/oauth2/token"
    refused_at_token(holder.ask(holder.proof("POST", url), holder.proof("POST", url)))


@pytest.mark.parametrize("age", [-40, 100, 600])
def test_a_proof_of_another_time(holder: Holder, age: int) -> None:
    made = int(time.time()) - age
    refused_at_token(holder.ask(holder.proof("POST", f"{holder.peer.url}/oauth2/token", iat=made)))
    answer = holder.get(holder.token(), iat=made)
    refused(answer, "clock_skew")


def test_a_proof_past_its_own_expiry(holder: Holder) -> None:
    url, now = f"{holder.peer.url}/oauth2/token", int(time.time())
    assert holder.ask(holder.proof("POST", url, exp=now + 60)).status_code == 200
    refused_at_token(holder.ask(holder.proof("POST", url, iat=now - 50, exp=now - 40)))


def test_a_proof_counts_once(holder: Holder) -> None:
    url = f"{holder.peer.url}/oauth2/token"
    proof = holder.proof("POST", url)
    token = holder.ask(proof).json()["access_token"]
    refused_at_token(holder.ask(proof))
    proof = holder.proof("GET", holder.peer.url + CASES, ath=ath(token))
    assert holder.use(token, proof).status_code == 200
    refused(holder.use(token, proof))


def test_a_refused_proof_is_not_burnt(holder: Holder) -> None:
    """Who replays it elsewhere first must not keep its owner out."""
    token = holder.token()
    proof = holder.proof("GET", holder.peer.url + CASES, ath=ath(token))
    refused(holder.use(token, proof, path="/v1/complaints/services"))
    assert holder.use(token, proof).status_code == 200


def test_a_bound_token_is_no_bearer_token(holder: Holder) -> None:
    token = holder.token()
    refused(holder.use(token, None, scheme="Bearer"))
    refused(holder.use(token, holder.proof("GET", holder.peer.url + CASES, ath=ath(token)), scheme="Bearer"))
    refused(holder.use(token, None))


def test_a_bearer_token_is_no_bound_token(holder: Holder) -> None:
    token = holder.peer.ask_token().json()["access_token"]
    refused(holder.get(token))


def test_a_proof_by_another_key(holder: Holder) -> None:
    token = holder.token()
    refused(Holder(holder.peer).get(token))
    assert holder.get(token).status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"ath": None}, {"ath": ath("another")}, {"htm": "POST"}, {"htu": "http://127.0.0.1/v1/complaints/cases"}]
)
def test_a_proof_that_does_not_hold_at_a_resource(holder: Holder, wrong: dict[str, Any]) -> None:
    refused(holder.get(holder.token(), **wrong))


def test_a_wrong_nonce_is_refused_where_none_is_demanded(holder: Holder) -> None:
    token = holder.token()
    refused(holder.get(token, nonce="made-up"), "use_dpop_nonce", "use_dpop_nonce")
    refused(holder.get(token, nonce=5), "use_dpop_nonce", "use_dpop_nonce")


def test_the_strict_mode_demands_nonces(strict_holder: Holder) -> None:
    holder, url = strict_holder, f"{strict_holder.peer.url}/oauth2/token"
    answer = holder.ask()
    refused_at_token(answer, "use_dpop_nonce")
    nonce = answer.headers["dpop-nonce"]
    answer = holder.ask(holder.proof("POST", url, nonce=nonce))
    token = answer.json()["access_token"]
    assert answer.headers["dpop-nonce"], "also with a success"
    answer = holder.get(token)
    refused(answer, "use_dpop_nonce", "use_dpop_nonce")
    answer = holder.get(token, nonce=answer.headers["dpop-nonce"])
    assert answer.status_code == 200


def test_a_nonce_ages(strict_holder: Holder, strict: Sandbox) -> None:
    url = f"{strict_holder.peer.url}/oauth2/token"
    nonce = strict_holder.ask().headers["dpop-nonce"]
    strict.skew(601)
    late = strict_holder.proof("POST", url, nonce=nonce, iat=int(time.time()) + 601)
    assertion = strict_holder.peer.assertion(iat=int(time.time()) + 601, exp=int(time.time()) + 661)
    form = strict_holder.peer.token_form(assertion)
    answer = strict_holder.peer.http.post(url, data=form, headers={"dpop": late})
    refused_at_token(answer, "use_dpop_nonce")
    assert answer.headers["dpop-nonce"] != nonce


def test_nothing_is_demanded_of_plain_tokens(strict_holder: Holder) -> None:
    answer = strict_holder.peer.ask_token()
    assert answer.json()["token_type"] == "Bearer"
    assert "dpop-nonce" not in answer.headers


def _keys(peer: Peer) -> KeySet:
    return KeySet.import_key_set(peer.http.get(f"{peer.url}/.well-known/jwks.json").json())
