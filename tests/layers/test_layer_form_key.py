"""An API key in a form: in each attempt's, in nobody's error, and never in the call."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
from tests.layers.worlds import World, call, fault

from egov_serang.auth.static import StaticCredential
from egov_serang.core.body import FormBody, JsonBody, Multipart
from egov_serang.core.file import File
from egov_serang.core.message import Headers, Response
from egov_serang.errors import ConnectionFailed, EgovError
from egov_serang.layers.answers import Answers
from egov_serang.layers.form_key import FormKey
from egov_serang.layers.idempotency import Idempotency
from egov_serang.layers.retry import Retry, RetryBudget
from egov_serang.types import Secret

KEY = "canary-key-1"
FORM = FormBody((("service_code", "001"), ("description", "Kenari bernyanyi")))


def layers() -> tuple[Any, ...]:
    credential = StaticCredential("api_key", "api_key", Secret(KEY))
    return Idempotency(honoured=False), Retry(RetryBudget()), FormKey(lambda at: credential), Answers(None)


def sends(body: Any) -> Any:
    return call("POST", body=body, safety="never_repeat")


def test_the_key_joins_the_form_and_never_the_call(world: World) -> None:
    world.answers = [(200, {})]
    request = sends(FORM)
    world.perform(request, *layers())
    sent = world.sent[0]
    assert parse_qs(sent.body.decode()) == {
        "service_code": ["001"],
        "description": ["Kenari bernyanyi"],
        "api_key": [KEY],
    }
    assert request.body == FORM
    assert KEY not in sent.url
    assert "idempotency-key" not in sent.headers
    assert KEY not in repr(request) + repr(FORM.with_field("api_key", KEY))


def test_a_form_with_files_says_its_new_boundary(world: World) -> None:
    world.answers = [(200, {})]
    world.perform(sends(Multipart((("media", File(b"picture", "a.png", "image/png")),), FORM.fields)), *layers())
    sent = world.sent[0]
    boundary = sent.headers["content-type"].partition("boundary=")[2]
    assert sent.body.startswith(f"--{boundary}\r\n".encode())
    assert f'name="api_key"\r\n\r\n{KEY}\r\n'.encode() in sent.body
    assert sent.body.endswith(f"--{boundary}--\r\n".encode())


@pytest.mark.parametrize("body", [None, JsonBody({"a": 1})])
def test_nothing_else_carries_it(world: World, body: Any) -> None:
    world.answers = [(200, {})]
    world.perform(call("GET") if body is None else sends(body), *layers())
    sent = world.sent[0]
    assert KEY not in sent.url + sent.body.decode() + str(sent.raw_headers)


def test_a_refusal_repeats_neither_key_nor_words(world: World) -> None:
    said = {"code": "validation_failed", "detail": f"{KEY}: kenari bernyanyi is no description", "title": "no"}
    world.answers = [(400, said)]
    with pytest.raises(EgovError) as caught:
        world.perform(sends(FORM), *layers())
    assert KEY not in str(caught.value)
    assert "ernyanyi" not in str(caught.value)
    assert "is no description" in str(caught.value)
    assert caught.value.idempotency_key is None


def test_a_server_may_number_its_answers_itself(world: World) -> None:
    world.answers = [Response(200, Headers([("x-request-id", "its-own")]), b"{}")]
    assert world.perform(call("GET"), *layers()).attempts == 1


def test_what_may_have_happened_is_not_promised_away(world: World) -> None:
    world.answers = [fault("reset", "maybe")]
    with pytest.raises(ConnectionFailed) as caught:
        world.perform(sends(FORM), *layers(), retries=2)
    assert (caught.value.attempts, caught.value.sent) == (1, "maybe")
    assert "no idempotency keys" in (caught.value.hint or "")
