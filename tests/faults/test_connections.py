"""The life of a connection: when it is used again, and all that condemns it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
from typing import Any

import pytest
from tests.faults.worlds import Make, World, get, post, within

from egov_serang.core.message import TransportFault
from egov_serang.testing.faults import (
    FaultServer,
    close_after,
    commit_then_reset,
    hang,
    reply,
    reset_before_answer,
    stray,
)
from egov_serang.transport.afast import AsyncFast
from egov_serang.transport.alanes import AsyncLanes
from egov_serang.transport.fast import Fast
from egov_serang.transport.lanes import Lanes
from egov_serang.transport.stack import Keep

SECOND = b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nsomeone"


def connections(server: FaultServer) -> list[int]:
    return [seen.connection for seen in server.requests]


def test_a_connection_is_used_again(world: World) -> None:
    with FaultServer() as server:
        for _ in range(3):
            world.send(post(server.url))
        assert connections(server) == [1, 1, 1]
        assert world.at_rest(1)


def test_an_error_answer_leaves_the_connection_in_use(world: World) -> None:
    with FaultServer(reply(500, json={"code": "internal"})) as server:
        assert world.send(post(server.url)).status == 500
        assert world.send(post(server.url)).status == 200
        assert connections(server) == [1, 1]


def test_the_service_may_end_a_connection(world: World) -> None:
    with FaultServer(reply(headers=[("connection", "close")])) as server:
        world.send(post(server.url))
        assert world.at_rest(0)
        world.send(post(server.url))
        assert connections(server) == [1, 2]


def test_a_refused_connection_is_proof_that_nothing_was_sent(world: World) -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        with pytest.raises(TransportFault) as caught:
            world.send(post(f"http://127.0.0.1:{placeholder.getsockname()[1]}"))
    assert (caught.value.kind, caught.value.sent, caught.value.permanent) == ("connect", "no", False)
    assert world.at_rest(0)


def test_a_name_is_looked_up(world: World) -> None:
    with FaultServer() as server:
        assert world.send(get(f"http://localhost:{server.port}")).status == 200
        assert server.requests[0].headers["host"] == f"localhost:{server.port}"


def test_a_reset_after_the_request_may_have_had_its_effect(world: World) -> None:
    done: list[Any] = []
    with FaultServer(commit_then_reset(done.append)) as server:
        with pytest.raises(TransportFault) as caught:
            world.send(post(server.url))
        assert (caught.value.kind, caught.value.sent) == ("reset", "maybe")
        assert [seen.body for seen in done] == [b'{"a": 1}']
        assert world.at_rest(0)


def test_a_reset_on_a_used_connection_may_have_had_its_effect_too(world: World) -> None:
    with FaultServer(reply(), reset_before_answer()) as server:
        world.send(post(server.url))
        with pytest.raises(TransportFault) as caught:
            world.send(post(server.url))
        # pyreqwest does not say that the connection had been used: no repetition at once, then.
        assert (caught.value.kind, caught.value.sent) == ("reset" if world.fast else "closed", "maybe")


def test_a_connection_closed_while_it_rested_is_replaced(world: World) -> None:
    with FaultServer(close_after()) as server:
        world.send(post(server.url))
        assert server.wait_for_close(1)
        if world.fast:  # a thread of pyreqwest's may not have looked yet; it then says that nobody knows what happened
            with contextlib.suppress(TransportFault):
                world.send(post(server.url))
        assert world.send(post(server.url)).status == 200
        assert set(connections(server)) == {1, 2}


def test_a_stray_answer_in_the_same_packet_reaches_nobody(world: World) -> None:
    with FaultServer(stray(SECOND)) as server:
        assert world.send(get(server.url)).body == b"{}"
        assert world.at_rest(0)
        assert world.send(get(server.url)).body == b"{}"
        assert connections(server) == [1, 2]


def test_a_stray_answer_that_comes_later_reaches_nobody(world: World) -> None:
    go = threading.Event()
    with FaultServer(stray(SECOND, when=go)) as server:
        assert world.send(get(server.url)).body == b"{}"
        go.set()
        assert server.wait_for_step(1)
        if world.fast:  # hangs up by itself; a call that came before that would meet its request id (test_fast_client)
            assert server.wait_for_close(1)
        assert world.send(get(server.url)).body == b"{}"
        assert connections(server) == [1, 2]


def test_a_stray_answer_closes_a_resting_connection_while_the_loop_runs() -> None:
    async def main() -> None:
        lanes = AsyncLanes()
        await lanes.send(get(server.url), within())
        go.set()
        assert await asyncio.to_thread(server.wait_for_close, 1)  # nobody called: the lane itself hung up
        assert (await lanes.send(get(server.url), within())).body == b"{}"
        await lanes.close()

    go = threading.Event()
    with FaultServer(stray(SECOND, when=go)) as server:
        asyncio.run(main())
        assert connections(server) == [1, 2]


def test_a_condemned_connection_is_gone(world: World) -> None:
    with FaultServer() as server:
        world.send(post(server.url)).condemn()
        assert world.at_rest(0)
        world.send(post(server.url))
        assert connections(server) == [1, 2]


@pytest.mark.parametrize("keep", [Keep(idle=0.0), Keep(age=0.0)])
def test_an_old_connection_is_not_used_again(make: Make, keep: Keep) -> None:
    world = make(keep=keep)
    with FaultServer() as server:
        world.send(post(server.url))
        world.send(post(server.url))
        assert connections(server) == [1, 2]


def test_a_closed_client_sends_nothing_and_says_so(world: World) -> None:
    with FaultServer() as server:
        world.send(post(server.url))
        world.close()
        assert world.count == (0, 0, 64)
        with pytest.raises(TransportFault, match="closed") as caught:
            world.send(get(server.url))
        assert (caught.value.sent, caught.value.permanent) == ("no", True)
        assert len(server.requests) == 1


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads on this system")
def test_ctrl_c_ends_a_call_and_frees_its_slot() -> None:
    def interrupt() -> None:
        server.wait_for(1)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    lanes = Lanes()
    with FaultServer(hang()) as server:
        finger = threading.Thread(target=interrupt)
        finger.start()
        with pytest.raises(KeyboardInterrupt):
            lanes.send(post(server.url), within(30))
        finger.join()
        assert lanes.count == (0, 0, 64)
        assert lanes.send(post(server.url), within()).status == 200
    lanes.close()


@pytest.mark.parametrize("kind", [Lanes, Fast])
def test_threads_share_the_slots(kind: type[Lanes | Fast]) -> None:
    lanes = kind(slots=4)
    seen: list[int] = []

    def work() -> None:
        for _ in range(20):
            seen.append(lanes.send(post(server.url), within(30)).status)

    with FaultServer() as server:
        threads = [threading.Thread(target=work) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [200] * 240
        # pyreqwest may dial while another connection comes free, and keep both.
        assert server.connections <= (4 if kind is Lanes else 12)
        assert lanes.count.busy == 0
    lanes.close()


def test_a_cancelled_call_gives_its_slot_to_the_next() -> None:
    async def main() -> None:
        lanes = AsyncLanes(slots=1)
        held = asyncio.create_task(lanes.send(get(server.url), within(30)))
        await asyncio.to_thread(server.wait_for, 1)
        waiting = [asyncio.create_task(lanes.send(get(server.url), within(30))) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        held.cancel()
        results = await asyncio.gather(held, *waiting, return_exceptions=True)
        assert [isinstance(result, asyncio.CancelledError) for result in results] == [True, True, False, False]
        assert lanes.count == (0, 1, 1)
        await lanes.close()

    with FaultServer(hang()) as server:
        asyncio.run(main())


@pytest.mark.parametrize("kind", [AsyncLanes, AsyncFast])
def test_any_loop_may_send_and_a_dead_one_leaves_nothing(kind: type[AsyncLanes | AsyncFast]) -> None:
    lanes = kind()

    async def call() -> int:
        return (await lanes.send(get(server.url), within())).status

    with FaultServer() as server:
        assert [asyncio.run(call()) for _ in range(3)] == [
            200
        ] * 3  # nobody closes, and nothing is left open to warn of
        assert server.connections == (3 if kind is AsyncLanes else 1)
        assert lanes.count == (0, 0, 64)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_makes_its_own_lanes() -> None:
    lanes = Lanes()
    with FaultServer() as server:
        lanes.send(post(server.url), within())
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if lanes.send(post(server.url), within()).status == 200 and lanes.count.idle == 1 else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert lanes.send(post(server.url), within()).status == 200
        assert connections(server) == [1, 2, 1]
    lanes.close()
