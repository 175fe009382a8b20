"""Answers are accepted only by the request they carry the id of; redirects never."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from tests.layers.worlds import Sent, World, call, problem, respond

from egov_serang.core.exchange import Exchange
from egov_serang.core.message import Headers, Response
from egov_serang.errors import Invalid, RateLimited, ServerFault, UnexpectedReply
from egov_serang.layers.answers import Answers
from egov_serang.layers.retry import Retry, RetryBudget

OK = (200, {"client_reference": "mine"})


class Promise:
    """What discovery says about the echo, and how often it was asked."""

    def __init__(self, promised: bool) -> None:
        self.promised = promised
        self.asked = 0

    async def __call__(self, exchange: Exchange) -> bool:
        self.asked += 1
        return self.promised


class Lane:
    """An answer of a connection that can be thrown away."""

    def __init__(self, status: int = 200, document: Any = OK[1], echo: Any = "right") -> None:
        self.condemned = 0
        self.status, self.document, self.echo = status, document, echo

    def __call__(self, sent: Sent) -> Response:
        response = respond(None, self.status, self.document)
        echo = sent.headers["x-request-id"] if self.echo == "right" else self.echo
        fields = dict(response.headers) | ({} if echo is None else {"x-request-id": echo})
        return Response(response.status, Headers(fields.items()), response.body, condemn=self._condemn)

    def _condemn(self) -> None:
        self.condemned += 1


def test_every_attempt_has_a_new_id_in_time_order(world: World) -> None:
    world.answers = [problem(503, "upstream_unavailable"), problem(503, "upstream_unavailable"), OK]
    world.perform(call(), Retry(RetryBudget()), Answers(Promise(True)), retries=5)
    ids = [sent.headers["x-request-id"] for sent in world.sent]
    assert len(set(ids)) == 3
    assert all(uuid.UUID(number).version == 7 for number in ids)


@pytest.mark.parametrize("echo", ["another", "", "right, right"])
@pytest.mark.parametrize("status", [200, 404, 503])
def test_an_answer_of_another_request_is_refused_and_its_connection_dropped(
    world: World, echo: str, status: int
) -> None:
    lane, promise = Lane(status, {"code": "x", "title": "t"}, echo), Promise(False)
    world.answers = [lane]
    with pytest.raises(UnexpectedReply) as caught:
        world.perform(call(), Answers(promise))
    assert caught.value.code == "unbound_answer"
    assert lane.condemned == 1
    assert promise.asked == 0, "a wrong id is wrong whatever discovery says"
    assert caught.value.sent == "yes"


@pytest.mark.parametrize("promised", [True, False])
def test_a_missing_echo_is_judged_by_discovery(world: World, promised: bool) -> None:
    lane, promise = Lane(echo=None), Promise(promised)
    world.answers = [lane]
    if promised:
        with pytest.raises(UnexpectedReply, match="X-Request-Id"):
            world.perform(call(), Answers(promise))
    else:
        assert world.perform(call(), Answers(promise)).status == 200
    assert promise.asked == 1
    assert lane.condemned == int(promised)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_proxy_in_between_may_be_busy_without_an_echo(world: World, status: int) -> None:
    lane, promise = Lane(status, "busy", None), Promise(True)
    world.answers = [lane]
    with pytest.raises(RateLimited if status == 429 else ServerFault):
        world.perform(call(), Answers(promise))
    assert promise.asked == 0
    assert lane.condemned == 0


def test_the_discovery_document_itself_need_not_echo(world: World) -> None:
    promise = Promise(True)
    world.answers = [Lane(echo=None)]
    assert world.perform(call(authenticated=False), Answers(promise)).status == 200
    assert promise.asked == 0


def test_a_stray_answer_is_repeated_on_another_connection(world: World) -> None:
    stray = Lane(echo="another")
    world.answers = [stray, Lane()]
    assert world.perform(call(), Retry(RetryBudget()), Answers(Promise(True))).attempts == 2
    assert stray.condemned == 1


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 304])
def test_redirects_are_never_followed(world: World, status: int) -> None:
    def redirect(sent: Sent) -> Response:
        return respond(sent, status, {}, location="https://other.test/path?token=CANARY")

    world.answers = [redirect]
    with pytest.raises(UnexpectedReply) as caught:
        world.perform(call(), Retry(RetryBudget()), Answers(Promise(True)))
    assert len(world.sent) == 1
    assert caught.value.code == "redirect"
    assert "other.test" in str(caught.value)
    assert "CANARY" not in str(caught.value)


def test_not_modified_answers_a_conditional_read(world: World) -> None:
    world.answers = [(304, {})]
    conditional = replace(call(headers=(("if-none-match", '"1"'),)), decode=lambda response: response.status)
    assert world.perform(conditional, Answers(Promise(True))).data == 304


class Echoed:
    def __init__(self, client_reference: str | None) -> None:
        self.client_reference = client_reference


@pytest.mark.parametrize(
    ("sent", "echoed", "bound"), [("a", "a", True), ("a", None, True), ("a", "b", False), (None, "b", True)]
)
def test_an_echoed_reference_must_be_the_one_sent(world: World, sent: Any, echoed: Any, bound: bool) -> None:
    lane = Lane()
    world.answers = [lane]
    asked = replace(call("POST", client_reference=sent), decode=lambda _: Echoed(echoed))
    if bound:
        assert world.perform(asked, Answers(Promise(True))).data.client_reference == echoed
    else:
        with pytest.raises(UnexpectedReply) as caught:
            world.perform(asked, Answers(Promise(True)))
        assert caught.value.code == "unbound_answer"
    assert lane.condemned == int(not bound)


def test_what_the_service_repeats_of_the_request_is_masked(world: World) -> None:
    from datetime import date

    from egov_serang.core.body import JsonBody
    from egov_serang.types import Nik

    body = JsonBody(
        {
            "subject": {"nik": Nik("9973010101900000")},
            "attributes": {"full_name": "Warga Uji", "birth_date": date(1990, 1, 1)},
            "service_code": "road",
            "notes": ["first note", "ok"],
        }
    )
    detail = "9973010101900000 WARGA UJI 1990-01-01 first note; road is ok; Warga; Wargauji"
    world.answers = [
        problem(422, "validation_failed", detail=detail, errors=[{"pointer": "/Warga Uji", "detail": detail}])
    ]
    with pytest.raises(Invalid) as caught:
        world.perform(call("POST", body=body), Answers(Promise(True)))
    masked = "9973•••••••••••• •••• •••• ••••; road is ok; Warga; Wargauji"
    assert caught.value.message == masked
    assert caught.value.fields[0].pointer == "/••••"
    assert caught.value.fields[0].detail == masked
    assert caught.value.code == "validation_failed"
