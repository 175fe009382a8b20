"""Nobody is logged in by an identity token that is not the right one."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey
from tests.login.fake import (
    CLIENT,
    ISSUER,
    Provider,
    confused,
    encrypted,
    forging,
    ok,
    refusal,
    settings,
    unsigned,
)

from egov_serang import (
    SignatureInvalid,
    UnexpectedReply,
)
from egov_serang.auth.login import Login


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://evil.test"}, "token_issuer"),
        ({"iss": f"{ISSUER}/"}, "token_issuer"),
        ({"iss": None}, "token_issuer"),
        ({"aud": "other"}, "token_audience"),
        ({"aud": []}, "token_audience"),
        ({"aud": None}, "token_audience"),
        ({"aud": [CLIENT, "other"]}, "token_audience"),
        ({"aud": [CLIENT, "other"], "azp": "other"}, "token_audience"),
        ({"azp": "other"}, "token_audience"),
        ({"exp": 1_000_000_000}, "token_expired"),
        ({"exp": None}, "token_expired"),
        ({"exp": True}, "token_expired"),
        ({"exp": "9999999999"}, "token_expired"),
        ({"exp": 10**30}, "token_expired"),
        ({"iat": 9_999_999_999}, "token_time"),
        ({"iat": None}, "token_time"),
        ({"nbf": 9_999_999_999}, "token_time"),
        ({"nbf": "soon"}, "token_time"),
        ({"nonce": "another"}, "token_nonce"),
        ({"nonce": None}, "token_nonce"),
        ({"nonce": 1}, "token_nonce"),
        ({"sub": None}, "token_subject"),
        ({"sub": ""}, "token_subject"),
        ({"sub": 7}, "token_subject"),
        ({"sub": "x" * 256}, "token_subject"),
        ({"at_hash": "AAAA"}, "token_binding"),
        ({"at_hash": 1}, "token_binding"),
    ],
    ids=str,
)
def test_claims_of_another_login(provider: Provider, claims: dict[str, Any], code: str) -> None:
    provider.claims = claims
    refusal(provider, UnexpectedReply, code)


def test_the_clocks_may_differ_by_a_minute_and_no_more(provider: Provider) -> None:
    for name, late, code in (("exp", -90, "token_expired"), ("iat", 90, "token_time"), ("nbf", 90, "token_time")):
        provider.claims = {name: int(time.time()) + late}
        refusal(provider, UnexpectedReply, code)
        login = Login(settings(leeway=300), transport=provider)
        _, transaction = login.begin()
        assert login.finish(provider.back(transaction), transaction).subject == "who"


def test_what_the_standard_allows_is_allowed(provider: Provider) -> None:
    just_over = {"exp": int(time.time()) - 30}
    for claims in ({"aud": [CLIENT]}, {"aud": [CLIENT, "b"], "azp": CLIENT}, {"at_hash": None}, just_over):
        provider.claims = claims
        login = Login(settings(), transport=provider)
        _, transaction = login.begin()
        assert login.finish(provider.back(transaction), transaction).subject == "who"


@given(
    st.sampled_from(["iss", "aud", "exp", "iat", "nonce"]),
    st.none() | st.booleans() | st.text() | st.lists(st.text()) | st.integers(max_value=0),
)
def test_no_other_claim_logs_anybody_in(name: str, value: Any) -> None:
    assume(value not in (ISSUER, CLIENT, [CLIENT]) and not (name == "iat" and value == 0))
    provider = Provider(claims={name: value})
    login = Login(settings(), transport=provider)
    _, transaction = login.begin()
    with pytest.raises(UnexpectedReply):
        login.finish(provider.back(transaction), transaction)


def test_an_old_login_where_a_fresh_one_is_wanted(provider: Provider) -> None:
    now = int(time.time())
    for at in (None, now - 1000, "now"):
        provider.claims = {"auth_time": at}
        refusal(provider, UnexpectedReply, "token_age", max_age=300)
    provider.claims = {"auth_time": now - 100}
    login = Login(settings(max_age=300), transport=provider)
    url, transaction = login.begin()
    assert parse_qs(urlsplit(url).query)["max_age"] == ["300"]
    assert login.finish(provider.back(transaction), transaction).authenticated_at is not None


def test_no_signature_a_foreign_one_and_one_by_the_wrong_algorithm(provider: Provider) -> None:
    other = ECKey.generate_key("P-256")
    provider.nonce = "set by back"
    for make, code in (
        (lambda: unsigned(provider.said()), "token_signature"),
        (lambda: unsigned(provider.said(), "None"), "token_signature"),
        (lambda: confused(provider.said(), provider.key.as_pem(private=False)), "token_signature"),
        (lambda: Provider(key=other, nonce=provider.nonce).token(), "token_signature"),
        (lambda: Provider(key=other, nonce=provider.nonce, header={"kid": "k2"}).token(), "token_key"),
        (lambda: provider.token()[:-4] + "AAAA", "token_signature"),
        (lambda: "no.jwt", "token_signature"),
        (lambda: "no.jwt.at.all", "token_signature"),
    ):
        refusal(provider, SignatureInvalid, code, back=forging(provider, make))


def test_only_the_algorithms_of_the_configuration(provider: Provider) -> None:
    refusal(provider, SignatureInvalid, "token_signature", algorithms=("PS256",))
    provider.key = RSAKey.generate_key(2048)
    provider.header = {"alg": "RS256"}
    refusal(provider, SignatureInvalid, "token_signature", algorithms=("PS256",))


def test_keys_that_must_not_check_anything_are_left_out(provider: Provider) -> None:
    public = provider.key.as_dict(private=False)
    for key in (
        {**public, "kid": "k1", "use": "enc"},
        {**public, "kid": "k1", "alg": "ES512"},
        {**public, "kid": "k1", "alg": ["ES256"]},
        {**public, "kid": "k1", "key_ops": ["sign"]},
        {**provider.key.as_dict(private=True), "kid": "k1"},
        {"kty": "oct", "kid": "k1", "k": "AAAA"},
        {"kty": "RSA", "kid": "k1", "n": "AQAB", "e": "AQAB"},
        {"kty": "EC", "kid": "k1", "crv": "P-256", "x": 1},
    ):
        provider.answers["/jwks"] = ok({"keys": [key]})
        refusal(provider, SignatureInvalid, "token_key")
    provider.answers["/jwks"] = ok({"keys": [{**public, "kid": "k1"}, {**public, "kid": "k1"}]})
    refusal(provider, UnexpectedReply, "jwks_shape")


def test_a_token_without_a_key_name_is_checked_with_the_only_key(provider: Provider) -> None:
    provider.header = {"kid": None}
    login = Login(settings(), transport=provider)
    _, transaction = login.begin()
    assert login.finish(provider.back(transaction), transaction).subject == "who"
    other = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "k2"}
    provider.answers["/jwks"] = ok({"keys": [*provider.jwks()["keys"], other]})
    refusal(provider, SignatureInvalid, "token_key")


def test_a_key_that_is_replaced_is_found(provider: Provider) -> None:
    login = Login(settings(), transport=provider)
    _, transaction = login.begin()
    login.finish(provider.back(transaction), transaction)
    provider.key = ECKey.generate_key("P-256")
    kept, provider.header = provider.key, {"kid": "k2"}
    provider.answers["/jwks"] = ok({"keys": [{**kept.as_dict(private=False), "kid": "k2"}]})
    _, transaction = login.begin()
    # An unknown key is asked for at once only after the cooldown; until then the set that is known counts.
    with pytest.raises(SignatureInvalid):
        login.finish(provider.back(transaction), transaction)
    fresh = Login(settings(), transport=provider)
    _, transaction = fresh.begin()
    assert fresh.finish(provider.back(transaction), transaction).subject == "who"


@pytest.fixture
def ours(tmp_path: Path) -> ECKey:
    key = ECKey.generate_key("P-256")
    (tmp_path / "ours.pem").write_bytes(key.as_pem(private=True))
    return key


def test_encryption_is_not_taken_away_and_not_added(provider: Provider, ours: ECKey, tmp_path: Path) -> None:
    mine = (str(tmp_path / "ours.pem"),)
    refusal(provider, SignatureInvalid, "token_encryption", decryption_key_files=mine)
    provider.encrypt_to = ours
    refusal(provider, SignatureInvalid, "token_encryption")
    login = Login(settings(decryption_key_files=mine), transport=provider)
    _, transaction = login.begin()
    assert login.finish(provider.back(transaction), transaction).subject == "who"
    provider.encrypt_to = ECKey.generate_key("P-256")
    refusal(provider, SignatureInvalid, "token_encryption", decryption_key_files=mine)


def test_what_is_encrypted_must_still_be_signed(provider: Provider, ours: ECKey, tmp_path: Path) -> None:
    mine = (str(tmp_path / "ours.pem"),)
    for make, code in (
        (lambda: encrypted(unsigned(provider.said()), ours), "token_signature"),
        (lambda: encrypted(json.dumps(provider.said()), ours), "token_signature"),
        (lambda: encrypted(encrypted(provider.token(), ours), ours), "token_signature"),
        (lambda: encrypted(provider.token(), ours, zip="DEF"), "token_encryption"),
        (lambda: encrypted(provider.token(), ours, enc="A128GCM"), "token_encryption"),
    ):
        refusal(provider, SignatureInvalid, code, back=forging(provider, make), decryption_key_files=mine)
