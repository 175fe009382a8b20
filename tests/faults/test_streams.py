"""Answers handed out in pieces: the connection comes back only when all was read."""

from __future__ import annotations

import gc

import pytest
from tests.faults.worlds import World, get, within

from egov_serang.core.message import Stream, TransportFault
from egov_serang.testing.faults import FaultServer, drip, reply, truncate

LONG = bytes(range(256)) * 4000


async def drained(stream: Stream) -> bytes:
    parts: list[bytes] = []
    while part := await stream.read():
        parts.append(part)
    await stream.close()
    return b"".join(parts)


@pytest.mark.parametrize("gzip", [False, True])
def test_a_stream_read_to_its_end_gives_its_connection_back(world: World, gzip: bool) -> None:
    with FaultServer(reply(body=LONG, gzip=gzip)) as server:
        response = world.send(get(server.url, stream=True))
        assert response.stream is not None
        assert world.count.busy == 1
        assert world.run(drained(response.stream)) == LONG
        assert world.at_rest(1)
        assert world.run(response.stream.read()) == b""


def test_a_stream_left_early_ends_its_connection(world: World) -> None:
    with FaultServer(drip(body=LONG)) as server:
        response = world.send(get(server.url, stream=True))
        assert response.stream is not None
        assert world.run(response.stream.read()) == LONG[:1]
        world.run(response.stream.close())
        assert world.at_rest(0)
        world.run(response.stream.close())
        assert world.at_rest(0)


def test_an_error_is_read_whole_though_a_stream_was_wanted(world: World) -> None:
    with FaultServer(reply(404, json={"code": "not_found"})) as server:
        response = world.send(get(server.url, stream=True))
        assert (response.stream, response.body) == (None, b'{"code": "not_found"}')
        assert world.at_rest(1)


def test_a_cut_stream_is_truncated(world: World) -> None:
    with FaultServer(truncate(10, body=LONG)) as server:
        response = world.send(get(server.url, stream=True))
        assert response.stream is not None
        with pytest.raises(TransportFault) as caught:
            world.run(drained(response.stream))
        assert (caught.value.kind, caught.value.sent) == ("truncated", "maybe")
        assert world.at_rest(0)


def test_a_stream_over_the_limit_is_refused(world: World) -> None:
    with FaultServer(reply(body=LONG, gzip=True)) as server:
        response = world.send(get(server.url, stream=True), within(max_body=500_000))
        assert response.stream is not None
        with pytest.raises(TransportFault) as caught:
            world.run(drained(response.stream))
        assert (caught.value.kind, caught.value.permanent) == ("too_large", True)
        assert world.at_rest(0)


def test_a_stream_nobody_closed_frees_its_slot(world: World) -> None:
    with FaultServer(drip(body=LONG)) as server:
        response = world.send(get(server.url, stream=True))
        assert world.count.busy == 1
        del response
        gc.collect()
        world.settle()
        assert world.at_rest(0)
