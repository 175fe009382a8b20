"""A refused time: the gateway's own is taken over, and the call repeated once."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from email.utils import formatdate

import pytest
from tests.layers.keys import ISSUER, Issuer, answer, message_key, token
from tests.layers.test_layer_idempotency import promised
from tests.layers.test_layer_signature import parameters
from tests.layers.worlds import EPOCH, START, Sent, World, call, problem, respond

from egov_serang.auth.credentials import PrivateKeyJwt
from egov_serang.auth.tokens import TokenSource
from egov_serang.core.clock import Clock
from egov_serang.core.engine import Engine
from egov_serang.core.message import Response
from egov_serang.errors import SignatureRefused, Unauthorized
from egov_serang.layers.answers import Answers
from egov_serang.layers.auth import Auth
from egov_serang.layers.idempotency import Idempotency
from egov_serang.layers.retry import Retry, RetryBudget
from egov_serang.layers.signature import Signature
from egov_serang.layers.skew import Skew
from egov_serang.signing.algorithms import signer
from egov_serang.signing.profiles import Rfc9421


class Gateway:
    """Refuses what was signed more than 30 s from its own time, as the contract says."""

    def __init__(self, world: World, ahead: float) -> None:
        self.world, self.ahead = world, ahead
        self.says_date = True
        self.clock = Clock()
        world.answers = [self._serve]
        self.engine: Engine = world.engine(
            Idempotency(),
            Retry(RetryBudget()),
            Skew(self.clock),
            Answers(promised),
            Signature(Rfc9421(signer(message_key())), self.clock),
            retries=0,
        )

    @property
    def now(self) -> float:
        return EPOCH + self.world.runtime.clock - START + self.ahead

    def _serve(self, sent: Sent) -> Response:
        created = parameters(sent)[1]["created"]
        date = {"date": formatdate(self.now, usegmt=True)} if self.says_date else {}
        if abs(created - self.now) > 30:
            return respond(sent, *problem(401, "clock_skew"), **date)
        return respond(sent, 200, {}, **date)

    def call(self) -> int:
        work = self.engine.perform(call("POST", safety="never_repeat"))
        return self.world.finish(self.engine, work).attempts


@pytest.mark.parametrize("ahead", [-880, -200, 200, 880])
def test_a_wrong_clock_costs_one_refusal_and_no_retry(world: World, ahead: int) -> None:
    gateway = Gateway(world, ahead)
    assert [gateway.call() for _ in range(3)] == [2, 1, 1]
    assert world.runtime.slept == []
    assert abs(gateway.clock.offset - ahead) <= 1
    first, second, *_ = world.sent
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_a_herd_with_a_wrong_clock_gets_through() -> None:
    """All were signed before the first was refused: each is repeated, whoever corrected the clock."""
    gateway = Gateway(World("tasks"), 200)

    async def herd() -> list[int]:
        replies = await asyncio.gather(*(gateway.engine.perform(call("POST")) for _ in range(20)))
        return [reply.attempts for reply in replies]

    assert asyncio.run(herd()) == [2] * 20


def test_a_clock_that_is_set_right_again_is_believed_again(world: World) -> None:
    gateway = Gateway(world, 200)
    gateway.call()
    gateway.ahead = 0
    assert [gateway.call() for _ in range(2)] == [2, 1]
    assert gateway.clock.offset == 0.0


def test_a_drift_is_followed_without_a_refusal(world: World) -> None:
    gateway = Gateway(world, 0)
    for ahead in range(0, 120, 4):
        gateway.ahead = ahead
        assert gateway.call() == 1
    assert gateway.clock.offset > 60


@pytest.mark.parametrize("ahead", [-1200, 1200])
def test_over_fifteen_minutes_is_refused_and_named(world: World, ahead: int) -> None:
    gateway = Gateway(world, ahead)
    with pytest.raises(SignatureRefused, match=re.escape(f"{ahead:+d} s")) as caught:
        gateway.call()
    assert (caught.value.code, caught.value.attempts) == ("clock_skew", 1)
    assert gateway.clock.offset == 0.0


def test_a_refusal_that_does_not_say_its_time_is_final(world: World) -> None:
    gateway = Gateway(world, 200)
    gateway.says_date = False
    with pytest.raises(SignatureRefused, match="Set this machine's clock") as caught:
        gateway.call()
    assert caught.value.attempts == 1


class Punctual(Issuer):
    """An issuer that refuses assertions not made within 30 s of its own time."""

    def __init__(self, world: World, ahead: float) -> None:
        super().__init__()
        self.world, self.ahead = world, ahead

    def __call__(self, sent: Sent) -> Response:
        response = super().__call__(sent)
        now = EPOCH + self.world.runtime.clock - START + self.ahead
        claims = json.loads(base64.urlsafe_b64decode(self.forms[-1]["client_assertion"].split(".")[1] + "=="))
        assert claims["exp"] == claims["iat"] + 60
        date = formatdate(now, usegmt=True)
        if abs(claims["iat"] - now) > 30:
            return answer(401, {"error": "invalid_client"}, date=date)
        fresh = token(f"token-{self.count}")
        return Response(200, type(fresh.headers)([*fresh.headers.items(), ("date", date)]), response.body)


@pytest.mark.parametrize(("ahead", "asked"), [(0, 1), (200, 2), (-200, 2)])
def test_an_assertion_is_made_by_the_issuers_clock(world: World, ahead: int, asked: int) -> None:
    issuer = Punctual(world, ahead)
    tokens = TokenSource(ISSUER, PrivateKeyJwt("app", message_key()))
    world.answers = [lambda sent: issuer(sent) if issuer.owns(sent) else respond(sent, 200, {})]
    world.perform(call(), Auth(tokens))
    assert issuer.count == asked
    world.runtime.clock += 3600
    world.perform(call(), Auth(tokens))
    assert issuer.count == asked + 1


def test_an_issuer_twenty_minutes_away_is_not_followed(world: World) -> None:
    issuer = Punctual(world, 1200)
    tokens = TokenSource(ISSUER, PrivateKeyJwt("app", message_key()))
    world.answers = [lambda sent: issuer(sent) if issuer.owns(sent) else respond(sent, 200, {})]
    with pytest.raises(Unauthorized, match="clock"):
        world.perform(call(), Auth(tokens))
    assert issuer.count == 1
