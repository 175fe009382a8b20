"""The token on each attempt, and the one renewal a refused token gets."""

from __future__ import annotations

from typing import Any

import pytest
from tests.layers.keys import ISSUER, Issuer, answer
from tests.layers.test_layer_idempotency import promised
from tests.layers.worlds import Sent, World, call, fault, problem, respond

from egov_serang.auth.credentials import ClientSecret
from egov_serang.auth.tokens import TokenSource
from egov_serang.core.message import Response
from egov_serang.errors import EgovError, ServerFault, SignatureRefused, Unauthorized
from egov_serang.layers.answers import Answers
from egov_serang.layers.auth import Auth
from egov_serang.layers.idempotency import Idempotency
from egov_serang.layers.retry import Retry, RetryBudget

OK = (200, {})


class Gateway:
    """An issuer beside a service that answers calls in turn."""

    def __init__(self, world: World, *answers: Any) -> None:
        self.issuer = Issuer()
        self.answers = list(answers)
        self.calls: list[Sent] = []
        self.tokens = TokenSource(ISSUER, ClientSecret("app", "s3cret"))
        world.answers = [self._serve]

    def _serve(self, sent: Sent) -> Response:
        if self.issuer.owns(sent):
            return self.issuer(sent)
        self.calls.append(sent)
        found = self.answers[min(len(self.calls), len(self.answers)) - 1]
        if isinstance(found, BaseException):
            raise found
        return respond(sent, *found)

    @property
    def used(self) -> list[str]:
        return [sent.headers["authorization"] for sent in self.calls]

    def layers(self) -> tuple[Any, ...]:
        return Idempotency(), Retry(RetryBudget()), Auth(self.tokens), Answers(promised)


def test_one_token_serves_many_calls(world: World) -> None:
    gateway = Gateway(world, OK)
    engine = world.engine(*gateway.layers())
    for _ in range(3):
        world.finish(engine, engine.perform(call()))
    assert gateway.used == ["Bearer token-1"] * 3
    assert gateway.issuer.count == 1


def test_a_refused_token_is_renewed_once_without_spending_a_retry(world: World) -> None:
    gateway = Gateway(world, problem(401, "token_expired"), OK)
    reply = world.perform(call("POST", safety="never_repeat"), *gateway.layers(), retries=0)
    assert gateway.used == ["Bearer token-1", "Bearer token-2"]
    assert gateway.issuer.count == 2
    assert reply.attempts == 2
    assert world.runtime.slept == []
    assert len({sent.headers["idempotency-key"] for sent in gateway.calls}) == 1


def test_a_second_refusal_is_raised(world: World) -> None:
    gateway = Gateway(world, problem(401, "unauthenticated"))
    with pytest.raises(Unauthorized) as caught:
        world.perform(call(), *gateway.layers(), retries=5)
    assert len(gateway.calls) == gateway.issuer.count == 2
    assert (caught.value.attempts, caught.value.sent) == (2, "yes")


@pytest.mark.parametrize("code", ["signature_invalid", "nonce_replayed", "clock_skew"])
def test_a_refused_signature_is_not_the_tokens_fault(world: World, code: str) -> None:
    gateway = Gateway(world, problem(401, code), OK)
    with pytest.raises(SignatureRefused):
        world.perform(call(), *gateway.layers(), retries=5)
    assert len(gateway.calls) == 1


def test_the_discovery_document_is_read_without_a_token(world: World) -> None:
    gateway = Gateway(world, OK)
    world.perform(call(authenticated=False), *gateway.layers())
    assert "authorization" not in gateway.calls[0].headers
    assert gateway.issuer.count == 0


def test_a_retry_uses_the_token_valid_then(world: World) -> None:
    gateway = Gateway(world, problem(401, "token_expired"), problem(503, "upstream_unavailable"), OK)
    world.perform(call(), *gateway.layers())
    assert gateway.used == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]


def test_refused_credentials_are_final(world: World) -> None:
    gateway = Gateway(world, OK)
    gateway.issuer.answers = [answer(401, {"error": "invalid_client", "error_description": "CANARY"})]
    with pytest.raises(Unauthorized) as caught:
        world.perform(call(), *gateway.layers(), retries=5)
    assert gateway.calls == []
    assert (caught.value.sent, caught.value.code, caught.value.attempts) == ("no", "invalid_client", 0)
    assert ISSUER in str(caught.value)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("outcome", [answer(503, {}), answer(429, {}), fault("connect", "no")], ids=str)
def test_an_issuer_that_stumbles_is_asked_again_even_for_a_write_without_key(world: World, outcome: Any) -> None:
    gateway = Gateway(world, OK)
    gateway.issuer.answers = [outcome]
    world.perform(call("POST", safety="never_repeat"), *gateway.layers())
    assert gateway.issuer.count == 2
    assert len(gateway.calls) == 1


def test_an_issuer_that_stays_down_is_named(world: World) -> None:
    gateway = Gateway(world, OK)
    gateway.issuer.answers = [answer(503, {}, retry_after="1") for _ in range(9)]
    with pytest.raises(ServerFault) as caught:
        world.perform(call(), *gateway.layers(), retries=2)
    assert (caught.value.sent, caught.value.retry_after) == ("no", 1.0)
    assert gateway.issuer.count == 3
    assert all(wait >= 1 for wait in world.runtime.slept)


def test_a_permanent_fault_at_the_issuer_is_final(world: World) -> None:
    gateway = Gateway(world, OK)
    gateway.issuer.answers = [fault("tls", "no", permanent=True) for _ in range(9)]
    with pytest.raises(EgovError) as caught:
        world.perform(call(), *gateway.layers(), retries=5)
    assert gateway.issuer.count == 1
    assert caught.value.code == "permanent_tls"


def test_a_herd_of_refusals_renews_once() -> None:
    """Every task used the old token; the first refusal drops it, the others find the new one."""
    import asyncio

    world = World("tasks")
    gateway = Gateway(world, OK)
    gateway.answers = [problem(401, "token_expired")] * 20 + [OK]
    engine = world.engine(*gateway.layers())

    async def herd() -> list[Any]:
        return await asyncio.gather(*(engine.perform(call()) for _ in range(20)))

    replies = asyncio.run(herd())
    assert len(replies) == 20
    assert gateway.issuer.count == 2
