"""The proof on each transmission, and the repetitions a refused proof gets."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest
from tests.layers.keys import ISSUER, Issuer, message_key, p256_pem, token
from tests.layers.test_dpop import read
from tests.layers.test_layer_idempotency import promised
from tests.layers.worlds import EPOCH, Sent, World, call, problem, respond

from egov_serang.auth.credentials import PrivateKeyJwt
from egov_serang.auth.dpop import ProofKey
from egov_serang.auth.tokens import TokenSource
from egov_serang.core.clock import Clock
from egov_serang.core.message import Headers, Response
from egov_serang.errors import EgovError, SignatureInvalid, Unauthorized, UnexpectedReply
from egov_serang.layers.answers import Answers
from egov_serang.layers.auth import Auth
from egov_serang.layers.dpop import Dpop
from egov_serang.layers.idempotency import Idempotency
from egov_serang.layers.retry import Retry, RetryBudget
from egov_serang.layers.signature import Signature
from egov_serang.layers.skew import Skew
from egov_serang.signing.algorithms import signer
from egov_serang.signing.keys import PrivateKey
from egov_serang.signing.profiles import Rfc9421

Turn = Callable[[Sent], Response]
NONCE = 'DPoP error="use_dpop_nonce", error_description="x"'
INVALID = 'DPoP algs="ES256", error="invalid_dpop_proof"'


class Gateway:
    """An issuer of bound tokens beside a service that answers calls in turn."""

    def __init__(self, world: World, *turns: Turn) -> None:
        self.world = world
        self.issuer = Issuer()
        self.turns = turns
        self.calls: list[Sent] = []
        self.clock = Clock()
        self.key = ProofKey()
        self.tokens = TokenSource(ISSUER, PrivateKeyJwt("app", PrivateKey(p256_pem())), dpop=self.key)
        world.answers = [self._serve]

    def _serve(self, sent: Sent) -> Response:
        if self.issuer.owns(sent):
            self.issuer(sent)
            return token(f"token-{self.issuer.count}", kind="DPoP")
        self.calls.append(sent)
        return self.turns[min(len(self.calls), len(self.turns)) - 1](sent)

    def layers(self, *, signed: bool = False) -> tuple[Any, ...]:
        inner = (Signature(Rfc9421(signer(message_key())), self.clock),) if signed else ()
        outer = (Idempotency(), Retry(RetryBudget()), Auth(self.tokens), *((Skew(self.clock),) if signed else ()))
        return *outer, Dpop(self.key, self.clock), Answers(promised), *inner

    def proofs(self) -> list[dict[str, Any]]:
        return [read(sent.headers["dpop"])[1] for sent in self.calls]

    def perform(self, *, method: str = "GET", signed: bool = False, retries: int = 0, **changes: Any) -> Any:
        return self.world.perform(call(method, **changes), *self.layers(signed=signed), retries=retries)


def ok(**headers: str) -> Turn:
    return lambda sent: respond(sent, 200, {}, **headers)


def refuse(code: str = "unauthenticated", **headers: str) -> Turn:
    return lambda sent: respond(sent, *problem(401, code), **headers)


def foreign(challenge: str, **headers: str) -> Turn:
    """A service of another contract: no problem document, and no request id in it."""

    def turn(sent: Sent) -> Response:
        fields = {"www-authenticate": challenge, "x-request-id": sent.headers["x-request-id"]}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        return Response(401, Headers(fields.items()), b"<html>")

    return turn


def at(world: World, ahead: float) -> str:
    return formatdate(world.runtime.wall() + ahead, usegmt=True)


def test_each_transmission_carries_a_proof_for_its_token_and_address(world: World) -> None:
    gateway = Gateway(world, lambda sent: respond(sent, *problem(503, "upstream_unavailable")), ok())
    gateway.perform(method="POST", retries=1, query={"q": "1"})
    first, second = gateway.proofs()
    assert first["jti"] != second["jti"]
    assert (first["htm"], first["htu"], first["iat"]) == ("POST", "https://gateway.test/v1/test/x", EPOCH)
    expected = read(gateway.key.proof("POST", "https://x.test", EPOCH, "token-1"))[1]["ath"]
    assert first["ath"] == second["ath"] == expected
    assert gateway.calls[0].headers["authorization"] == "DPoP token-1"


def test_the_signature_covers_proof_and_token(world: World) -> None:
    gateway = Gateway(world, ok())
    gateway.perform(signed=True)
    assert '"authorization" "dpop"' in gateway.calls[0].headers["signature-input"]


def test_what_needs_no_token_gets_no_proof(world: World) -> None:
    gateway = Gateway(world, ok())
    gateway.perform(authenticated=False)
    assert "dpop" not in gateway.calls[0].headers
    assert gateway.issuer.count == 0


@pytest.mark.parametrize(
    "demand",
    [
        refuse("use_dpop_nonce", dpop_nonce="n-1"),
        refuse("unauthenticated", dpop_nonce="n-1", www_authenticate=NONCE),
        foreign(NONCE, dpop_nonce="n-1"),
    ],
    ids=["by code", "by challenge", "without a problem document"],
)
@pytest.mark.parametrize("signed", [False, True])
def test_a_demanded_nonce_is_sent_once_more_without_spending_anything(world: World, demand: Turn, signed: bool) -> None:
    gateway = Gateway(world, demand, ok())
    reply = gateway.perform(method="POST", safety="never_repeat", signed=signed)
    first, second = gateway.proofs()
    assert "nonce" not in first
    assert second["nonce"] == "n-1"
    assert first["jti"] != second["jti"]
    assert len({sent.headers["x-request-id"] for sent in gateway.calls}) == 2
    assert len({sent.headers["idempotency-key"] for sent in gateway.calls}) == 1
    assert (reply.attempts, gateway.issuer.count, world.runtime.slept) == (2, 1, [])


def test_a_nonce_of_a_success_is_used_next(world: World) -> None:
    gateway = Gateway(world, ok(dpop_nonce="n-1"), ok(dpop_nonce="n-2"), ok())
    for _ in range(4):
        gateway.perform()
    assert [claims.get("nonce") for claims in gateway.proofs()] == [None, "n-1", "n-2", "n-2"]


def test_a_nonce_of_a_refusal_for_another_reason_is_used_next(world: World) -> None:
    gateway = Gateway(world, lambda sent: respond(sent, *problem(404, "not_found"), dpop_nonce="n-1"), ok())
    with pytest.raises(EgovError):
        gateway.perform()
    gateway.perform()
    assert gateway.proofs()[1]["nonce"] == "n-1"


def test_a_service_content_with_no_nonce_is_told_and_keeps_the_token(world: World) -> None:
    turns = [refuse("use_dpop_nonce", dpop_nonce=f"n-{i}") for i in range(9)]
    gateway = Gateway(world, *turns)
    with pytest.raises(Unauthorized) as caught:
        gateway.perform(retries=5)
    assert caught.value.code == "use_dpop_nonce"
    assert (len(gateway.calls), gateway.issuer.count) == (2, 1)


def test_a_demand_without_a_nonce_is_not_repeated(world: World) -> None:
    gateway = Gateway(world, refuse("use_dpop_nonce"))
    with pytest.raises(Unauthorized):
        gateway.perform(retries=5)
    assert len(gateway.calls) == 1


def test_the_nonce_does_not_count_as_the_renewal_of_the_token(world: World) -> None:
    """Nonce, then a refused token, then a nonce again: each has its own repetition."""
    gateway = Gateway(
        world,
        refuse("use_dpop_nonce", dpop_nonce="n-1"),
        refuse("token_expired"),
        refuse("use_dpop_nonce", dpop_nonce="n-2"),
        ok(),
    )
    reply = gateway.perform()
    assert [claims.get("nonce") for claims in gateway.proofs()] == [None, "n-1", "n-1", "n-2"]
    assert [sent.headers["authorization"][-1] for sent in gateway.calls] == ["1", "1", "2", "2"]
    assert (reply.attempts, world.runtime.slept) == (4, [])


@pytest.mark.parametrize("ahead", [600.0, -600.0])
@pytest.mark.parametrize(
    ("code", "signed"), [("clock_skew", True), ("unauthenticated", True), ("unauthenticated", False)]
)
def test_a_refused_time_is_corrected_once(world: World, ahead: float, code: str, signed: bool) -> None:
    gateway = Gateway(world, refuse(code, www_authenticate=INVALID, date=at(world, ahead)), ok())
    gateway.perform(signed=signed)
    first, second = gateway.proofs()
    assert first["iat"] == EPOCH
    assert abs(second["iat"] - EPOCH - ahead) <= 1
    assert (len(gateway.calls), gateway.issuer.count) == (2, 1)


@pytest.mark.parametrize("signed", [False, True])
def test_a_clock_too_far_off_is_the_reason_given(world: World, signed: bool) -> None:
    gateway = Gateway(world, refuse("clock_skew", www_authenticate=INVALID, date=at(world, 1200)))
    with pytest.raises(EgovError) as caught:
        gateway.perform(signed=signed, retries=5)
    assert len(gateway.calls) == 1
    assert "+1200 s" in str(caught.value)


def test_a_refused_proof_without_a_reason_renews_the_token_once(world: World) -> None:
    gateway = Gateway(world, refuse(www_authenticate=INVALID))
    with pytest.raises(Unauthorized):
        gateway.perform(retries=5)
    assert (len(gateway.calls), gateway.issuer.count) == (2, 2)


def test_an_answer_that_is_not_ours_is_not_acted_upon(world: World) -> None:
    """Somebody else's refusal must not make us repeat a write."""

    def stray(sent: Sent) -> Response:
        return respond(None, *problem(401, "use_dpop_nonce"), x_request_id="another", dpop_nonce="n-1")

    gateway = Gateway(world, stray, ok())
    with pytest.raises(UnexpectedReply) as caught:
        gateway.perform(method="POST", safety="never_repeat")
    assert caught.value.code == "unbound_answer"
    assert len(gateway.calls) == 1


def test_a_forged_answer_is_not_acted_upon(world: World) -> None:
    gateway = Gateway(world, refuse("use_dpop_nonce", dpop_nonce="n-1"), ok())

    async def verification(exchange: Any, next: Any) -> Response:
        await next(exchange)
        raise SignatureInvalid("no", code="signature_missing", sent="yes")

    outer = (Auth(gateway.tokens), Dpop(gateway.key, gateway.clock), verification)
    with pytest.raises(SignatureInvalid):
        world.perform(call(), *outer, retries=0)
    assert len(gateway.calls) == 1
