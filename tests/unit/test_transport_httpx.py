"""A user's own httpx client behind the port, over real connections."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import pytest
import respx
from tests.faults.worlds import Json, Tasks, Threads, get, post, within

from egov_serang.core.message import TransportFault
from egov_serang.testing.faults import (
    FaultServer,
    close_before_answer,
    drip,
    hang,
    raw,
    reply,
    reset_before_answer,
    truncate,
)
from egov_serang.transport.httpx_client import AsyncHttpxTransport, HttpxTransport

OK = b"HTTP/1.1 200 OK\r\n"


class Users:
    """The clients a user might bring, in the world under test: httpx's, or httpx2's."""

    def __init__(self, kind: str) -> None:
        self.library: Any = httpx2 if "httpx2" in kind else httpx
        self.kind = kind.partition(" ")[2]
        self.clients: list[Any] = []
        self.tasks: list[tuple[Tasks, Any]] = []

    def bring(self, **options: object) -> Threads | Tasks:
        if self.kind == "threads":
            client = self.library.Client(trust_env=False, **options)
            self.clients.append(client)
            return Threads(HttpxTransport(client))
        theirs = self.library.AsyncClient(trust_env=False, **options)
        world = Tasks(AsyncHttpxTransport(theirs))
        self.tasks.append((world, theirs))
        return world

    def end(self) -> None:
        for client in self.clients:
            client.close()
        for world, theirs in self.tasks:
            world.runner.run(theirs.aclose())
            world.end()


@pytest.fixture(params=["httpx threads", "httpx tasks", "httpx2 threads", "httpx2 tasks"])
def users(request: pytest.FixtureRequest) -> Iterator[Users]:
    users = Users(request.param)
    yield users
    users.end()


@pytest.fixture
def world(users: Users) -> Threads | Tasks:
    return users.bring()


def test_the_request_arrives_byte_for_byte(users: Users) -> None:
    world = users.bring(headers={"x-default": "1"}, cookies={"c": "1"}, auth=("user", "secret"), follow_redirects=True)
    path = "/a%2Fb/../c;v=1//d?q=%20'x'&empty=&y"
    with FaultServer(reply(307, headers=[("location", "/y"), ("set-cookie", "d=2")])) as server:
        assert world.send(post(server.url, path)).status == 307
        seen = server.requests[0]
        assert (seen.method, seen.target, seen.body) == ("POST", path, b'{"a": 1}')
        ours = {"host", "user-agent", "x-request-id", "accept-encoding", "content-type", "content-length"}
        assert set(seen.headers) == ours
        assert len(server.requests) == 1


def test_a_long_body_arrives_whole(world: Threads | Tasks) -> None:
    with FaultServer() as server:
        request = post(server.url)
        request.body = Json(bytes(range(256)) * 8000)
        assert world.send(request).status == 200
        assert server.requests[0].body == bytes(range(256)) * 8000
        assert "transfer-encoding" not in server.requests[0].headers


def test_gzip_is_undone_by_us(world: Threads | Tasks) -> None:
    with FaultServer(reply(json={"a": 1}, gzip=True)) as server:
        assert world.send(get(server.url)).body == b'{"a": 1}'


@pytest.mark.parametrize(
    ("sent_back", "kind"),
    [
        (OK + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "protocol"),
        (OK + b"\r\n{}", "truncated"),
        (OK + b"content-length: 9\r\n\r\n{}", "protocol"),
        (OK + b"content-length: 99999999\r\n\r\n{}", "too_large"),
        (OK + b"content-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}", "protocol"),
    ],
)
def test_a_bad_answer_is_a_fault(world: Threads | Tasks, sent_back: bytes, kind: str) -> None:
    with FaultServer(raw(sent_back, close=True)) as server:
        with pytest.raises(TransportFault) as caught:
            world.send(get(server.url), within(max_body=1000))
        assert (caught.value.kind, caught.value.sent) == (kind, "maybe")
        assert world.send(get(server.url)).status == 200


def test_a_refused_connection_is_proof_that_nothing_was_sent(world: Threads | Tasks) -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        with pytest.raises(TransportFault) as caught:
            world.send(post(f"http://127.0.0.1:{placeholder.getsockname()[1]}"))
    assert (caught.value.kind, caught.value.sent, caught.value.__context__) == ("connect", "no", None)


def test_lost_answers_may_have_had_their_effect(world: Threads | Tasks) -> None:
    with FaultServer(reset_before_answer(), close_before_answer(), hang()) as server:
        for _ in range(3):
            with pytest.raises(TransportFault) as caught:
                world.send(post(server.url), within(0.5))
            assert caught.value.sent == "maybe"


def test_a_dripped_body_ends_at_the_deadline(world: Threads | Tasks) -> None:
    with FaultServer(drip(body=b"x" * 5000)) as server:
        with pytest.raises(TransportFault) as caught:
            world.send(get(server.url), within(0.3))
        assert (caught.value.kind, caught.value.sent) == ("timeout", "maybe")


def test_a_dripped_head_ends_at_the_deadline_for_tasks() -> None:
    users = Users("tasks")
    with FaultServer(drip("head", body=b"x" * 5000)) as server:
        with pytest.raises(TransportFault) as caught:
            users.bring().send(get(server.url), within(0.3))
        assert caught.value.kind == "timeout"
    users.end()


def test_streams(world: Threads | Tasks) -> None:
    async def drain() -> bytes:
        assert response.stream is not None
        parts: list[bytes] = []
        while part := await response.stream.read():
            parts.append(part)
        await response.stream.close()
        return b"".join(parts)

    with FaultServer(reply(body=b"x" * 300_000, gzip=True), truncate(5, body=b"x" * 100)) as server:
        response = world.send(get(server.url, stream=True))
        assert world.run(drain()) == b"x" * 300_000
        response = world.send(get(server.url, stream=True))
        with pytest.raises(TransportFault) as caught:
            world.run(drain())
        assert caught.value.sent == "maybe"


def test_plain_http_to_another_machine_is_refused(world: Threads | Tasks) -> None:
    with pytest.raises(TransportFault, match="https") as caught:
        world.send(get("http://gateway.serang.id"))
    assert (caught.value.sent, caught.value.permanent) == ("no", True)


def test_the_users_mocks_work(users: Users) -> None:
    packed = {"content-encoding": "gzip"}

    def handler(request: Any) -> Any:
        if request.url.path == "/packed":
            return users.library.Response(200, content=gzip.compress(b"{}"), headers=packed)
        return users.library.Response(404, json={"code": "not_found"})

    world = users.bring(transport=users.library.MockTransport(handler))
    assert world.send(post("https://gateway.invalid", "/packed")).body == b"{}"
    response = world.send(get("https://gateway.invalid", stream=True))
    assert (response.status, response.body) == (404, b'{"code":"not_found"}')
    if users.library is httpx:  # respx knows no other
        with respx.mock:
            respx.get("https://gateway.invalid/x").respond(503)
            assert users.bring().send(get("https://gateway.invalid")).status == 503


def test_the_users_client_stays_the_users(users: Users) -> None:
    world = users.bring()
    with FaultServer() as server:
        world.send(get(server.url))
        world.close()
        assert world.send(get(server.url)).status == 200


def test_a_closed_client_says_so() -> None:
    client = httpx.Client()
    client.close()
    with pytest.raises(TransportFault, match="closed"):
        HttpxTransport(client).send(get("https://gateway.invalid"), within())


def test_cancellation_passes_through() -> None:
    async def main() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            call = asyncio.create_task(AsyncHttpxTransport(client).send(get(server.url), within()))
            await asyncio.to_thread(server.wait_for, 1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    with FaultServer(hang()) as server:
        asyncio.run(main())
