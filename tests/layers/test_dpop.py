"""DPoP at the token endpoint: proofs, nonces, and tokens that are not what was asked for."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import pickle
from email.utils import formatdate
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import import_key
from joserfc.util import json_b64decode
from tests.layers.keys import ISSUER, Issuer, answer, ed25519_pem, p256_pem, token
from tests.layers.worlds import EPOCH, START, Sent, World

from egov_serang.auth.credentials import PrivateKeyJwt
from egov_serang.auth.dpop import ProofKey
from egov_serang.auth.tokens import TokenSource
from egov_serang.core.message import Headers
from egov_serang.errors import ConfigError, EgovError, Forbidden, Unauthorized, UnexpectedReply
from egov_serang.signing.keys import PrivateKey


def read(proof: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a proof whose signature holds by the key it brings."""
    header = json_b64decode(proof.split(".", maxsplit=1)[0].encode())
    return header, jwt.decode(proof, import_key(header["jwk"]), algorithms=["ES256"]).claims


def unsigned(claims: dict[str, Any]) -> str:
    """A token in the form of a JWT, as a client sees it: its signature is not ours to check."""
    parts = ({"alg": "ES256", "typ": "at+jwt"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + ".c2ln"


class Bound:
    """A source of bound tokens over a fake issuer."""

    def __init__(self, world: World, key: ProofKey | None = None, scope: str | None = None) -> None:
        self.issuer = Issuer()
        self.key = key or ProofKey()
        self.runtime = world.runtime
        self.runtime.handler = self.issuer
        credentials = PrivateKeyJwt("app", PrivateKey(p256_pem()))
        self.source = TokenSource(ISSUER, credentials, scope, dpop=self.key)

    def get(self) -> str:
        return self.runtime.run(self.source.get(self.runtime, self.runtime.now() + 60)).header()

    def fails(self) -> Any:
        with pytest.raises(EgovError) as caught:
            self.get()
        return caught.value

    def proofs(self) -> list[dict[str, Any]]:
        return [read(sent.headers["dpop"])[1] for sent in self.issuer.asked]


@pytest.fixture
def bound(world: World) -> Bound:
    return Bound(world)


def test_a_proof_is_what_rfc_9449_says() -> None:
    key = ProofKey()
    proof = key.proof("GET", "https://gateway.test:8443/v1/x%2Fy?q=1#f", EPOCH + 0.9, "the-token")
    header, claims = read(proof)
    assert (header["typ"], header["alg"]) == ("dpop+jwt", "ES256")
    assert set(header["jwk"]) == {"kty", "crv", "x", "y"}, "the public half alone"
    assert import_key(header["jwk"]).thumbprint() == key.thumbprint
    assert claims == {
        "jti": claims["jti"],
        "htm": "GET",
        "htu": "https://gateway.test:8443/v1/x%2Fy",
        "iat": EPOCH,
        "ath": base64.urlsafe_b64encode(hashlib.sha256(b"the-token").digest()).rstrip(b"=").decode(),
    }
    assert len(claims["jti"]) >= 16


def test_the_hash_of_the_token_is_rfc_9449s_own_example() -> None:
    """Section 7.1 of the RFC: this token has this `ath`."""
    token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
    _, claims = read(ProofKey().proof("GET", "https://resource.example.org/r", EPOCH, token))
    assert claims["ath"] == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def test_every_proof_has_an_id_of_its_own() -> None:
    key = ProofKey()
    seen = {read(key.proof("GET", ISSUER, EPOCH))[1]["jti"] for _ in range(50)}
    assert len(seen) == 50


@pytest.mark.parametrize("expires", [False, True])
def test_expiry_is_a_switch(expires: bool) -> None:
    _, claims = read(ProofKey(expires=expires).proof("POST", ISSUER, EPOCH))
    assert claims.get("exp") == (EPOCH + 60 if expires else None)


def test_a_key_of_another_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="P-256"):
        ProofKey(PrivateKey(ed25519_pem()))


def test_the_key_is_shown_and_copied_nowhere() -> None:
    key = ProofKey(PrivateKey(p256_pem()))
    private = json.loads(json.dumps(key._key.as_dict(private=True)))["d"]
    assert private not in f"{key!r} {key._header} {key.proof('GET', ISSUER, EPOCH)}"
    with pytest.raises(TypeError):
        vars(key)
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            attempt(key)


def test_nonces_are_kept_per_origin() -> None:
    key = ProofKey()
    assert key.learn("https://a.test/x/y?z", Headers([("DPoP-Nonce", "of-a")]))
    assert not key.learn("https://a.test/x", Headers([]))
    assert read(key.proof("GET", "https://a.test/other", EPOCH))[1]["nonce"] == "of-a"
    for other in ("https://a.test:8443/x", "http://a.test/x", "https://b.test/x"):
        assert "nonce" not in read(key.proof("GET", other, EPOCH))[1]


@pytest.mark.parametrize("nonce", ["", "two words", 'quo"te', "back\\slash", "n" * 1025, "é", "a, b"])
def test_what_is_no_nonce_is_not_sent_back(nonce: str) -> None:
    key = ProofKey()
    assert not key.learn(ISSUER, Headers([("dpop-nonce", nonce)]))
    assert "nonce" not in read(key.proof("GET", ISSUER, EPOCH))[1]


def test_a_bound_token_is_asked_for_with_a_proof(bound: Bound) -> None:
    bound.issuer.answers = [token("bound", kind="DPoP")]
    assert bound.get() == "DPoP bound"
    (claims,) = bound.proofs()
    assert (claims["htm"], claims["htu"], claims["iat"]) == ("POST", f"{ISSUER}/oauth2/token", EPOCH)
    assert "ath" not in claims
    assert "nonce" not in claims


def test_a_demanded_nonce_is_sent_once_more(bound: Bound) -> None:
    demand = answer(400, {"error": "use_dpop_nonce"}, dpop_nonce="n-1")
    bound.issuer.answers = [demand, token("bound", kind="DPoP")]
    assert bound.get() == "DPoP bound"
    first, second = bound.proofs()
    assert "nonce" not in first
    assert second["nonce"] == "n-1"
    assert first["jti"] != second["jti"]
    assertions = [form["client_assertion"] for form in bound.issuer.forms]
    assert assertions[0] != assertions[1], "the assertion is made anew too: the first may count as used"
    assert bound.runtime.slept == []


def test_a_nonce_is_learnt_from_a_success_and_used_for_the_next_token(bound: Bound) -> None:
    first = token("bound", kind="DPoP")
    first.headers._fields["dpop-nonce"] = "n-2"
    bound.issuer.answers = [first, token("bound", kind="DPoP")]
    bound.get()
    bound.runtime.clock += 4000
    bound.get()
    assert [claims.get("nonce") for claims in bound.proofs()] == [None, "n-2"]


def test_a_nonce_demanded_twice_is_told(bound: Bound) -> None:
    bound.issuer.answers = [answer(400, {"error": "use_dpop_nonce"}, dpop_nonce=f"n-{i}") for i in range(9)]
    error = bound.fails()
    assert type(error) is Unauthorized
    assert (error.code, error.sent) == ("use_dpop_nonce", "no")
    assert bound.issuer.count == 2


def test_a_demand_without_a_nonce_is_not_repeated(bound: Bound) -> None:
    bound.issuer.answers = [answer(400, {"error": "use_dpop_nonce"})]
    assert bound.fails().code == "use_dpop_nonce"
    assert bound.issuer.count == 1


def _date(world: World, ahead: float) -> str:
    return formatdate(world.runtime.wall() + ahead, usegmt=True)


def test_a_refused_time_and_a_demanded_nonce_are_mended_one_after_the_other(world: World) -> None:
    bound = Bound(world)
    bound.issuer.answers = [
        answer(400, {"error": "invalid_dpop_proof"}, date=_date(world, 600), dpop_nonce="n-0"),
        answer(400, {"error": "use_dpop_nonce"}, date=_date(world, 600), dpop_nonce="n-1"),
        token("bound", kind="DPoP"),
    ]
    assert bound.get() == "DPoP bound"
    proofs = bound.proofs()
    assert [claims.get("nonce") for claims in proofs] == [None, "n-0", "n-1"]
    assert [round((claims["iat"] - EPOCH) / 600) for claims in proofs] == [0, 1, 1]


@pytest.mark.parametrize("code", ["invalid_dpop_proof", "invalid_client"])
def test_a_clock_too_far_off_is_the_reason_given(world: World, code: str) -> None:
    bound = Bound(world)
    bound.issuer.answers = [answer(400, {"error": code}, date=_date(world, 1200))] * 2
    error = bound.fails()
    assert bound.issuer.count == 1
    assert "+1200 s" in error.hint
    assert "Set this machine's clock" in error.hint


def test_a_bearer_token_is_refused_as_a_downgrade(bound: Bound) -> None:
    bound.issuer.answers = [token("CANARY")]
    error = bound.fails()
    assert type(error) is UnexpectedReply
    assert error.code == "token_downgrade"
    assert ISSUER in str(error)
    assert "private_key_jwt" in error.hint
    assert "CANARY" not in f"{error} {vars(error)}"


def test_a_bound_token_nobody_asked_for_is_refused(world: World) -> None:
    source = TokenSource(ISSUER, PrivateKeyJwt("app", PrivateKey(p256_pem())))
    world.answers = [lambda sent: token("CANARY", kind="DPoP")]
    with pytest.raises(UnexpectedReply) as caught:
        world.runtime.run(source.get(world.runtime, START + 60))
    assert caught.value.code == "token_shape"


@pytest.mark.parametrize(
    "cnf", [None, {}, {"jkt": "another"}, {"jkt": 5}, "text", {"x5t#S256": "c2VydGlmaWNhdGU"}], ids=str
)
def test_a_jwt_bound_to_another_key_is_refused(bound: Bound, cnf: Any) -> None:
    claims = {"iss": ISSUER} | ({} if cnf is None else {"cnf": cnf})
    bound.issuer.answers = [token(unsigned(claims), kind="DPoP")]
    error = bound.fails()
    assert (type(error), error.code) == (UnexpectedReply, "token_binding")
    assert ISSUER in str(error)


def test_a_jwt_bound_to_our_key_is_used(bound: Bound) -> None:
    value = unsigned({"iss": ISSUER, "cnf": {"jkt": bound.key.thumbprint}})
    bound.issuer.answers = [token(value, kind="dpop")]
    assert bound.get() == f"DPoP {value}"


@pytest.mark.parametrize("value", ["opaque", "a.b", "e30", "x.W10.x", "x.!.x", "x.bm8.x", "x.e30x.x.x"])
def test_a_token_that_cannot_be_looked_into_is_used(bound: Bound, value: str) -> None:
    bound.issuer.answers = [token(value, kind="DPoP")]
    assert bound.get() == f"DPoP {value}"


@pytest.mark.parametrize("kind", ["Bearer", "DPoP"])
def test_a_jwt_of_another_issuer_is_refused(world: World, kind: str) -> None:
    bound = Bound(world)
    source = bound.source if kind == "DPoP" else TokenSource(ISSUER, PrivateKeyJwt("app", PrivateKey(p256_pem())))
    value = unsigned({"iss": "https://CANARY.test", "cnf": {"jkt": bound.key.thumbprint}})
    bound.issuer.answers = [token(value, kind=kind)]
    with pytest.raises(UnexpectedReply) as caught:
        world.runtime.run(source.get(world.runtime, START + 60))
    assert caught.value.code == "token_issuer"
    assert ISSUER in str(caught.value)
    assert "token_endpoint" in str(caught.value)
    assert "CANARY" not in f"{caught.value} {vars(caught.value)}"


@pytest.mark.parametrize(
    ("asked", "granted", "missing"),
    [
        ("a b", "a b", ""),
        ("a b", "b a c", ""),
        ("a b", None, ""),
        (None, "a", ""),
        ("a b", "a", "b"),
        ("c a b", "b", "a, c"),
        ("a", "", "a"),
    ],
)
def test_granted_scopes_are_compared_with_the_asked(
    world: World, asked: str | None, granted: str | None, missing: str
) -> None:
    bound = Bound(world, scope=asked)
    document = {"access_token": "CANARY", "token_type": "DPoP", "expires_in": 900}
    bound.issuer.answers = [answer(200, document if granted is None else document | {"scope": granted})]
    if not missing:
        assert bound.get() == "DPoP CANARY"
        return
    error = bound.fails()
    assert (type(error), error.code, error.sent) == (Forbidden, "scope_missing", "no")
    assert f"without the scopes {missing} " in f"{error.message} "
    assert ISSUER in str(error)
    assert "CANARY" not in f"{error} {vars(error)}"


def test_who_asks_is_not_shown(bound: Bound) -> None:
    sent: list[Sent] = bound.issuer.asked
    bound.issuer.answers = [token("bound", kind="DPoP")]
    bound.get()
    proof = sent[0].headers["dpop"]
    assert proof not in f"{bound.source!r} {vars(bound.source)} {bound.key!r}"
