"""The signature base and digests against the known answers of RFC 9421 and RFC 9530."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang.errors import SignatureInvalid
from egov_serang.signing.algorithms import VerifyKey, key_from_jwk, secret_key, secret_signer, signer
from egov_serang.signing.base import Message, signature_base
from egov_serang.signing.digests import content_digest, digest_holds
from egov_serang.signing.keys import PrivateKey
from egov_serang.signing.verifier import MessageVerifier

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent.parent / "vectors" / "rfc9421.json").read_text("utf-8"))
APPENDIX = {vector["name"]: vector for vector in VECTORS["vectors"]}
TEXT = {vector["name"]: vector for vector in VECTORS["text_examples"]}
OURS = ["B.2.3", "B.2.4", "B.2.5", "B.2.6", "B.4-1", "B.4-2", "B.4-3", "B.4-4"]
KEYS: dict[str, Any] = VECTORS["keys"]
SECRET = base64.b64decode(KEYS["test-shared-secret"]["secret_base64"])


def message(name: str, request: str | None = None) -> Message:
    """A message of the vectors; field lines of one name are joined as RFC 9421 section 2.1 says."""
    raw = VECTORS["messages"][name]
    headers: dict[str, str] = {}
    for field, value in raw["headers"]:
        known = headers.get(field.lower())
        headers[field.lower()] = value if known is None else f"{known}, {value}"
    answered = None if request is None else message(request)
    return Message(headers, raw.get("method", ""), raw.get("url", ""), raw.get("status", 0), answered)


def verify_key(name: str) -> VerifyKey:
    return secret_key(SECRET, name) if name == "test-shared-secret" else key_from_jwk(KEYS[name]["public_jwk"], name)


@pytest.mark.parametrize("name", OURS)
def test_a_base_of_appendix_b_and_its_signature(name: str) -> None:
    vector = APPENDIX[name]
    params = vector["signature_input"].partition("=")[2]
    base = signature_base(vector["components"], message(vector["message"]), params)
    assert base == vector["signature_base"]
    key = verify_key(vector["keyid"])
    assert key.algorithm == vector["algorithm"]
    assert key.holds(base.encode(), base64.b64decode(vector["signature_base64"]))
    assert not key.holds(base.encode() + b" ", base64.b64decode(vector["signature_base64"]))


@pytest.mark.parametrize("name", ["s2.4-reqres-1", "s2.4-reqres-2"])
def test_an_answer_bound_to_its_request_in_section_2_4(name: str) -> None:
    vector = TEXT[name]
    params = vector["signature_input"].partition("=")[2]
    base = signature_base(vector["components"], message(vector["message"], vector["related_request"]), params)
    assert base == vector["signature_base"]
    assert verify_key(vector["keyid"]).holds(base.encode(), base64.b64decode(vector["signature_base64"]))


@pytest.mark.parametrize("name", ["B.4-5", "B.4-6"])
def test_a_message_changed_on_its_way_has_another_base(name: str) -> None:
    vector = APPENDIX[name]
    params = vector["signature_input"].partition("=")[2]
    base = signature_base(vector["components"], message(vector["message"]), params)
    assert not verify_key(vector["keyid"]).holds(base.encode(), base64.b64decode(vector["signature_base64"]))


def test_b_2_5_and_b_2_6_are_signed_byte_for_byte() -> None:
    ed25519 = PrivateKey(KEYS["test-key-ed25519"]["private_pem"].encode(), "test-key-ed25519")
    for signed_by, name in ((secret_signer(SECRET, "test-shared-secret"), "B.2.5"), (signer(ed25519), "B.2.6")):
        vector = APPENDIX[name]
        params = vector["signature_input"].partition("=")[2]
        base = signature_base(vector["components"], message(vector["message"]), params)
        assert base64.b64encode(signed_by.sign(base.encode())).decode() == vector["signature_base64"]
        assert signed_by.algorithm == vector["algorithm"]


@pytest.mark.parametrize("name", list(APPENDIX))
def test_our_verifier_refuses_every_vector_since_none_is_of_our_profile(name: str) -> None:
    vector = APPENDIX[name]
    plain = message(vector["message"])
    # Relabelled, so that what is refused is what it covers and says, not what it is called.
    headers = {
        **plain.headers,
        "signature-input": "egov=" + vector["signature_input"].partition("=")[2],
        "signature": f"egov=:{vector['signature_base64']}:",
    }
    body = VECTORS["messages"][vector["message"]].get("body", "").encode()
    verifier = MessageVerifier(lambda keyid: verify_key(vector["keyid"]), None)
    signed = Message(headers, plain.method, plain.url, plain.status, plain)
    check = verifier.answer if signed.status else verifier.request
    with pytest.raises(SignatureInvalid) as refused:
        check(signed, body, now=1618884473)
    assert refused.value.code == "parameters"  # none has all of ours
    complete = f';created=1618884473;expires=1618884773;nonce="{"n" * 22}";keyid="k";alg="{vector["algorithm"]}"'
    listed = " ".join(vector["components"])
    ours = {**headers, "signature-input": f'egov=({listed}){complete};tag="egov-serang"'}
    if "content-digest" not in ours and body:
        ours["content-digest"] = content_digest([body])
    signed = Message(ours, plain.method, plain.url, plain.status, plain)
    with pytest.raises(SignatureInvalid) as refused:
        check(signed, body, now=1618884473)
    assert refused.value.code == "coverage"
    assert refused.value.found == tuple(vector["components"])
    assert "is not covered" in refused.value.explain()


def test_the_target_uri_line() -> None:
    (example,) = (example for example in VECTORS["component_examples"] if example["name"] == "2.2.1")
    assert example["expected_lines"]
    base = signature_base(['"@method"', '"@target-uri"'], Message({}, "POST", "https://www.example.com/path?a=b"), "p")
    assert base == '"@method": POST\n"@target-uri": https://www.example.com/path?a=b\n"@signature-params": p'


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://Example.COM:443/", "example.com"),
        ("http://example.com:80/", "example.com"),
        ("https://example.com:80/", "example.com:80"),
        ("https://user:secret@example.com/", "example.com"),
        ("https://[2001:DB8::1]:8443/x", "[2001:db8::1]:8443"),
    ],
)
def test_the_authority(url: str, authority: str) -> None:
    assert signature_base(['"@authority"'], Message({}, "GET", url), "p").startswith(f'"@authority": {authority}\n')


@pytest.mark.parametrize(
    "component",
    [
        '"@query-param";name="a"',
        '"@request-target"',
        '"@nothing"',
        '"@status"',
        '"absent"',
        '"date";sf',
        '"date";bs',
        '"date";tr',
        '"@method";req',
        "date",
        '"Date"',
        "",
    ],
)
def test_components_that_are_not_covered(component: str) -> None:
    with pytest.raises(SignatureInvalid) as refused:
        signature_base([component], Message({"date": "x"}, "GET", "https://example.com/?a=1"), "p")
    assert refused.value.code in {"component_missing", "component_unknown"}


@pytest.mark.parametrize("example", VECTORS["rfc9530_content_digest_examples"], ids=lambda e: e["section"])
def test_digests_of_rfc_9530(example: dict[str, Any]) -> None:
    content = example["content"].encode()
    assert content_digest([content]) == example["content_digest"]
    assert content_digest([content[:3], b"", content[3:]]) == example["content_digest"]
    assert digest_holds(example["content_digest"], content)
    assert not digest_holds(example["content_digest"], content + b" ")


GOOD = content_digest([b"x"])
SHA512 = "sha-512=:pKvVf0+TwpI3vo3eYAPpAGU/ZbINTZQr0lBxZLqyv5vyMDnUSNs9S2NJFhBn5TZwqRcvn+uEWsGq9nJbEs+IQQ==:"


@pytest.mark.parametrize(
    ("field", "holds"),
    [
        (GOOD, True),
        (f"{GOOD}, md5=:nothing0:", True),
        ("md5=:nothing0:", False),
        (f"{GOOD}, {GOOD}", False),
        (f"{GOOD}, {content_digest([b'y']).replace('sha-256', 'sha-512')}", False),
        (f"{content_digest([b'y'])}, md5=:nothing0:", False),
        (GOOD.upper(), False),
        (GOOD[:-1], False),
        (GOOD + ",", False),
        (f"{GOOD},{GOOD}", False),
        ("sha-256=:x:", False),
        ("", False),
    ],
)
def test_a_digest_holds_only_whole(field: str, holds: bool) -> None:
    assert digest_holds(field, b"x") is holds


@given(st.binary(max_size=64), st.text(max_size=120))
def test_a_digest_of_anything_holds_and_nothing_else_does(body: bytes, field: str) -> None:
    assert digest_holds(content_digest([body]), body)
    assert not digest_holds(content_digest([body]), body + b"\0")
    assert not digest_holds(field, body) or field == content_digest([body])
