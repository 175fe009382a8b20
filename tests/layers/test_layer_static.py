"""Credentials that are sent as they are: in their places, on each attempt, and in nobody's error."""

from __future__ import annotations

from typing import Any

import pytest
from tests.layers.test_layer_auth import Gateway
from tests.layers.test_layer_idempotency import promised
from tests.layers.worlds import World, call, problem

from egov_serang.auth.static import Scheme, StaticCredential
from egov_serang.errors import ConfigError, EgovError
from egov_serang.layers.answers import Answers
from egov_serang.layers.auth import Auth
from egov_serang.layers.retry import Retry, RetryBudget
from egov_serang.layers.static import Current, Static
from egov_serang.types import Secret

KEY = "canary+key/one=1"
ENCODED = "canary%2Bkey%2Fone%3D1"
OK = (200, {})


def held(scheme: Scheme, name: str, value: str = KEY, **more: Any) -> Current:
    credential = StaticCredential(scheme, name, Secret(value), **more)
    return lambda at: credential


def layers(*credentials: Current) -> tuple[Any, ...]:
    return Retry(RetryBudget()), Static(credentials), Answers(promised)


@pytest.mark.parametrize(
    ("credential", "header", "value"),
    [
        (held("api_key", "x-api-key"), "x-api-key", KEY),
        (held("bearer", "authorization"), "authorization", f"Bearer {KEY}"),
        (held("basic", "authorization", "öpen", user="Al"), "authorization", "Basic QWw6w7ZwZW4="),
        (held("basic", "auth", "open sesame", user="Aladdin"), "auth", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
    ],
)
def test_each_is_written_in_its_place(world: World, credential: Current, header: str, value: str) -> None:
    world.answers = [OK]
    world.perform(call(), *layers(credential))
    assert world.sent[0].headers[header] == value


def test_a_key_in_the_query_is_added_once_an_attempt(world: World) -> None:
    world.answers = [problem(503, "upstream_unavailable"), problem(503, "upstream_unavailable"), OK]
    plain = call()
    world.perform(plain, *layers(held("api_key", "key", in_query=True)))
    world.perform(call(query=(("limit", "2"),)), *layers(held("api_key", "key", in_query=True)))
    urls = [sent.url for sent in world.sent]
    assert urls[:3] == [f"https://gateway.test/v1/test/x?key={ENCODED}"] * 3
    assert urls[3] == f"https://gateway.test/v1/test/x?limit=2&key={ENCODED}"


def test_what_needs_no_login_carries_none(world: World) -> None:
    world.answers = [OK]
    world.perform(call(authenticated=False), *layers(held("api_key", "k"), held("api_key", "key", in_query=True)))
    assert "k" not in world.sent[0].headers
    assert KEY not in world.sent[0].url


def test_two_credentials_go_out_together_and_a_renewed_token_leaves_the_second_alone(world: World) -> None:
    gateway = Gateway(world, problem(401, "token_expired"), OK)
    backend = Static([held("basic", "auth", "s3cret", user="serang")])
    world.perform(call(), Retry(RetryBudget()), Auth(gateway.tokens), backend, Answers(promised))
    assert gateway.used == ["Bearer token-1", "Bearer token-2"]
    assert [sent.headers["auth"] for sent in gateway.calls] == ["Basic c2VyYW5nOnMzY3JldA=="] * 2


@pytest.mark.parametrize("in_query", [True, False])
@pytest.mark.parametrize("text", ["no: canary+key/one=1", f"no: ?key={ENCODED}&x=1", "NO: CANARY+KEY/ONE=1"])
def test_a_service_that_repeats_the_key_is_silenced(world: World, text: str, in_query: bool) -> None:
    world.answers = [problem(403, "forbidden", detail=text, title=text)]
    with pytest.raises(EgovError) as caught:
        world.perform(call(), *layers(held("api_key", "x-key", in_query=in_query)))
    error = caught.value
    shown = " ".join(map(str, (error, repr(error), error.__dict__, vars(error)))).lower()
    assert KEY not in shown
    assert ENCODED.lower() not in shown


def test_a_refused_key_is_not_tried_again(world: World) -> None:
    world.answers = [problem(401, "unauthenticated")]
    with pytest.raises(EgovError):
        world.perform(call(), *layers(held("api_key", "k")))
    assert len(world.sent) == 1


@pytest.mark.parametrize(
    ("scheme", "value"), [("api_key", ""), ("bearer", "a b"), ("api_key", "a\nx: y"), ("basic", "")]
)
def test_what_cannot_be_sent_is_refused_without_showing_it(scheme: Scheme, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        StaticCredential(scheme, "name", Secret(value), user="u")
    assert "x: y" not in str(caught.value)


def test_nothing_shows_it() -> None:
    import pickle

    credential = StaticCredential("api_key", "k", Secret(KEY))
    assert KEY not in repr(credential)
    assert not hasattr(credential, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(credential)
