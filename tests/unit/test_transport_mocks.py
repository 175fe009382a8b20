"""respx mocks the default lanes: nothing reaches a network."""

from __future__ import annotations

import asyncio
import gzip

import httpx
import pytest
import respx
from tests.faults.worlds import Json, Make, Tasks, Threads, get, post, within

from egov_serang.core.message import TransportFault
from egov_serang.testing.faults import FaultServer
from egov_serang.transport.alanes import AsyncLanes
from egov_serang.transport.lanes import Lanes

URL = "https://gateway.invalid"


@pytest.fixture(params=["threads", "tasks"])
def make(request: pytest.FixtureRequest) -> Make:
    def build() -> Threads | Tasks:
        return Threads(Lanes()) if request.param == "threads" else Tasks(AsyncLanes())

    return build


def test_respx_answers_the_default_lanes(make: Make) -> None:
    world = make()
    with respx.mock:
        route = respx.post(f"{URL}/x", params={"q": "1"}).respond(201, json={"ok": True}, headers={"etag": '"1"'})
        response = world.send(post(URL, "/x?q=1"))
        assert (response.status, response.headers["ETag"]) == (201, '"1"')
        assert response.body == route.calls.last.response.content
        assert route.calls.last.request.content == b'{"a": 1}'
        assert route.calls.last.request.headers["x-request-id"] == "r-1"
    assert world.count == (0, 0, 64)
    world.end()


def test_a_mock_sees_a_long_body_whole(make: Make) -> None:
    world = make()
    with respx.mock:
        route = respx.post(f"{URL}/x").respond(200)
        request = post(URL)
        request.body = Json(b"x" * 300_000)
        world.send(request)
        assert len(route.calls.last.request.content) == 300_000
    world.end()


def test_a_mock_needs_no_length_and_may_be_compressed(make: Make) -> None:
    world = make()
    with respx.mock:
        respx.get(f"{URL}/bare").respond(503)
        respx.get(f"{URL}/packed").mock(
            httpx.Response(200, stream=httpx.ByteStream(gzip.compress(b"{}")), headers={"content-encoding": "gzip"})
        )
        assert world.send(get(URL, "/bare")).status == 503
        assert world.send(get(URL, "/packed")).body == b"{}"
    world.end()


def test_a_mock_may_come_between_real_calls(make: Make) -> None:
    world = make()
    with FaultServer() as server:
        assert world.send(get(server.url)).status == 200
        with respx.mock:
            respx.get(f"{server.url}/x").respond(503)
            assert world.send(get(server.url)).status == 503
        assert world.send(get(server.url)).status == 200
        assert len(server.requests) == 2
        world.end()


def test_a_mock_can_be_streamed(make: Make) -> None:
    world = make()
    with respx.mock:
        respx.get(f"{URL}/x").respond(200, content=b"%PDF-")
        response = world.send(get(URL, stream=True))
        assert response.stream is not None
        assert world.run(response.stream.read()) == b"%PDF-"
        assert world.run(response.stream.read()) == b""
    assert world.count == (0, 0, 64)
    world.end()


@pytest.mark.parametrize(
    ("error", "kind", "sent"),
    [
        (httpx.ConnectError, "connect", "no"),
        (httpx.ConnectTimeout, "timeout", "no"),
        (httpx.ReadTimeout, "timeout", "maybe"),
        (httpx.ReadError, "reset", "maybe"),
        (httpx.RemoteProtocolError, "protocol", "maybe"),
    ],
)
def test_a_mocked_error_is_a_fault(make: Make, error: type[httpx.TransportError], kind: str, sent: str) -> None:
    world = make()
    with respx.mock:
        respx.post(f"{URL}/x").mock(side_effect=error)
        with pytest.raises(TransportFault) as caught:
            world.send(post(URL))
        assert (caught.value.kind, caught.value.sent) == (kind, sent)
    assert world.count == (0, 0, 64)
    world.end()


def test_a_request_nobody_mocked_is_an_error_of_the_test() -> None:
    async def main() -> None:
        lanes = AsyncLanes()
        with pytest.raises(AssertionError):
            await lanes.send(get(URL), within())
        assert lanes.count == (0, 0, 64)

    with respx.mock:
        asyncio.run(main())
