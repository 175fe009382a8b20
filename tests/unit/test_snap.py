"""SNAP BI signatures against published known answers, and the ways in which banks differ."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st
from tests.layers.keys import p256_pem, rsa_pem

from egov_serang.errors import ConfigError, SignatureInvalid
from egov_serang.signing.keys import PrivateKey
from egov_serang.signing.profiles import SignatureProfile
from egov_serang.signing.snap import SnapAsymmetric, SnapNotifications, SnapRules, SnapSymmetric, body_hash, rsa_sha256
from egov_serang.types import Secret

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "snap_and_webhooks.json").read_text("utf-8")
)
KNOWN = VECTORS["symmetric_transaction"]["usable_known_answer"]
URL = f"https://bank.example{KNOWN['path']}"
AT = datetime.fromisoformat(KNOWN["timestamp"]).timestamp()
BODY = KNOWN["minified_body"].encode()


def test_the_known_answer_of_a_transaction() -> None:
    profile = SnapSymmetric(Secret(KNOWN["client_secret"]), SnapRules(timestamp="utc"))
    digest = profile.digest([BODY[:100], BODY[100:]])
    assert digest == KNOWN["body_sha256"]
    headers = {"authorization": f"Bearer {KNOWN['access_token']}"}
    profile.sign(KNOWN["method"], URL, headers, digest=digest, at=AT)
    assert headers["x-timestamp"] == KNOWN["timestamp"]
    assert headers["x-signature"] == KNOWN["signature_base64"]
    profile.verify(KNOWN["method"], URL, headers, BODY, now=AT)


def test_the_known_answer_of_a_token_request() -> None:
    """Its key has 1024 bits, which `PrivateKey` refuses; the answer is of the algorithm."""
    (example,) = VECTORS["asymmetric_access_token"]
    key = load_pem_private_key(example["private_key_pem"].encode(), None)
    assert isinstance(key, RSAPrivateKey)
    assert rsa_sha256(key, example["string_to_sign"]) == example["signature_base64"]
    with pytest.raises(ConfigError):
        PrivateKey(example["private_key_pem"].encode())


def test_a_token_request_says_who_and_when() -> None:
    headers: dict[str, str] = {}
    SnapAsymmetric(PrivateKey(rsa_pem())).sign_token_request("client-1", headers, at=1_714_635_788)
    assert headers["x-timestamp"] == "2024-05-02T14:43:08+07:00"
    crypto: Any = PrivateKey(rsa_pem()).crypto
    assert headers["x-signature"] == rsa_sha256(crypto, "client-1|2024-05-02T14:43:08+07:00")


@pytest.mark.parametrize(
    ("body", "minify", "same_as"),
    [
        (b'{ "a" : 1.10 ,\r\n\t"b": " x  y " }', "between_values", b'{"a":1.10,"b":" x  y "}'),
        (b'{ "b" : "a\\" b" , "a": 1 }', "between_values", b'{"b":"a\\" b","a":1}'),
        (b'{"a": " 12334"}', "everywhere", b'{"a":"12334"}'),
        (b'{ "a": 1 }', "as_sent", b'{ "a": 1 }'),
        (b'{"a": "never ends ', "between_values", b'{"a":"never ends '),
        (b'{"a": "\\', "between_values", b'{"a":"\\'),
        (b"", "between_values", b""),
    ],
)
def test_minifying_by_name(body: bytes, minify: Any, same_as: bytes) -> None:
    assert body_hash(body, minify) == body_hash(same_as, "as_sent")


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_minifying_changes_nothing_but_blanks(value: Any) -> None:
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    spaced = json.dumps(value, indent=3, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert body_hash(spaced, "between_values") == body_hash(plain, "as_sent")


@pytest.mark.parametrize(
    ("rules", "url", "parts"),
    [
        (SnapRules(), URL + "?a=1", [f"{KNOWN['path']}?a=1", body_hash(b"", "as_sent")]),
        (SnapRules(query=False), URL + "?a=1", [KNOWN["path"], body_hash(b"", "as_sent")]),
        (SnapRules(empty_body="left_out"), URL, [KNOWN["path"]]),
    ],
)
def test_how_banks_differ(rules: SnapRules, url: str, parts: list[str]) -> None:
    headers: dict[str, str] = {}
    SnapAsymmetric(PrivateKey(rsa_pem()), rules).sign("GET", url, headers, digest=None, at=1_714_635_788)
    crypto: Any = PrivateKey(rsa_pem()).crypto
    assert headers["x-signature"] == rsa_sha256(crypto, ":".join(["GET", *parts, "2024-05-02T14:43:08+07:00"]))


def pair() -> tuple[SnapAsymmetric, SnapNotifications]:
    key = PrivateKey(rsa_pem())
    assert isinstance(key.crypto, RSAPrivateKey)
    public: RSAPublicKey = key.crypto.public_key()
    return SnapAsymmetric(key), SnapNotifications(public)


@pytest.mark.parametrize("kind", ["symmetric", "asymmetric"])
def test_what_is_signed_holds_and_nothing_else(kind: str) -> None:
    secret = SnapSymmetric(Secret("s"))
    signing, checking = (secret, secret) if kind == "symmetric" else pair()
    profile: SignatureProfile = signing
    headers = {"authorization": "Bearer t"}
    profile.sign("POST", URL, headers, digest=profile.digest([BODY]), at=AT)
    checking.verify("POST", URL, headers, BODY, now=AT + 299)
    checking.verify("POST", URL, headers, json.dumps(json.loads(BODY), indent=2).encode(), now=AT)
    for method, url, sent, body, now, code in (
        ("PUT", URL, headers, BODY, AT, "signature_wrong"),
        ("POST", URL + "x", headers, BODY, AT, "signature_wrong"),
        ("POST", URL, headers, BODY + b"1", AT, "signature_wrong"),
        ("POST", URL, headers, b"", AT, "signature_wrong"),
        ("POST", URL, {**headers, "x-signature": "AAAA"}, BODY, AT, "signature_wrong"),
        ("POST", URL, {**headers, "x-signature": "not base64!"}, BODY, AT, "signature_wrong"),
        ("POST", URL, {**headers, "x-signature": "\u00e9"}, BODY, AT, "signature_missing"),
        ("POST", URL, {**headers, "x-signature": ""}, BODY, AT, "signature_missing"),
        ("POST", URL, {**headers, "x-timestamp": "yesterday"}, BODY, AT, "signature_missing"),
        ("POST", URL, {**headers, "x-timestamp": "2024-03-05T10:37:16"}, BODY, AT, "signature_missing"),
        ("POST", URL, headers, BODY, AT + 302, "clock_skew"),
        ("POST", URL, headers, BODY, AT - 302, "clock_skew"),
    ):
        with pytest.raises(SignatureInvalid) as refused:
            checking.verify(method, url, sent, body, now=now)
        assert refused.value.code == code


def test_another_token_is_another_transaction() -> None:
    profile = SnapSymmetric(Secret("s"))
    headers = {"authorization": "Bearer t"}
    profile.sign("POST", URL, headers, digest=profile.digest([BODY]), at=AT)
    with pytest.raises(SignatureInvalid):
        profile.verify("POST", URL, {**headers, "authorization": "Bearer u"}, BODY, now=AT)


def test_only_rsa_keys_sign_asymmetrically() -> None:
    with pytest.raises(ConfigError, match="RSA"):
        SnapAsymmetric(PrivateKey(p256_pem()))
