"""What our verifier accepts, and everything it refuses: the catalogue of layers.md 1.3 (both columns) and 1.4."""

from __future__ import annotations

import base64
import functools
import pickle
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from tests.layers.keys import ed25519_pem, p256_pem, pem, rsa_pem

from egov_serang.errors import ConfigError, EgovError, SignatureInvalid
from egov_serang.signing.algorithms import VerifyKey, key_from_jwk, public_key, secret_key, secret_signer, signer
from egov_serang.signing.base import Message
from egov_serang.signing.digests import content_digest
from egov_serang.signing.headers import LONGEST, read_input, read_signature
from egov_serang.signing.keys import PrivateKey
from egov_serang.signing.messages import MessageSigner
from egov_serang.signing.nonces import MemoryNonces
from egov_serang.signing.verifier import MessageVerifier, Verified
from egov_serang.types import Secret

NOW = 1_800_000_000
URL = "https://gateway.example/v1/complaints/cases?limit=2"
BODY = b'{"service_code":"sampah"}'
SECRET = b"s" * 32


@functools.cache
def key(kind: str = "ed25519") -> PrivateKey:
    return PrivateKey({"ed25519": ed25519_pem, "p256": p256_pem, "rsa": rsa_pem}[kind](), "k")


@functools.cache
def known(kind: str = "ed25519") -> VerifyKey:
    crypto: Any = key(kind).crypto
    return public_key(crypto.public_key(), "k")


def signed(method: str = "POST", body: bytes = BODY, at: int = NOW, **more: str) -> dict[str, str]:
    """The headers of a signed request."""
    headers = {"x-request-id": "r-1", "authorization": "Bearer secret.token.1", **more}
    if body:
        headers |= {"content-type": "application/json", "content-digest": content_digest([body])}
    if method != "GET":
        headers["idempotency-key"] = "i-1"
    MessageSigner(signer(key())).sign(method, URL, headers, created=at)
    return headers


def check(
    headers: Mapping[str, str],
    body: bytes = BODY,
    *,
    method: str = "POST",
    url: str = URL,
    now: float = NOW,
    verifier: MessageVerifier | None = None,
) -> Verified:
    used = verifier or MessageVerifier({"k": known()}.get, MemoryNonces())
    return used.request(Message(headers, method, url), body, now=now)


def refused(headers: Mapping[str, str], code: str, body: bytes = BODY, **more: Any) -> SignatureInvalid:
    with pytest.raises(SignatureInvalid) as caught:
        check(headers, body, **more)
    assert caught.value.code == code
    return caught.value


def edited(change: Callable[[str], str], field: str = "signature-input") -> dict[str, str]:
    headers = signed()
    return {**headers, field: change(headers[field])}


def test_a_request_with_and_without_a_body() -> None:
    with_body = check(signed())
    assert (with_body.keyid, with_body.algorithm, with_body.created, with_body.expires) == (
        "k",
        "ed25519",
        NOW,
        NOW + 300,
    )
    assert with_body.components[2:4] == ('"content-type"', '"content-digest"')
    without = check(signed("GET", b""), b"", method="GET")
    assert without.components == ('"@method"', '"@target-uri"', '"authorization"', '"x-request-id"')


@pytest.mark.parametrize("kind", ["ed25519", "p256", "rsa"])
def test_every_kind_of_key(kind: str) -> None:
    headers = {"x-request-id": "r-1"}
    MessageSigner(signer(key(kind))).sign("GET", URL, headers, created=NOW)
    verifier = MessageVerifier({"k": known(kind)}.get, MemoryNonces())
    assert check(headers, b"", method="GET", verifier=verifier).algorithm == known(kind).algorithm
    jwk = key(kind).jose().as_dict(private=False)
    assert key_from_jwk(jwk, "k").algorithm == known(kind).algorithm
    assert (
        key_from_jwk(jwk).keyid == PrivateKey({"ed25519": ed25519_pem, "p256": p256_pem, "rsa": rsa_pem}[kind]()).keyid
    )
    assert key_from_jwk({**jwk, "kid": "named", "use": "httpsig"}).keyid == "named"


def test_a_shared_secret() -> None:
    headers = {"x-request-id": "r-1"}
    MessageSigner(secret_signer(Secret("s" * 32), "k")).sign("GET", URL, headers, created=NOW)
    verifier = MessageVerifier({"k": secret_key(SECRET, "k")}.get, MemoryNonces())
    assert check(headers, b"", method="GET", verifier=verifier).algorithm == "hmac-sha256"
    other = MessageVerifier({"k": secret_key(b"t" * 32, "k")}.get, MemoryNonces())
    refused(headers, "signature_wrong", b"", method="GET", verifier=other)


@pytest.mark.parametrize("make", [secret_signer, secret_key])
def test_a_short_secret_is_refused(make: Callable[[bytes, str], object]) -> None:
    with pytest.raises(ConfigError, match="32 bytes"):
        make(b"s" * 31, "k")


@pytest.mark.parametrize(
    "weak",
    [
        lambda: public_key(rsa.generate_private_key(65537, 1024).public_key(), "k"),
        lambda: public_key(ec.generate_private_key(ec.SECP384R1()).public_key(), "k"),
        lambda: public_key(ed25519.Ed25519PrivateKey.generate(), "k"),
        lambda: key_from_jwk({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}),
        lambda: key_from_jwk({"kty": "EC", "crv": "P-256"}),
        lambda: key_from_jwk({}),
    ],
)
@pytest.mark.filterwarnings("default::cryptography.utils.CryptographyDeprecationWarning")
def test_weak_and_wrong_keys_are_refused(weak: Callable[[], object]) -> None:
    with pytest.raises(ConfigError) as caught:
        weak()
    assert caught.value.code == "key_unusable"


# What is signed, changed on its way.


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("authorization", "Bearer secret.token.2"),
        ("idempotency-key", "i-2"),
        ("x-request-id", "r-2"),
        ("content-type", "text/plain"),
        ("authorization", "Bearer secret.token.1, Bearer secret.token.1"),  # sent twice, and joined
    ],
)
def test_a_changed_field(field: str, value: str) -> None:
    refused({**signed(), field: value}, "signature_wrong")


def test_a_changed_method_path_and_query() -> None:
    refused(signed(), "signature_wrong", method="PUT")
    refused(signed(), "signature_wrong", url=URL.replace("cases", "Cases"))
    refused(signed(), "signature_wrong", url=URL.replace("limit=2", "limit=3"))
    refused(signed(), "signature_wrong", url=URL + "&limit=2")
    refused(signed(), "signature_wrong", url=URL.replace("gateway", "other"))
    refused(signed(), "coverage", method="post")  # methods are case-sensitive: this one is no write


def test_a_changed_body_and_digest() -> None:
    refused(signed(), "digest", BODY + b" ")
    refused({**signed(), "content-digest": content_digest([b"other"])}, "signature_wrong", b"other")
    refused({**signed(), "content-digest": "md5=:AAAA:"}, "digest")
    wrong = f"{content_digest([BODY])}, {content_digest([b'x']).replace('sha-256', 'sha-512')}"
    refused({**signed(), "content-digest": wrong}, "digest")
    refused({**signed(), "content-digest": "x" * (LONGEST + 1)}, "digest")


def test_a_body_that_was_not_signed() -> None:
    refused(signed("POST", b""), "coverage", BODY)
    refused(signed("GET", b""), "coverage", BODY, method="GET")
    refused(signed(), "digest", b"")  # the digest of a body that did not come


@pytest.mark.parametrize("bit", range(8))
def test_one_flipped_bit_in_base_parameters_or_signature(bit: int) -> None:
    def flipped(text: str) -> str:
        raw = bytearray(base64.b64decode(text.removeprefix("egov=:").rstrip(":")))
        raw[11] ^= 1 << bit
        return f"egov=:{base64.b64encode(raw).decode()}:"

    refused(edited(flipped, "signature"), "signature_wrong")
    other_nonce = edited(lambda text: re.sub(r'nonce="(.)', lambda m: f'nonce="{"a" if m[1] != "a" else "b"}', text))
    refused(other_nonce, "signature_wrong")


# Coverage.


@pytest.mark.parametrize(
    "change",
    [
        lambda text: re.sub(r"\(.*?\)", "()", text),
        lambda text: text.replace(' "content-digest"', ""),
        lambda text: text.replace(' "authorization"', ""),
        lambda text: text.replace(' "idempotency-key"', ""),
        lambda text: text.replace('"@target-uri"', '"@path"'),
        lambda text: text.replace('"@method" "@target-uri"', '"@target-uri" "@method"'),
        lambda text: text.replace('"@method"', '"@method" "@method"'),
        lambda text: text.replace('"x-request-id"', '"x-request-id" "date"'),
        lambda text: text.replace('"@method"', '"@method";req'),
        lambda text: text.replace('"@method"', '"@method";tr'),
        lambda text: text.replace('"content-type"', '"content-type";sf'),
        lambda text: text.replace('"content-type"', '"content-type";bs'),
        lambda text: text.replace('"@target-uri"', '"@query-param";name="limit"'),
        lambda text: text.replace('"@target-uri"', '"@unheard-of"'),
    ],
)
def test_any_other_coverage(change: Callable[[str], str]) -> None:
    error = refused(edited(change), "coverage")
    assert error.expected != error.found
    assert "expected: " in error.explain()


def test_a_field_that_was_added_must_have_been_covered() -> None:
    refused({**signed(), "if-match": '"1"'}, "coverage")
    refused({**signed(), "dpop": "proof"}, "coverage")
    headers = signed()
    del headers["authorization"]
    refused(headers, "coverage")
    headers = signed()
    del headers["x-request-id"]
    assert refused(headers, "component_missing").explain().startswith("the message lacks the component")


# Parameters.


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.replace(';alg="ed25519"', ""), "parameters"),
        (lambda text: text.replace(';keyid="k"', ""), "parameters"),
        (lambda text: re.sub(r';nonce="[^"]*"', "", text), "parameters"),
        (lambda text: re.sub(r';nonce="[^"]*"', ';nonce="short"', text), "parameters"),
        (lambda text: re.sub(r";expires=\d+", "", text), "parameters"),
        (lambda text: re.sub(r";created=\d+", "", text), "parameters"),
        (lambda text: re.sub(r";created=(\d+)", r';created="\1"', text), "parameters"),
        (lambda text: text + ';context="x"', "parameters"),
        (lambda text: text.replace('tag="egov-serang"', 'tag="other"'), "tag"),
        (lambda text: text.replace('alg="ed25519"', 'alg="hmac-sha256"'), "algorithm"),
        (lambda text: text.replace('alg="ed25519"', 'alg="rsa-v1_5-sha256"'), "algorithm"),
        (lambda text: text.replace('keyid="k"', 'keyid="other"'), "unknown_key"),
        (lambda text: text.replace(";created", ";created=1;created"), "signature_malformed"),
        (lambda text: re.sub(r";created=\d+", ";created=-5", text), "signature_malformed"),
        (lambda text: re.sub(r";created=\d+", ";created=1.5", text), "signature_malformed"),
        (lambda text: re.sub(r";created=\d+", f";created={'9' * 16}", text), "signature_malformed"),
        (lambda text: text.replace(";keyid", "; keyid"), "signature_malformed"),
        (lambda text: text.replace('"@method" ', '"@method"  '), "signature_malformed"),
        (lambda text: f"{text}, other={text.partition('=')[2]}", "signature_malformed"),
        (lambda text: f"{text}, {text}", "signature_malformed"),
        (lambda text: text.replace('keyid="k"', 'keyid="\\"k"'), "signature_malformed"),
        (lambda text: text.replace('keyid="k"', 'keyid="k\u00e9"'), "signature_malformed"),
        (lambda text: text.replace('keyid="k"', 'keyid="k\n"'), "signature_malformed"),
        (lambda text: text.replace("egov=", "EGOV="), "signature_malformed"),
        (lambda text: text.removeprefix("egov="), "signature_malformed"),
        (lambda text: "", "signature_malformed"),
        (lambda text: text + " ", "signature_malformed"),
        (lambda text: text + ";x=" + "1" * LONGEST, "signature_malformed"),
    ],
)
def test_parameters_that_are_not_ours(change: Callable[[str], str], code: str) -> None:
    refused(edited(change), code)


@given(st.permutations(["created", "expires", "nonce", "keyid", "alg", "tag"]))
def test_parameters_in_any_order_are_read_alike(order: list[str]) -> None:
    usual = read_input(signed()["signature-input"])
    listed = usual.params[: usual.params.index(")") + 1]
    written = dict(part.split("=", 1) for part in usual.params[len(listed) + 1 :].split(";"))
    params = listed + "".join(f";{name}={written[name]}" for name in order)
    assert read_input(f"egov={params}") == usual._replace(params=params)


def test_another_label() -> None:
    headers = signed()
    both = {name: headers[name].replace("egov=", "sig1=") for name in ("signature-input", "signature")}
    refused({**headers, **both}, "tag")
    refused({**headers, "signature-input": both["signature-input"]}, "tag")
    refused({**headers, "signature": both["signature"]}, "signature_malformed")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.rstrip(":=") + ":",  # padding gone
        lambda text: text.replace("egov=:", "egov=:\u00e9"),
        lambda text: text.replace("egov=:", "egov=:-_"),
        lambda text: text.replace("egov=:", "egov=: "),
        lambda text: text.replace(":", ""),
        lambda text: f"{text}, other={text.partition('=')[2]}",
        lambda text: re.sub("([A-Za-z0-9+/])==:", lambda m: ("B" if m[1] == "A" else chr(ord(m[1]) + 1)) + "==:", text),
        lambda text: "egov=::",
        lambda text: "",
        lambda text: "egov=:" + "A" * 1_000_000 + ":",
    ],
)
def test_signatures_that_cannot_be_read(change: Callable[[str], str]) -> None:
    refused(edited(change, "signature"), "signature_malformed")


@pytest.mark.parametrize("field", ["signature", "signature-input"])
def test_an_unsigned_message(field: str) -> None:
    headers = signed()
    del headers[field]
    refused(headers, "signature_missing")


def test_hmac_with_a_public_key_as_secret() -> None:
    """The classic confusion: the verifier must not let the message choose the algorithm."""
    headers = {"x-request-id": "r-1"}
    MessageSigner(secret_signer(pem(key().crypto), "k")).sign("GET", URL, headers, created=NOW)
    refused(headers, "algorithm", b"", method="GET")


# Time.


@pytest.mark.parametrize(
    ("now", "good"), [(NOW - 30, True), (NOW - 31, False), (NOW + 330, True), (NOW + 331, False), (NOW + 86_400, False)]
)
def test_the_edges_of_the_window(now: int, good: bool) -> None:
    if good:
        check(signed(), now=now)
    else:
        refused(signed(), "clock_skew", now=now)


def test_a_lifetime_other_than_the_profiles() -> None:
    longer = edited(lambda text: text.replace(f"expires={NOW + 300}", f"expires={NOW + 301}"))
    refused(longer, "window")
    refused(edited(lambda text: text.replace(f"expires={NOW + 300}", f"expires={NOW}")), "window")


# Nonces and keys.


def test_a_nonce_counts_once_and_only_after_the_signature_held() -> None:
    verifier = MessageVerifier({"k": known()}.get, MemoryNonces())
    headers = signed()
    refused({**headers, "x-request-id": "forged"}, "signature_wrong", verifier=verifier)
    check(headers, verifier=verifier)
    refused(headers, "nonce_replayed", verifier=verifier)
    refused(headers, "nonce_replayed", verifier=verifier, now=NOW + 330)


def test_the_same_nonce_of_another_key_is_another_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda size: b"n" * size)
    verifier = MessageVerifier({"k": known(), "p": public_key(_public("p256"), "p")}.get, MemoryNonces())
    check(signed(), verifier=verifier)
    headers = {"x-request-id": "r-1"}
    MessageSigner(signer(PrivateKey(p256_pem(), "p"))).sign("GET", URL, headers, created=NOW)
    check(headers, b"", method="GET", verifier=verifier)


def _public(kind: str) -> Any:
    crypto: Any = key(kind).crypto
    return crypto.public_key()


def test_a_key_retired_between_signing_and_checking() -> None:
    keys = {"k": known()}
    verifier = MessageVerifier(keys.get, MemoryNonces())
    headers = signed()
    del keys["k"]
    refused(headers, "unknown_key", verifier=verifier)


def test_a_full_store_closes() -> None:
    verifier = MessageVerifier({"k": known()}.get, MemoryNonces(cap=1))
    check(signed(), verifier=verifier)
    refused(signed(), "nonce_store_full", verifier=verifier)
    check(signed(at=NOW + 600), verifier=verifier, now=NOW + 600)


# Answers.


def answered(request: Message, body: bytes = b'{"ok":true}', status: int = 200) -> dict[str, str]:
    headers = {"x-request-id": "r-1"}
    if body:
        headers |= {"content-type": "application/json", "content-digest": content_digest([body])}
    MessageSigner(signer(key())).sign_answer(status, headers, request, created=NOW)
    return headers


def test_an_answer_is_bound_to_its_request() -> None:
    verifier = MessageVerifier({"k": known()}.get, None)
    request = Message(signed(), "POST", URL)
    headers = answered(request)
    held = verifier.answer(Message(headers, status=200, request=request), b'{"ok":true}', now=NOW)
    assert held.components == (
        *('"@status"', '"content-type"', '"content-digest"', '"x-request-id"', '"signature";req;key="egov"'),
    )
    empty = answered(request, b"", 204)
    verifier.answer(Message(empty, status=204, request=request), b"", now=NOW)
    another = Message(signed(), "POST", URL)  # the same request, signed anew
    for answer, body, code in (
        (Message(headers, status=200, request=another), b'{"ok":true}', "signature_wrong"),
        (Message(headers, status=201, request=request), b'{"ok":true}', "signature_wrong"),
        (Message({**headers, "x-request-id": "r-2"}, status=200, request=request), b'{"ok":true}', "signature_wrong"),
        (Message(headers, status=200, request=request), b'{"ok":false}', "digest"),
        (Message(headers, status=200, request=Message({}, "GET", URL)), b'{"ok":true}', "component_missing"),
        (Message(headers, status=200), b'{"ok":true}', "component_missing"),
        (Message(empty, status=204, request=request), b'{"ok":true}', "coverage"),
        (Message({"x-request-id": "r-1"}, status=200, request=request), b"", "signature_missing"),
    ):
        with pytest.raises(SignatureInvalid) as caught:
            verifier.answer(answer, body, now=NOW)
        assert caught.value.code == code


# Explaining, and strangers.


def test_what_is_explained_holds_no_token_and_no_number() -> None:
    url = URL + "&nik=9973010101900000"
    error = refused({**signed(), "x-request-id": "9973010101900000"}, "signature_wrong", url=url)
    for shown in (error.explain(), repr(vars(error)), str(error), repr(pickle.loads(pickle.dumps(error)))):
        assert "secret.token" not in shown
        assert "9973010101900000" not in shown
    assert '"@method": POST' in error.explain()
    assert pickle.loads(pickle.dumps(error)).explain() == error.explain()


def test_a_refused_token_that_is_no_unicode_is_explained_too() -> None:
    error = refused({**signed(), "authorization": "Bearer \ud800"}, "signature_wrong")
    assert '"authorization": (masked Bearer, sha-256 ' in error.explain()


STRANGE = st.one_of(
    st.text(max_size=300),
    st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")),
    st.text(alphabet='egov=("@method" );created=123:,"', max_size=200),
)


@given(STRANGE, STRANGE, STRANGE)
def test_strangers_headers_raise_nothing_but_our_errors(first: str, second: str, third: str) -> None:
    for headers in (
        {"signature-input": first, "signature": second, "content-digest": third},
        {**signed(), "signature-input": first},
        {**signed(), "signature": second},
        {**signed(), "content-digest": third},
    ):
        with pytest.raises(EgovError):
            check(headers)


@pytest.mark.parametrize("read", [read_input, lambda text: read_signature(text, "egov")])
def test_over_16_kib_nothing_is_parsed(read: Callable[[str], object]) -> None:
    with pytest.raises(SignatureInvalid, match="longer than"):
        read("a" * (LONGEST + 1))
