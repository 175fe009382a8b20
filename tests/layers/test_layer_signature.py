"""Signatures: made last, over the final bytes, anew for each attempt, exactly as the profile says."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import http_sf
import pytest
from http_message_signatures import HTTPMessageVerifier, InvalidSignature, MappingKeyResolver, algorithms
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.layers.keys import message_key
from tests.layers.test_layer_idempotency import promised
from tests.layers.worlds import EPOCH, START, Sent, World, call, fault, problem

from egov_serang.core.body import JsonBody, Multipart
from egov_serang.core.clock import Clock
from egov_serang.core.file import File
from egov_serang.core.message import Headers
from egov_serang.errors import Invalid
from egov_serang.layers.answers import Answers
from egov_serang.layers.auth import Auth
from egov_serang.layers.idempotency import Idempotency
from egov_serang.layers.retry import Retry, RetryBudget
from egov_serang.layers.signature import Signature
from egov_serang.signing.algorithms import signer
from egov_serang.signing.messages import MessageSigner
from egov_serang.signing.profiles import Rfc9421

KEY = message_key()
OK = (200, {})


@dataclass
class Message:
    method: str
    url: str
    headers: Headers


class FixedClock(HTTPMessageVerifier):
    """The oracle without its clock: the test's time is not this machine's."""

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        return


def verify(sent: Sent) -> None:
    """What http-message-signatures says about a transmission; raises where it does not hold."""
    keys: Any = {"message-key": KEY.crypto.public_key()}
    verifier = FixedClock(
        signature_algorithm=algorithms.ED25519, key_resolver=MappingKeyResolver(public_keys=keys, private_keys={})
    )
    message = Message(sent.method, sent.url, sent.headers)
    verifier.verify(message, max_age=None, expect_tag="egov-serang", expect_label="egov", body=sent.body or None)


def parameters(sent: Sent) -> tuple[list[str], dict[str, Any]]:
    parsed: Any = http_sf.parse(sent.headers["signature-input"].encode(), tltype="dictionary")
    assert list(parsed) == ["egov"]
    items, params = parsed["egov"]
    assert all(not component_params for _, component_params in items)
    return [name for name, _ in items], params


def stack(*between: Any) -> tuple[Any, ...]:
    return (Idempotency(), Retry(RetryBudget()), *between, Answers(promised), Signature(Rfc9421(signer(KEY)), Clock()))


class Header:
    """Puts a header on, as the auth layer puts its own."""

    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value

    async def __call__(self, exchange: Any, next: Any) -> Any:
        exchange.headers[self.name] = self.value
        return await next(exchange)


BASE = ["@method", "@target-uri"]
BODY = ["content-type", "content-digest"]
CASES: dict[str, tuple[str, dict[str, Any], list[Any], list[str]]] = {
    "read": ("GET", {}, [], [*BASE, "x-request-id"]),
    "read with a token": ("GET", {}, [Header("authorization", "Bearer t")], [*BASE, "authorization", "x-request-id"]),
    "write": ("POST", {"body": JsonBody({"a": 1})}, [], [*BASE, *BODY, "idempotency-key", "x-request-id"]),
    "write without a body": ("POST", {}, [], [*BASE, "idempotency-key", "x-request-id"]),
    "erase": ("DELETE", {}, [], [*BASE, "idempotency-key", "x-request-id"]),
    "guarded write": (
        "PATCH",
        {"body": JsonBody({}), "headers": (("if-match", '"3"'),)},
        [Header("authorization", "Bearer t")],
        [*BASE, *BODY, "idempotency-key", "authorization", "if-match", "x-request-id"],
    ),
    "everything": (
        "PUT",
        {"body": JsonBody({}), "headers": (("if-match", '"3"'), ("x-acting-for", "jwt"), ("dpop", "proof"))},
        [Header("authorization", "DPoP t")],
        [*BASE, *BODY, "idempotency-key", "authorization", "dpop", "if-match", "x-acting-for", "x-request-id"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_exactly_the_contracts_components(world: World, name: str) -> None:
    method, changes, between, expected = CASES[name]
    world.answers = [OK]
    world.perform(call(method, query=(("q", "a b/ü"),), **changes), *stack(*between))
    (sent,) = world.sent
    components, params = parameters(sent)
    assert components == expected
    assert list(params) == ["created", "expires", "nonce", "keyid", "alg", "tag"]
    assert params["created"] == EPOCH
    assert params["expires"] == EPOCH + 300
    assert (params["keyid"], params["alg"], params["tag"]) == ("message-key", "ed25519", "egov-serang")
    assert len(base64.urlsafe_b64decode(params["nonce"] + "==")) == 16
    assert sent.url == "https://gateway.test/v1/test/x?q=a%20b%2F%C3%BC"
    verify(sent)


def test_each_attempt_is_signed_anew(world: World) -> None:
    def late(_: Sent) -> Any:
        world.runtime.clock += 3
        return fault("reset", "maybe")

    world.answers = [late, problem(503, "upstream_unavailable"), OK]
    world.perform(call("POST", body=JsonBody({"a": 1})), *stack(), retries=3)
    for sent in world.sent:
        verify(sent)
    seen = [parameters(sent)[1] for sent in world.sent]
    assert len({params["nonce"] for params in seen}) == 3
    assert [params["created"] for params in seen] == [int(EPOCH + sent.at - START) for sent in world.sent]
    assert seen[1]["created"] >= EPOCH + 3
    assert len({sent.headers["signature"] for sent in world.sent}) == 3
    assert len({sent.headers["content-digest"] for sent in world.sent}) == 1


@pytest.mark.parametrize(
    "body",
    [JsonBody({"nik": "x" * 5000}), Multipart((("file", File(b"\xff" * 200_000, "a.jpg")),), (("kind", "ktp"),))],
)
def test_the_digest_is_of_the_bytes_that_go_out(world: World, body: Any) -> None:
    world.answers = [OK]
    world.perform(call("POST", body=body), *stack())
    (sent,) = world.sent
    digest = base64.b64encode(hashlib.sha256(sent.body).digest()).decode()
    assert sent.headers["content-digest"] == f"sha-256=:{digest}:"
    assert sent.headers["content-type"] == body.content_type
    assert len(sent.body) == body.length
    verify(sent)


TAMPERED = ["method", "url", "body", "x-request-id", "idempotency-key", "authorization", "if-match", "content-type"]


@pytest.mark.parametrize("what", TAMPERED)
def test_any_change_on_the_way_is_noticed(world: World, what: str) -> None:
    world.answers = [OK]
    changes: Any = {"body": JsonBody({"a": 1}), "headers": (("if-match", '"3"'),)}
    world.perform(call("POST", **changes), *stack(Header("authorization", "Bearer t")))
    (sent,) = world.sent
    verify(sent)
    if what == "method":
        sent.method = "PUT"
    elif what == "url":
        sent.url += "?evil=1"
    elif what == "body":
        sent.body += b" "
    else:
        sent.headers = Headers({**sent.headers, what: "evil"}.items())
    with pytest.raises(InvalidSignature):
        verify(sent)


def test_unsigned_calls_stay_unsigned(world: World) -> None:
    world.answers = [OK]
    world.perform(call(signed=False), *stack())
    assert not {"signature", "signature-input", "content-digest"} & set(world.sent[0].headers)


@pytest.mark.parametrize("value", ["ü", "a\x00", "a\r\nX-Evil: 1", "\x7f", "a\tb"])
def test_what_cannot_stand_in_a_signature_is_refused_before_sending(world: World, value: str) -> None:
    world.answers = [OK]
    with pytest.raises(Invalid) as caught:
        world.perform(call("POST"), *stack(), idempotency_key=value)
    assert world.sent == []
    assert caught.value.sent == "no"
    assert caught.value.fields[0].pointer == "/idempotency-key"
    assert value not in caught.value.message


words = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30).filter(
    lambda t: t.strip() == t
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text("abc/-._~%?&= ü", max_size=20).filter(lambda t: "/" not in t and "%" not in t and t.strip() == t),
    words,
    st.binary(max_size=40),
)
def test_the_oracle_agrees_on_anything_that_can_be_sent(query: str, key: str, data: bytes) -> None:
    world = World("threads")
    world.answers = [OK]
    body = Multipart((("f", File(data)),))
    world.perform(call("POST", body=body, query=(("q", query),)), *stack(), idempotency_key=key)
    verify(world.sent[0])


def test_a_new_token_is_signed_too(world: World) -> None:
    from tests.layers.keys import ISSUER, Issuer

    from egov_serang.auth.credentials import ClientSecret
    from egov_serang.auth.tokens import TokenSource

    issuer = Issuer()
    refused = iter([problem(401, "token_expired")])

    def service(sent: Sent) -> Any:
        return issuer(sent) if issuer.owns(sent) else reply(sent)

    def reply(sent: Sent) -> Any:
        from tests.layers.worlds import respond

        return respond(sent, *next(refused, OK))

    world.answers = [service]
    tokens = TokenSource(ISSUER, ClientSecret("app", "s"))
    world.perform(call(), *stack(Auth(tokens)))
    calls = [sent for sent in world.sent if not issuer.owns(sent)]
    assert [sent.headers["authorization"] for sent in calls] == ["Bearer token-1", "Bearer token-2"]
    for sent in calls:
        verify(sent)
    assert all(not re.search("signature", name) for sent in issuer.asked for name in sent.headers)


@pytest.mark.parametrize("key", ["a\nb", "a\r\nx: y", "kunci-é", "a\x00b", 'k\n"@method": GET'])
def test_a_key_that_could_forge_a_line_is_refused_before_sending(key: str) -> None:
    headers = {"idempotency-key": key, "x-request-id": "r"}
    with pytest.raises(Invalid) as caught:
        MessageSigner(signer(KEY)).sign("POST", "https://gateway.invalid/v1/x", headers, created=1)
    assert (caught.value.sent, caught.value.fields[0].pointer) == ("no", "/idempotency-key")
    assert "signature" not in headers
