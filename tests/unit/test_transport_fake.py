"""The transport without a network."""

from __future__ import annotations

import asyncio

import pytest
from tests.faults.worlds import Json, Threads, get, post, within

from egov_serang.core.message import Request, TransportFault
from egov_serang.testing import FakeRequest, FakeResponse, FakeTransport


def complaint(request: FakeRequest) -> FakeResponse | dict[str, object]:
    if request.method == "GET":
        return {"complaint_id": "c-1", "area": request.query.get("area")}
    return FakeResponse(422, json={"code": "validation_failed"}, headers={"ETag": '"2"'})


def test_a_function_answers_and_what_it_saw_is_kept() -> None:
    transport = FakeTransport(complaint)
    response = transport.send(post("https://gateway.invalid", "/v1/complaints/cases"), within())
    assert (response.status, response.body) == (422, b'{"code": "validation_failed"}')
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.headers["etag"], response.headers["x-request-id"]) == ('"2"', "r-1")
    assert [(seen.method, seen.path, seen.json) for seen in transport.requests] == [
        ("POST", "/v1/complaints/cases", {"a": 1})
    ]


def test_it_answers_tasks_as_well() -> None:
    transport = FakeTransport(complaint)
    response = asyncio.run(transport.asynchronous().send(get("https://gateway.invalid", "/x?area=36.73"), within()))
    assert response.body == b'{"complaint_id": "c-1", "area": "36.73"}'
    assert transport.requests[0].query == {"area": "36.73"}
    assert transport.requests[0].json is None


def test_tokens_are_answered_beside() -> None:
    transport = FakeTransport(complaint)
    form = Json(b"grant_type=client_credentials", content_type="application/x-www-form-urlencoded")
    fields = [("content-type", form.content_type)]
    asking = Request("POST", "https://gateway.invalid/token", fields, form)
    response = transport.send(asking, within())
    assert b'"token_type": "Bearer"' in response.body
    assert transport.requests == []
    asked = FakeTransport(complaint, tokens=False)
    assert asked.send(asking, within()).status == 422


def test_the_handler_may_fail_as_a_network_does() -> None:
    def lost(request: FakeRequest) -> FakeResponse:
        raise TransportFault("reset", sent="maybe", reason=f"{request.method} lost")

    with pytest.raises(TransportFault, match="POST lost"):
        FakeTransport(lost).send(post("https://gateway.invalid"), within())


def test_answers_obey_the_limit_and_can_be_streamed() -> None:
    transport = FakeTransport(lambda _: FakeResponse(body=b"x" * 100))
    with pytest.raises(TransportFault) as caught:
        transport.send(get("https://gateway.invalid"), within(max_body=99))
    assert caught.value.kind == "too_large"
    stream = transport.send(get("https://gateway.invalid", stream=True), within()).stream
    assert stream is not None
    world = Threads(transport)
    assert world.run(stream.read()) == b"x" * 100
    assert world.run(stream.read()) == b""


def test_reprs_show_no_data() -> None:
    transport = FakeTransport(complaint)
    transport.send(get("https://gateway.invalid", "/x?nik=secret"), within())
    assert repr(transport.requests) == "[<FakeRequest GET /x>]"
    assert repr(FakeResponse(json={"nik": "secret"})) == "<FakeResponse 200>"
