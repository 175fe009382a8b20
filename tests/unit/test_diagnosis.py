"""A refused signature explained: for each mistake a signer that really makes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.test_verifier import BODY, NOW, URL, key, known, signed

from egov_serang.signing.algorithms import KeySigner, signer
from egov_serang.signing.base import Message, signature_base
from egov_serang.signing.diagnosis import Diagnosis, diagnose
from egov_serang.signing.headers import read_input
from egov_serang.signing.messages import MessageSigner

PARAMS = '"@signature-params"'


def asked(headers: dict[str, str], body: bytes = BODY, *, url: str = URL, signed: str | None = None) -> Diagnosis:
    return diagnose(Message(headers, "POST", url), body, {"k": known()}.get, signed=signed)


def miswritten(change: Callable[[str], str]) -> dict[str, str]:
    """A request of somebody who signs another text than the profile's."""
    honest = signer(key())
    headers = {name: value for name, value in signed().items() if not name.startswith("signature")}
    wrong = KeySigner("k", "ed25519", lambda base: honest.sign(change(base.decode()).encode()))
    MessageSigner(wrong).sign("POST", URL, headers, created=NOW)
    return headers


def base_of(headers: dict[str, str], url: str = URL) -> str:
    said = read_input(headers["signature-input"])
    return signature_base(said.components, Message(headers, "POST", url), said.params)


def different(found: Diagnosis) -> list[str]:
    return [line.component for line in found.lines if line.differs]


def test_what_holds_is_said_to_hold_also_long_after() -> None:
    found = asked(signed())
    assert found.refusal is None
    assert found.cause is None
    assert different(found) == []
    assert [line.component for line in found.lines][-1] == PARAMS
    late = diagnose(Message(signed(), "POST", URL), BODY, {"k": known()}.get, now=NOW + 1000)
    assert late.refusal is not None
    assert late.refusal.code == "clock_skew"
    assert different(late) == []


@pytest.mark.parametrize(
    "received",
    [URL.replace("https", "http"), URL.replace("example", "example:8443"), URL.replace("?", "/?")],
    ids=["scheme", "inner port", "slash"],
)
def test_a_proxy_that_rewrites_the_target_is_found(received: str) -> None:
    found = asked(signed(), url=received)
    assert found.refusal is not None
    assert found.refusal.code == "signature_wrong"
    assert different(found) == ['"@target-uri"']
    line = next(line for line in found.lines if line.differs)
    assert (line.expected, line.found) == tuple(url.replace("limit=2", "(masked)") for url in (received, URL))
    assert found.cause == '"@target-uri" was another when it was signed'


@pytest.mark.parametrize(
    ("field", "as_signed", "received"),
    [
        ("content-type", "application/json", "application/json; charset=utf-8"),
        ("authorization", "bearer secret.token.1", "Bearer secret.token.1"),
        ("x-request-id", "abc", "ABC"),
    ],
)
def test_a_changed_header_is_found(field: str, as_signed: str, received: str) -> None:
    headers = {name: value for name, value in signed().items() if not name.startswith("signature")}
    headers[field] = as_signed
    MessageSigner(signer(key())).sign("POST", URL, headers, created=NOW)
    found = asked({**headers, field: received})
    assert different(found) == [f'"{field}"']
    assert "secret" not in repr(found)


def test_a_changed_method_is_found() -> None:
    found = diagnose(Message(signed(), "PUT", URL), BODY, {"k": known()}.get)
    assert [(line.expected, line.found) for line in found.lines if line.differs] == [("PUT", "POST")]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda base: base.replace("\n", "\r\n"), "CR LF"),
        (lambda base: base + "\n", "line break"),
        (lambda base: base.rpartition("\n")[0], "was not signed"),
        (lambda base: base.replace(f"{PARAMS}: ", f"{PARAMS}: egov="), "label"),
    ],
    ids=["crlf", "newline", "no parameters", "label"],
)
def test_a_text_of_the_wrong_form_is_found(change: Callable[[str], str], word: str) -> None:
    found = asked(miswritten(change))
    assert found.cause is not None
    assert word in found.cause
    assert different(found) == []


def test_an_ecdsa_signature_in_der_is_found() -> None:
    crypto = key("p256").crypto
    headers = {name: value for name, value in signed().items() if not name.startswith("signature")}
    wrong = KeySigner("k", "ecdsa-p256-sha256", lambda base: crypto.sign(base, ECDSA(SHA256())))  # type: ignore[call-arg, arg-type]
    MessageSigner(wrong).sign("POST", URL, headers, created=NOW)
    found = diagnose(Message(headers, "POST", URL), BODY, {"k": known("p256")}.get)
    assert found.cause is not None
    assert "DER" in found.cause


def test_an_unknown_change_is_not_guessed_at_and_the_signers_base_shows_it() -> None:
    headers = signed()
    base = base_of(headers)
    changed = {**headers, "idempotency-key": "another"}
    blind = asked(changed)
    assert (blind.cause, different(blind)) == (None, [])
    found = asked(changed, signed=base)
    assert [(line.component, line.expected, line.found) for line in found.lines if line.differs] == [
        ('"idempotency-key"', "another", "i-1")
    ]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda base: base.replace("\n", "\r\n"), "CR LF"),
        (lambda base: base + "\n", "line break"),
        (lambda base: base.rpartition("\n")[0], "last line"),
    ],
    ids=["crlf", "newline", "no parameters"],
)
def test_the_form_of_the_signers_base_is_looked_at(change: Callable[[str], str], word: str) -> None:
    headers = signed()
    found = asked(headers, signed=change(base_of(headers)))
    assert found.cause is not None
    assert word in found.cause


def test_what_is_covered_and_must_not_be_and_what_lacks() -> None:
    headers = signed()
    wide = headers["signature-input"].replace('"@method"', '"@method" "@authority"').replace(' "authorization"', "")
    found = asked({**headers, "signature-input": wide})
    assert found.refusal is not None
    assert found.refusal.code == "coverage"
    sides = {line.component: (line.expected, line.found) for line in found.lines if line.differs}
    assert sides['"@authority"'] == (None, "")
    assert sides['"authorization"'][0] is not None
    assert sides['"authorization"'][1] is None


@pytest.mark.parametrize("field", ["signature-input", "signature"])
def test_what_is_not_signed_or_not_readable(field: str) -> None:
    headers = signed()
    del headers[field]
    found = asked(headers)
    assert found.refusal is not None
    assert found.refusal.code == "signature_missing"
    assert found.cause is None
    unknown = diagnose(Message(signed(), "POST", URL), BODY, lambda keyid: None)
    assert unknown.refusal is not None
    assert unknown.refusal.code == "unknown_key"


@given(st.text(), st.dictionaries(st.sampled_from(sorted(signed())), st.text(st.characters(codec="utf-8"))), st.text())
def test_whatever_is_read_no_other_error_and_no_secret(base: str, changed: dict[str, str], url: str) -> None:
    for signed_base in (None, base):
        found = asked({**signed(), **changed}, url=url or URL, signed=signed_base)
        assert "secret.token.1" not in repr(found)
