"""Answers: believed only when their signature holds for this very request, before anything of them is read."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import hashlib
import json
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.layers.keys import message_key
from tests.layers.worlds import EPOCH, START, Sent, World, call, fault, problem, respond

from egov_serang.assembly import Promises
from egov_serang.auth.jwks import JwksSource
from egov_serang.config import Config
from egov_serang.core.clock import Clock
from egov_serang.core.engine import Engine
from egov_serang.core.message import Headers, Response
from egov_serang.core.reply import Reply
from egov_serang.core.runtime import run_sync
from egov_serang.errors import ConnectionFailed, EgovError, Forbidden, ServerFault, SignatureInvalid
from egov_serang.layers.answers import Answers
from egov_serang.layers.idempotency import Idempotency
from egov_serang.layers.retry import Retry, RetryBudget
from egov_serang.layers.signature import Signature
from egov_serang.layers.verification import Verification
from egov_serang.signing.algorithms import signer
from egov_serang.signing.base import Message
from egov_serang.signing.digests import content_digest
from egov_serang.signing.keys import PrivateKey
from egov_serang.signing.messages import MessageSigner
from egov_serang.signing.profiles import Rfc9421

DISCOVERY = "https://gateway.test/.well-known/smartcity-gateway"
JWKS = "https://gateway.test/.well-known/jwks.json"
KEY = message_key()
Change = Callable[[Sent, Response], Response]


class Pieces:
    """A body that comes in two pieces."""

    def __init__(self, body: bytes) -> None:
        self.pieces = [body[:3], body[3:]]
        self.closed = 0

    async def read(self) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    async def close(self) -> None:
        self.closed += 1


def fresh_key(keyid: str) -> PrivateKey:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return PrivateKey(pem, keyid)


class Gateway:
    """A gateway that signs its answers with `keys[0]`, publishes all of `keys`, and promises what `promise` says."""

    def __init__(self, world: World, *, configured: bool | None = None, promise: bool = True) -> None:
        self.world, self.promise = world, promise
        self.keys = [fresh_key("gateway-key")]
        self.change: Change | None = None
        self.document: tuple[int, Any] = (200, {"ok": True})
        self.jwks_status = 200
        self.condemned = 0
        self.ahead = 0
        world.answers = [self._serve]
        plain = Config(gateway="https://gateway.test", auth="none", signature="custom", verify_answers=configured)
        self.clock = Clock()
        self.source = JwksSource("https://gateway.test/.well-known/jwks.json")
        promises = Promises(plain, lambda: self.engine)
        self.engine: Engine = world.engine(
            Idempotency(),
            Retry(RetryBudget()),
            Answers(promises.echo),
            Verification(self.source.get, self.clock, promises.signed),
            Signature(Rfc9421(signer(KEY)), self.clock),
        )

    def asked(self, url: str) -> int:
        return sum(sent.url == url for sent in self.world.sent)

    @property
    def calls(self) -> list[Sent]:
        return [sent for sent in self.world.sent if sent.url not in {DISCOVERY, JWKS}]

    def call(self, method: str = "GET", **changes: Any) -> Reply[Any]:
        return self.world.finish(self.engine, self.engine.perform(call(method, **changes)))

    def refused(self, method: str = "GET", **changes: Any) -> SignatureInvalid:
        with pytest.raises(SignatureInvalid) as caught:
            self.call(method, **changes)
        assert caught.value.sent == "yes"
        assert "connection was dropped" in str(caught.value)
        assert "egov" not in str(caught.value.__cause__)
        return caught.value

    def signed(self, sent: Sent, response: Response) -> Response:
        fields = dict(response.headers)
        if response.body:
            fields["content-digest"] = content_digest([response.body])
        now = int(EPOCH + self.world.runtime.clock - START) + self.ahead
        request = Message(dict(sent.headers), sent.method, sent.url)
        MessageSigner(signer(self.keys[0])).sign_answer(response.status, fields, request, created=now)
        return Response(response.status, Headers(fields.items()), response.body, condemn=self._condemn)

    def _condemn(self) -> None:
        self.condemned += 1

    def _serve(self, sent: Sent) -> Response:
        if sent.url == DISCOVERY:
            profile = {"name": "rfc9421", "requests": "required", "responses": self.promise}
            return respond(sent, 200, {"contract": "1.0", "signature_profiles": [profile]})
        if sent.url == JWKS:
            public = [key.jose().as_dict(private=False) for key in self.keys]
            listed = [{**jwk, "kid": key.keyid} for jwk, key in zip(public, self.keys, strict=True)]
            unknown = [{"kty": "future", "kid": "x"}, {"kty": "oct", "k": "c2VjcmV0", "kid": "o"}]
            return respond(sent, self.jwks_status, {"keys": [*unknown, *listed]})
        answer = self.signed(sent, respond(sent, *self.document))
        answer = self.change(sent, answer) if self.change else answer
        if sent.stream:
            answer.stream, answer.body = Pieces(answer.body), b""
        return answer


def with_headers(response: Response, **fields: str | None) -> Response:
    changed = {**response.headers} | {name.replace("_", "-"): value for name, value in fields.items()}
    kept = [(name, value) for name, value in changed.items() if value is not None]
    return Response(response.status, Headers(kept), response.body, condemn=response.condemn)


def unsigned(_: Sent, response: Response) -> Response:
    return with_headers(response, signature=None, signature_input=None, content_digest=None)


@pytest.fixture
def gateway(world: World) -> Gateway:
    return Gateway(world)


def test_a_signed_answer_is_believed_and_keys_are_fetched_once(gateway: Gateway) -> None:
    assert [gateway.call().data for _ in range(3)] == [{"ok": True}] * 3
    assert (gateway.asked(JWKS), gateway.asked(DISCOVERY)) == (1, 0)
    jwks = next(sent for sent in gateway.world.sent if sent.url == JWKS)
    assert "authorization" not in jwks.headers
    assert {sent.headers["accept-encoding"] for sent in gateway.calls} == {"identity"}


def test_a_herd_fetches_the_keys_once() -> None:
    world = World("tasks")
    gateway = Gateway(world)

    async def herd() -> list[Any]:
        return await asyncio.gather(*(gateway.engine.perform(call()) for _ in range(30)))

    assert len(asyncio.run(herd())) == 30
    assert gateway.asked(JWKS) == 1


TAMPERED: dict[str, tuple[Change, str]] = {
    "a byte of the body": (lambda _, r: Response(r.status, r.headers, r.body[:-1] + b" "), "digest"),
    "more body": (lambda _, r: Response(r.status, r.headers, r.body + b" "), "digest"),
    "no body": (lambda _, r: Response(r.status, r.headers, b""), "digest"),
    "the status": (lambda _, r: Response(201, r.headers, r.body), "signature_wrong"),
    "the media type": (lambda _, r: with_headers(r, content_type="text/html"), "signature_wrong"),
    "the request id": (lambda _, r: with_headers(r, x_request_id="0"), "signature_wrong"),
    "no signature": (unsigned, "signature_missing"),
    "a label of somebody else's": (
        lambda _, r: with_headers(r, signature_input=r.headers["signature-input"].replace("egov=", "cdn=")),
        "tag",
    ),
    "coverage": (
        lambda _, r: with_headers(r, signature_input=r.headers["signature-input"].replace(' "x-request-id"', "")),
        "coverage",
    ),
    "an unknown key": (
        lambda _, r: with_headers(r, signature_input=r.headers["signature-input"].replace("gateway-key", "other-key")),
        "unknown_key",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_changed_on_the_way_is_refused(gateway: Gateway, what: str) -> None:
    change, code = TAMPERED[what]
    gateway.change = lambda sent, response: _keeping(response, change(sent, response))
    error = gateway.refused(safety="never_repeat", method="POST")
    assert error.code == code
    assert gateway.condemned == 1
    assert len(gateway.calls) == 1
    assert code in error.explain()


def _keeping(old: Response, new: Response) -> Response:
    new.condemn = old.condemn
    return new


@pytest.mark.parametrize("status", [200, 201])
def test_another_requests_answer_is_refused_even_where_ids_agree(gateway: Gateway, status: int) -> None:
    """A replayed answer: signed by the gateway, and for a request that was signed a moment before."""
    kept: list[Response] = []

    def replay(sent: Sent, response: Response) -> Response:
        kept.append(response)
        return with_headers(kept[0], x_request_id=sent.headers["x-request-id"])

    gateway.document = (status, {"ok": True})
    gateway.change = replay
    assert gateway.call().status == status
    assert gateway.refused(safety="never_repeat", method="POST").code == "signature_wrong"


def test_a_forged_refusal_is_not_believed(gateway: Gateway) -> None:
    gateway.document = problem(403, "forbidden")
    with pytest.raises(Forbidden):
        gateway.call()
    gateway.change = unsigned
    assert gateway.refused(safety="never_repeat", method="POST").code == "signature_missing"


@pytest.mark.parametrize(("code", "attempts"), [("digest", 3), ("signature_missing", 3), ("unknown_key", 1)])
def test_damage_is_repeated_and_a_gateway_that_signs_otherwise_is_not(
    gateway: Gateway, code: str, attempts: int
) -> None:
    change = next(change for change, its in TAMPERED.values() if its == code)
    gateway.change = lambda sent, response: _keeping(response, change(sent, response))
    assert (gateway.refused("POST").code, len(gateway.calls)) == (code, attempts)
    assert len({sent.headers["idempotency-key"] for sent in gateway.calls}) == 1


def test_a_proxy_may_say_unsigned_that_it_failed(gateway: Gateway) -> None:
    gateway.document = problem(503, "upstream_unavailable")
    gateway.change = unsigned
    with pytest.raises(ServerFault):
        gateway.call(safety="never_repeat", method="POST")
    gateway.change = lambda sent, r: _keeping(r, Response(r.status, r.headers, r.body + b" "))  # signed, and spoiled
    assert gateway.refused(safety="never_repeat", method="POST").code == "digest"


@pytest.mark.parametrize(
    ("configured", "promise", "believed", "asked"),
    [(None, False, True, 1), (None, True, False, 1), (True, False, False, 0), (False, True, True, 0)],
)
def test_who_decides_whether_an_unsigned_answer_counts(
    world: World, configured: bool | None, promise: bool, believed: bool, asked: int
) -> None:
    """Discovery never weakens what is configured."""
    gateway = Gateway(world, configured=configured, promise=promise)
    gateway.change = unsigned
    for _ in range(2):
        if believed:
            assert gateway.call().data == {"ok": True}
        else:
            assert gateway.refused(safety="never_repeat", method="POST").code == "signature_missing"
    assert (gateway.asked(DISCOVERY), gateway.asked(JWKS)) == (asked, 0)


def test_a_promise_is_asked_for_anew_after_five_minutes(world: World) -> None:
    gateway = Gateway(world, promise=False)
    gateway.change = unsigned
    gateway.call()
    gateway.promise = True
    world.runtime.clock += 299
    gateway.call()
    world.runtime.clock += 2
    assert gateway.refused(safety="never_repeat", method="POST").code == "signature_missing"


def test_a_signature_nobody_promised_is_checked_all_the_same(world: World) -> None:
    gateway = Gateway(world, promise=False)
    gateway.change = lambda sent, r: _keeping(r, Response(r.status, r.headers, r.body + b" "))
    assert gateway.refused(safety="never_repeat", method="POST").code == "digest"


def test_unsigned_calls_have_unsigned_answers(gateway: Gateway) -> None:
    gateway.change = lambda sent, _: respond(sent, 200, {"open": True})
    gateway.signed = lambda sent, response: response  # type: ignore[method-assign]
    assert gateway.call(signed=False).data == {"open": True}
    assert "accept-encoding" not in gateway.calls[0].headers


def test_a_new_key_is_found_and_the_old_one_stays_good(gateway: Gateway) -> None:
    gateway.call()
    gateway.world.runtime.clock += 31
    gateway.keys.insert(0, fresh_key("next-key"))
    gateway.call()
    assert gateway.asked(JWKS) == 2
    gateway.keys.reverse()
    gateway.call()
    assert gateway.asked(JWKS) == 2


def test_strangers_keys_do_not_make_us_ask_at_their_pace(gateway: Gateway) -> None:
    change, _ = TAMPERED["an unknown key"]
    gateway.call()
    gateway.change = lambda sent, response: _keeping(response, change(sent, response))
    for _ in range(5):
        gateway.refused()
    assert gateway.asked(JWKS) == 1
    gateway.world.runtime.clock += 31
    for _ in range(5):
        gateway.refused()
    assert gateway.asked(JWKS) == 2


def test_known_keys_stay_in_use_while_the_issuer_is_down(gateway: Gateway) -> None:
    gateway.call()
    gateway.jwks_status = 503
    gateway.world.runtime.clock += 301
    assert gateway.call().data == {"ok": True}
    assert gateway.asked(JWKS) == 2
    gateway.call()
    assert gateway.asked(JWKS) == 2
    gateway.world.runtime.clock += 6
    gateway.call()
    assert gateway.asked(JWKS) == 3


@pytest.mark.parametrize("status", [404, 500])
def test_without_keys_nothing_is_believed_and_the_truth_is_told(gateway: Gateway, status: int) -> None:
    gateway.jwks_status = status
    with pytest.raises(EgovError) as caught:
        gateway.call("POST", safety="never_repeat")
    assert (caught.value.code, caught.value.sent) == ("jwks_shape", "yes")
    assert JWKS in str(caught.value)


def test_an_issuer_that_cannot_be_reached_is_named(gateway: Gateway) -> None:
    serve = gateway._serve
    gateway.world.answers = [lambda sent: fault("connect", "no") if sent.url == JWKS else serve(sent)]
    with pytest.raises(ConnectionFailed) as caught:
        gateway.call("POST", safety="never_repeat")
    assert (caught.value.code, caught.value.sent) == ("jwks_unreached", "yes")


@pytest.mark.parametrize("ahead", [-1200, 1200])
def test_a_wrong_clock_does_not_hide_an_answer(gateway: Gateway, ahead: int) -> None:
    """That it is fresh follows from the request it covers; whether the clocks agree, the `Date` tells."""
    gateway.ahead = ahead
    error = gateway.refused(safety="never_repeat", method="POST")
    assert error.code == "clock_skew"
    gateway.change = lambda sent, response: with_headers(
        response, date=formatdate(EPOCH + gateway.world.runtime.clock - START + ahead, usegmt=True)
    )
    assert gateway.call().data == {"ok": True}


def whole(response: Response) -> bytes:
    """Read as a download would, in whichever world."""

    async def read() -> bytes:
        assert response.stream is not None
        pieces: list[bytes] = []
        while piece := await response.stream.read():
            pieces.append(piece)
        return b"".join(pieces)

    return run_sync(read())


def streamed(gateway: Gateway) -> Response:
    wanted: Any = dataclasses.replace(call(stream=True, safety="never_repeat"), decode=lambda response: response)
    response: Response = gateway.world.finish(gateway.engine, gateway.engine.perform(wanted)).data
    return response


def test_a_stream_is_checked_when_it_has_been_read(gateway: Gateway) -> None:
    response = streamed(gateway)
    assert whole(response) == json.dumps({"ok": True}).encode()


def test_a_spoiled_stream_is_refused_before_its_end_is_told(gateway: Gateway) -> None:
    gateway.change = lambda sent, r: _keeping(r, Response(r.status, r.headers, r.body[:-1] + b" "))
    response = streamed(gateway)
    for _ in range(2):  # who reads on learns the same
        with pytest.raises(SignatureInvalid) as caught:
            whole(response)
        assert (caught.value.code, caught.value.sent) == ("digest", "yes")
    assert caught.value.request_id == gateway.calls[0].headers["x-request-id"]
    assert gateway.condemned == 2


def test_the_head_of_a_stream_is_checked_at_once(gateway: Gateway) -> None:
    streams: list[Pieces] = []

    def other(_: Sent, response: Response) -> Response:
        digest = hashlib.sha256(b"other").digest()
        return with_headers(response, content_digest=f"sha-256=:{base64.b64encode(digest).decode()}:")

    serve = gateway._serve

    def remember(sent: Sent) -> Response:
        response = serve(sent)
        if isinstance(response.stream, Pieces):
            streams.append(response.stream)
        return response

    gateway.world.answers = [remember]
    gateway.change = other
    assert gateway.refused(stream=True, safety="never_repeat").code == "signature_wrong"
    assert streams[0].closed == 1


def test_nothing_of_keys_and_tokens_is_in_a_refusal(gateway: Gateway) -> None:
    gateway.change = lambda sent, r: _keeping(r, Response(201, r.headers, r.body))
    error = gateway.refused(safety="never_repeat", method="POST", headers=(("authorization", "Bearer CANARY"),))
    assert "CANARY" not in error.explain() + str(error) + repr(error)
    assert gateway.calls[0].headers["signature"].split(":")[1] in error.explain()  # public, and what is to be compared
