"""The deadline is total: a service that keeps on talking cannot stretch it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from tests.faults.worlds import Json, World, get, post, within

from egov_serang.core.message import TransportFault
from egov_serang.testing.faults import FaultServer, drip, hang
from egov_serang.transport.fast import Fast
from egov_serang.transport.lanes import Lanes

LONG = b"x" * 5000
"""At 20 ms a byte it would take 100 s, every single read well within its limit."""


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_dripped_answer_ends_at_the_deadline(world: World, part: str) -> None:
    with FaultServer(drip(part, body=LONG)) as server:
        with pytest.raises(TransportFault) as caught:
            world.send(get(server.url), within(0.3))
        assert (caught.value.kind, caught.value.sent) == ("timeout", "maybe")
        assert world.at_rest(0)
        assert world.send(get(server.url)).status == 200


def test_a_dripped_stream_ends_at_the_deadline(world: World) -> None:
    async def drain() -> None:
        assert response.stream is not None
        while await response.stream.read():
            pass

    with FaultServer(drip("body", body=LONG)) as server:
        response = world.send(get(server.url, stream=True), within(0.3))
        with pytest.raises(TransportFault) as caught:
            world.run(drain())
        assert (caught.value.kind, caught.value.sent) == ("timeout", "maybe")
        assert world.at_rest(0)


def test_silence_ends_at_the_read_limit(world: World) -> None:
    with FaultServer(hang()) as server:
        with pytest.raises(TransportFault) as caught:
            world.send(post(server.url), within(60, read=0.2))
        assert (caught.value.kind, caught.value.sent) == ("timeout", "maybe")


def test_a_deadline_already_past_sends_nothing(world: World) -> None:
    with FaultServer() as server:
        with pytest.raises(TransportFault) as caught:
            world.send(post(server.url), within(-1))
        assert (caught.value.kind, caught.value.sent) == ("timeout", "no")
        assert server.requests == []


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose queue of connections is full: the next one gets no answer at all."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for filler in fillers:
            filler.close()


def test_connecting_ends_at_its_own_limit(world: World, deaf_port: int) -> None:
    with pytest.raises(TransportFault) as caught:
        world.send(get(f"http://127.0.0.1:{deaf_port}"), within(60, connect=0.2))
    assert (caught.value.kind, caught.value.sent) == ("timeout", "no")


def test_a_peer_that_reads_nothing_cannot_hold_a_long_body(world: World) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        request = post(f"http://127.0.0.1:{listener.getsockname()[1]}")
        request.body = Json(b"x" * 20_000_000)
        with pytest.raises(TransportFault) as caught:
            world.send(request, within(0.3))
        assert (caught.value.kind, caught.value.sent) == ("timeout", "maybe")
        assert world.at_rest(0)


@pytest.mark.parametrize("kind", [Lanes, Fast])
def test_waiting_for_a_slot_ends_at_the_deadline(kind: type[Lanes | Fast]) -> None:
    lanes = kind(slots=1)

    def occupy() -> None:
        with pytest.raises(TransportFault):
            lanes.send(get(server.url), within(30))

    with FaultServer(hang()) as server:
        busy = threading.Thread(target=occupy)
        busy.start()
        assert server.wait_for(1)
        with pytest.raises(TransportFault) as caught:
            lanes.send(get(server.url), within(0.2))
        assert (caught.value.kind, caught.value.sent) == ("timeout", "no")
        assert lanes.count == (1, 0, 1)
    busy.join()  # the server's end ended the call
    assert lanes.count == (0, 0, 1)
    lanes.close()
