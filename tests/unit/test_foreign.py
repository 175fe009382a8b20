"""Messages of other signers: the RFC's vectors, and what http-message-signatures would let through (layers.md 1.3)."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from http_message_signatures import HTTPMessageVerifier, MappingKeyResolver, algorithms
from hypothesis import given
from hypothesis import strategies as st
from tests.layers.keys import ed25519_pem, p256_pem, rsa_pem
from tests.unit.test_signature_base import APPENDIX, KEYS, TEXT, VECTORS, message, verify_key

from egov_serang.errors import ConfigError, EgovError, SignatureInvalid
from egov_serang.signing.algorithms import VerifyKey, public_key, secret_key, secret_signer, signer
from egov_serang.signing.base import Message
from egov_serang.signing.digests import content_digest
from egov_serang.signing.foreign import Allowance, ForeignRules, ForeignSigner, ForeignVerifier
from egov_serang.signing.keys import PrivateKey
from egov_serang.signing.nonces import MemoryNonces

NOW = 1_800_000_000
BODY = b'{"event":"paid"}'
COMPONENTS = ('"@method"', '"@authority"', '"@path"', '"@query"')
KEY = PrivateKey(ed25519_pem(), "bank")
KNOWN = public_key(KEY.crypto.public_key(), "bank")
RULES = ForeignRules(components=COMPONENTS, tag="bank")
VECTORS_THAT_FAIL = {"B.4-5", "B.4-6"}


def vector_message(vector: dict[str, Any], label: str) -> tuple[Message, bytes]:
    """The message of a vector with its signature on it."""
    plain = message(vector["message"], vector.get("related_request"))
    headers = {
        **plain.headers,
        "signature-input": vector["signature_input"],
        "signature": vector.get("signature_header", f"{label}=:{vector['signature_base64']}:"),
    }
    signed = Message(headers, plain.method, plain.url, plain.status, plain.request)
    return signed, VECTORS["messages"][vector["message"]].get("body", "").encode()


def needed(vector: dict[str, Any], body: bytes) -> frozenset[Allowance]:
    """What a vector does that is refused by default."""
    listed = vector["components"]
    found: dict[Allowance, bool] = {
        "empty_coverage": not listed,
        "query_param": any("@query-param" in component for component in listed),
        "uncovered_body": bool(body) and '"content-digest"' not in listed,
    }
    return frozenset(name for name, is_so in found.items() if is_so)


@pytest.mark.parametrize("name", [*APPENDIX, *(name for name in TEXT if name != "s4.3-proxy")])
def test_the_vectors_of_the_rfc_hold_and_the_two_that_must_not_do_not(name: str) -> None:
    vector = APPENDIX.get(name) or TEXT[name]
    signed, body = vector_message(vector, vector["label"])
    allow, listed, at = needed(vector, body), tuple(vector["components"]), vector["params"]["created"]
    keys = {vector["keyid"]: verify_key(vector["keyid"])}.get
    rules = ForeignRules(components=listed, label=vector["label"], allow=allow)
    for less in allow:  # each by its name and no other: nothing is let in by chance
        with pytest.raises((SignatureInvalid, ConfigError)) as strict:
            ForeignVerifier(keys, replace(rules, allow=allow - {less})).verify(signed, body, now=at)
        assert strict.value.code in {"signature_rules", "coverage"}
    if name in VECTORS_THAT_FAIL:
        error = refused("signature_wrong", signed, body, rules=rules, keys=keys, now=at)
        assert error.base is not None
        return
    held = check(signed, body, rules=rules, keys=keys, now=at + 300)
    assert held.components == listed
    assert (held.label, held.keyid, held.created) == (vector["label"], vector["keyid"], at)
    refused("clock_skew", signed, body, rules=rules, keys=keys, now=at + 331)


def test_rsa_with_pkcs1_padding_is_in_the_library_and_not_in_ours() -> None:
    """s4.3: a proxy signs with rsa-v1_5-sha256. No key of ours may be used with it."""
    vector = TEXT["s4.3-proxy"]
    plain = message("s4.3-proxy")
    pem = KEYS["test-key-rsa"]["public_pem"].encode()

    class Timeless(HTTPMessageVerifier):
        def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
            return

    class Request:
        method, url, headers = plain.method, plain.url, dict(plain.headers)

    label = "proxy_sig"
    for field in ("signature-input", "signature"):
        Request.headers[field] = next(part for part in plain.headers[field].split(", ") if part.startswith(label))
    library = Timeless(
        signature_algorithm=algorithms.RSA_V1_5_SHA256,
        key_resolver=MappingKeyResolver(public_keys={"test-key-rsa": pem}, private_keys={}),
    )
    assert library.verify(Request(), max_age=None)[0].label == label
    ours = public_key(load_pem_public_key(pem), "test-key-rsa")
    rules = ForeignRules(components=tuple(vector["components"]), label=label)
    with pytest.raises(SignatureInvalid) as refused:
        ForeignVerifier({"test-key-rsa": ours}.get, rules).verify(plain, b'{"hello": "world"}', now=1618884480)
    assert refused.value.code == "algorithm"


def sign(body: bytes = BODY, components: tuple[str, ...] = COMPONENTS, **more: Any) -> Message:
    plain = Message({"date": "today"}, "POST", "https://api.example/hooks?a=1")
    tag = more.pop("tag", "bank")
    made = ForeignSigner(signer(KEY), components=components, label=more.pop("label", "sig1"), tag=tag, **more)
    return replace(plain, headers={**plain.headers, **made.sign(plain, body, created=NOW)})


def check(signed: Message, body: bytes = BODY, rules: ForeignRules = RULES, now: float = NOW, **more: Any) -> Any:
    return ForeignVerifier(more.pop("keys", {"bank": KNOWN}.get), rules, more.pop("nonces", None)).verify(
        signed, body, now=now
    )


def refused(code: str, signed: Message, body: bytes = BODY, **more: Any) -> SignatureInvalid:
    with pytest.raises(SignatureInvalid) as caught:
        check(signed, body, **more)
    assert caught.value.code == code
    return caught.value


def edited(change: Callable[[str], str], field: str = "signature-input") -> Message:
    signed = sign()
    return replace(signed, headers={**signed.headers, field: change(signed.headers[field])})


def with_headers(signed: Message, **more: str) -> Message:
    return replace(
        signed, headers={**signed.headers, **{name.replace("_", "-"): value for name, value in more.items()}}
    )


def test_what_we_sign_for_others_holds() -> None:
    held = check(sign())
    assert held.components == (*COMPONENTS, '"content-digest"')
    assert (held.algorithm, held.created, held.expires, held.label) == ("ed25519", NOW, NOW + 300, "sig1")
    assert check(sign(b""), b"").components == COMPONENTS


@pytest.mark.parametrize("make", [ed25519_pem, p256_pem, rsa_pem])
def test_every_kind_of_key(make: Callable[[], bytes]) -> None:
    key = PrivateKey(make(), "k")
    plain = Message({}, "GET", "https://api.example/")
    added = ForeignSigner(signer(key), components=('"@method"',), label="s").sign(plain, b"", created=NOW)
    known: Any = key.crypto
    rules = ForeignRules(components=('"@method"',), label="s")
    keys = {"k": public_key(known.public_key(), "k")}.get
    assert check(replace(plain, headers=added), b"", rules=rules, keys=keys).algorithm == signer(key).algorithm


def test_a_shared_secret_and_the_classic_confusion() -> None:
    plain = Message({}, "GET", "https://api.example/")
    made = ForeignSigner(secret_signer(b"s" * 32, "bank"), components=('"@method"',), label="s", tag="bank")
    signed = replace(plain, headers=made.sign(plain, b"", created=NOW))
    rules = ForeignRules(components=('"@method"',), tag="bank")
    assert check(signed, b"", rules=rules, keys={"bank": secret_key(b"s" * 32, "bank")}.get).algorithm == "hmac-sha256"
    refused("signature_wrong", signed, b"", rules=rules, keys={"bank": secret_key(b"t" * 32, "bank")}.get)
    refused("algorithm", signed, b"", rules=rules)
    unnamed = with_headers(signed, signature_input=signed.headers["signature-input"].replace(';alg="hmac-sha256"', ""))
    refused("signature_wrong", unnamed, b"", rules=rules)  # without a name it is the key that decides
    with pytest.raises(ConfigError, match="32 bytes"):
        secret_key(b"s", "bank")


def test_an_answer_bound_to_its_request() -> None:
    request = sign()
    listed = ('"@status"', '"signature";req;key="sig1"', '"@method";req')
    plain = Message({}, status=200, request=request)
    made = ForeignSigner(signer(KEY), components=listed, label="sig1", tag="bank")
    answer = replace(plain, headers=made.sign(plain, BODY, created=NOW))
    rules = ForeignRules(components=listed, tag="bank")
    assert check(answer, rules=rules).components == (*listed, '"content-digest"')
    for other, code in (
        (replace(answer, request=sign()), "signature_wrong"),  # the same request, signed anew
        (replace(answer, request=None), "component_missing"),
        (replace(answer, status=201), "signature_wrong"),
    ):
        refused(code, other, rules=rules)
    with pytest.raises(ConfigError, match="@status"):
        check(answer)


def test_parameters_of_a_component_are_compared_in_any_order() -> None:
    rules = ForeignRules(components=('"@status"', '"signature";key="sig1";req'), tag="bank")
    request = sign()
    plain = Message({}, status=200, request=request)
    made = ForeignSigner(signer(KEY), components=('"@status"', '"signature";req;key="sig1"'), label="sig1", tag="bank")
    check(replace(plain, headers=made.sign(plain, b"", created=NOW)), b"", rules=rules)


def test_one_signature_among_several() -> None:
    first = sign(label="proxy", tag="proxy")
    second = ForeignSigner(
        signer(KEY), components=(*COMPONENTS, '"signature";key="proxy"'), label="sig1", tag="bank"
    ).sign(first, BODY, created=NOW)
    both = with_headers(first, **second)
    assert check(both).label == "sig1"
    assert check(both, rules=replace(RULES, tag=None, label="proxy")).label == "proxy"
    refused("tag", both, rules=replace(RULES, tag="nobody"))
    refused("tag", both, rules=replace(RULES, label="proxy"))
    # The other signature is covered: changed, it breaks the one that counts.
    label = re.search(r"proxy=:(.)", both.headers["signature"])
    assert label is not None
    other = "A" if label[1] != "A" else "B"
    refused(
        "signature_wrong", with_headers(both, signature=both.headers["signature"].replace(label[0], f"proxy=:{other}"))
    )
    twice = with_headers(
        first,
        **ForeignSigner(signer(KEY), components=COMPONENTS, label="sig2", tag="proxy").sign(first, BODY, created=NOW),
    )
    refused("tag", twice, rules=replace(RULES, tag="proxy"))
    with pytest.raises(SignatureInvalid) as caught:
        ForeignSigner(signer(KEY), components=COMPONENTS, label="proxy").sign(first, BODY, created=NOW)
    assert caught.value.code == "signature_malformed"


# What the library lets through.


def test_a_body_is_covered_and_right() -> None:
    refused("digest", sign(), BODY + b" ")
    refused("coverage", sign(b""))
    refused("digest", sign(), b"")
    lax = replace(RULES, allow=frozenset({"uncovered_body"}))
    assert check(sign(b""), rules=lax).components == COMPONENTS
    refused("digest", sign(), BODY + b" ", rules=lax)  # where there is a digest it must hold all the same
    refused("digest", with_headers(sign(), content_digest="md5=:AAAA:"))
    refused("signature_malformed", with_headers(sign(), content_digest="x" * 20_000))
    spaced = with_headers(sign(), content_digest=f"{content_digest([BODY])} ,\tmd5=:AAAA:")
    refused("signature_wrong", spaced)  # the digest is right, its text is another


def test_the_least_coverage_is_the_callers_to_name() -> None:
    with pytest.raises(ConfigError, match="no component"):
        ForeignRules(components=(), tag="bank")
    with pytest.raises(ConfigError, match="@query-param"):
        ForeignRules(components=('"@query-param";name="a"',), tag="bank")
    with pytest.raises(ConfigError, match="neither label nor tag"):
        ForeignRules(components=COMPONENTS)
    for wrong in ("@method", "date", '"@method', ""):
        with pytest.raises(ConfigError, match="serialised identifier"):
            ForeignRules(components=(wrong,), tag="bank")
    error = refused("coverage", sign(), rules=replace(RULES, components=(*COMPONENTS, '"date"')))
    assert '- "date" is not covered' in error.explain()
    refused("coverage", edited(lambda text: re.sub(r"\(.*?\)", "()", text)))
    with pytest.raises(ConfigError, match="@query-param"):
        ForeignSigner(signer(KEY), components=('"@query-param";name="a"',), label="s")


def test_query_param_beside_what_is_demanded() -> None:
    added = edited(lambda text: text.replace('"@query"', '"@query" "@query-param";name="a"'))
    refused("component_unknown", added)
    refused("signature_wrong", added, rules=replace(RULES, allow=frozenset({"query_param"})))


@pytest.mark.parametrize(("now", "good"), [(NOW - 31, False), (NOW - 30, True), (NOW + 330, True), (NOW + 331, False)])
def test_the_window(now: int, good: bool) -> None:
    if good:
        check(sign(), now=now)
    else:
        refused("clock_skew", sign(), now=now)


def test_what_expires_early_and_what_never_does() -> None:
    refused("clock_skew", sign(lifetime=60), now=NOW + 91)
    check(sign(lifetime=60), now=NOW + 90)
    refused("clock_skew", sign(lifetime=86_400), now=NOW + 331)
    refused("window", edited(lambda text: re.sub(r"expires=\d+", "expires=1", text)))
    refused("clock_skew", edited(lambda text: re.sub(r";expires=\d+", "", text)), now=NOW + 331)


def test_nonces() -> None:
    verifier = ForeignVerifier({"bank": KNOWN}.get, RULES, MemoryNonces())
    signed = sign()
    with pytest.raises(SignatureInvalid) as caught:
        verifier.verify(replace(signed, method="PUT"), BODY, now=NOW)
    assert caught.value.code == "signature_wrong"  # and no nonce was burnt
    verifier.verify(signed, BODY, now=NOW)
    for now in (NOW, NOW + 330):
        with pytest.raises(SignatureInvalid) as caught:
            verifier.verify(signed, BODY, now=now)
        assert caught.value.code == "nonce_replayed"
    refused("parameters", edited(lambda text: re.sub(r';nonce="[^"]*"', "", text)), nonces=MemoryNonces())
    check(signed)
    check(signed)  # without a store it is the caller's affair


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.replace(';keyid="bank"', ""), "parameters"),
        (lambda text: text.replace(';keyid="bank"', ";keyid=bank"), "parameters"),
        (lambda text: text.replace(';keyid="bank"', ';keyid="other"'), "unknown_key"),
        (lambda text: re.sub(r";created=\d+", "", text), "parameters"),
        (lambda text: re.sub(r";created=(\d+)", r';created="\1"', text), "parameters"),
        (lambda text: re.sub(r";created=(\d+)", r";created=\1.0", text), "parameters"),
        (lambda text: text + ";context=1", "parameters"),
        (lambda text: re.sub(r';nonce="[^"]*"', ";nonce=1", text), "parameters"),
        (lambda text: text.replace('alg="ed25519"', 'alg="rsa-v1_5-sha256"'), "algorithm"),
        (lambda text: text.replace('tag="bank"', 'tag="other"'), "tag"),
        (lambda text: text.replace('"@method"', '"@method" "@method"'), "component_missing"),
        (lambda text: text.replace('"@method"', '"@method" "@unheard-of"'), "component_missing"),
        (lambda text: text.replace('"@method"', '"@method" "absent"'), "component_missing"),
        (lambda text: text.replace('"@method"', '"@method" "date";tr'), "component_missing"),
        (lambda text: text.replace('"@method"', '"@method" "@path";req'), "component_missing"),
        (lambda text: text.replace('"@method"', '"@method" date'), "signature_malformed"),
        (lambda text: text.replace('"@method"', '"@method" 1'), "signature_malformed"),
        (lambda text: f"{text}, {text}", "signature_malformed"),
        (lambda text: "sig1=1", "tag"),
        (lambda text: 'sig1="x";tag="bank"', "signature_malformed"),
        (lambda text: "((", "signature_malformed"),
        (lambda text: text + "é", "signature_malformed"),
        (lambda text: "", "tag"),
        (lambda text: "a" * 20_000, "signature_malformed"),
    ],
)
def test_inputs_that_are_refused(change: Callable[[str], str], code: str) -> None:
    refused(code, edited(change))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "other=:AAAA:",
        lambda text: "sig1=1",
        lambda text: "sig1=(1 2)",
        lambda text: text + ":",
        lambda text: "sig1=:" + "A" * 1_000_000 + ":",
    ],
)
def test_signatures_that_cannot_be_read(change: Callable[[str], str]) -> None:
    refused("signature_malformed", edited(change, "signature"))


def test_one_flipped_bit() -> None:
    def flipped(text: str) -> str:
        raw = bytearray(base64.b64decode(text.removeprefix("sig1=:").rstrip(":")))
        raw[7] ^= 1
        return f"sig1=:{base64.b64encode(raw).decode()}:"

    error = refused("signature_wrong", edited(flipped, "signature"))
    assert '"@method": POST' in error.explain()
    refused("signature_wrong", replace(sign(), method="PUT"))
    refused("component_missing", replace(sign(), method="post"))
    refused("signature_missing", Message({}, "POST", "https://api.example/"))


def test_what_is_explained_shows_no_secret_of_another_signers_message() -> None:
    plain = Message({"cookie": "session=secret-1", "x-api-key": "secret-2"}, "GET", "https://api.example/?q=secret-3")
    listed = ('"cookie"', '"x-api-key"', '"@query"')
    made = ForeignSigner(signer(KEY), components=listed, label="sig1", tag="bank")
    signed = replace(plain, headers={**plain.headers, **made.sign(plain, b"", created=NOW)})
    error = refused(
        "signature_wrong", with_headers(signed, cookie="session=secret-4"), b"", rules=replace(RULES, components=listed)
    )
    assert "secret" not in error.explain().replace("secrets", "")
    assert '"cookie": (masked, sha-256 ' in error.explain()


def test_what_cannot_be_signed() -> None:
    for components, url in (
        (('"absent"',), "https://a.example/"),
        (('"@status"',), "https://a.example/"),
        (('"@target-uri"',), "https://a.example/ü"),
    ):
        with pytest.raises(SignatureInvalid) as caught:
            ForeignSigner(signer(KEY), components=components, label="s").sign(Message({}, "GET", url), b"", created=NOW)
        assert caught.value.code == "component_missing"
    wrong = Message({"content-digest": content_digest([b"other"])}, "GET", "https://a.example/")
    with pytest.raises(SignatureInvalid):
        ForeignSigner(signer(KEY), components=('"@method"',), label="s").sign(wrong, BODY, created=NOW)


STRANGE = st.one_of(st.text(max_size=200), st.text(alphabet='sig1=("@method" );created=123:,"bank?', max_size=200))


@given(STRANGE, STRANGE, STRANGE)
def test_strangers_headers_raise_nothing_but_our_errors(first: str, second: str, third: str) -> None:
    for headers in (
        {"signature-input": first, "signature": second, "content-digest": third},
        {**sign().headers, "signature-input": first},
        {**sign().headers, "signature": second},
        {**sign().headers, "content-digest": third},
    ):
        with pytest.raises(EgovError):
            check(Message(headers, "POST", "https://api.example/hooks?a=1"))


def test_without_the_extra_the_error_names_it() -> None:
    program = """
import sys
sys.modules["http_message_signatures"] = None
from egov_serang.signing.foreign import ForeignRules, ForeignVerifier
try:
    ForeignVerifier({}.get, ForeignRules(components=('"@method"',), tag="t"))
except Exception as error:
    print(type(error).__name__, error.code, error.hint)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "ConfigError extra_missing pip install 'egov-serang[signatures]'"


def test_a_key_is_pinned_to_its_algorithm() -> None:
    """A port of the caller's own is asked about the very base, and nothing else."""
    asked: list[bytes] = []
    port = VerifyKey("bank", "ed25519", lambda base, signature: asked.append(base) is None)
    check(sign(), keys={"bank": port}.get)
    assert asked[0].startswith(b'"@method": POST\n')
