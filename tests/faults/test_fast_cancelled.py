"""Cancelled calls over the fast transport: they go on, keep their slot to their end, and reach nobody else."""

from __future__ import annotations

import asyncio
import gc
import random
import threading

import pytest
from tests.faults.worlds import Json, get, post, within
from tests.scale import scaled

from egov_serang.core.message import TransportFault
from egov_serang.testing.faults import FaultServer, Peer, Step, answer, drip, reply
from egov_serang.transport.afast import AsyncFast


def held(go: threading.Event) -> Step:
    """Answer when told to."""

    async def step(peer: Peer) -> None:
        await asyncio.to_thread(go.wait, 30)
        await reply()(peer)

    return step


async def rested(fast: AsyncFast) -> None:
    """Until no call is under way; what is left ends by itself."""
    async with asyncio.timeout(30):
        while fast.count.busy:  # noqa: ASYNC110 - the transport tells nobody, as it should
            await asyncio.sleep(0.005)


async def cancelled(task: asyncio.Task[object]) -> bool:
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


def test_a_cancelled_call_keeps_its_slot_until_it_has_ended() -> None:
    async def main() -> None:
        fast = AsyncFast(slots=1)
        first = asyncio.create_task(fast.send(post(server.url), within(30)))
        await asyncio.to_thread(server.wait_for, 1)
        assert await cancelled(first)
        assert fast.count == (1, 0, 1), "the request is still under way"
        with pytest.raises(TransportFault) as caught:
            await fast.send(post(server.url), within(0.2))
        assert (caught.value.kind, caught.value.sent) == ("timeout", "no")
        waiting = asyncio.create_task(fast.send(post(server.url), within(30)))
        await asyncio.sleep(0)
        go.set()
        assert (await waiting).status == 200
        assert fast.count == (0, 0, 1)
        await fast.close()

    go = threading.Event()
    with FaultServer(held(go)) as server:
        asyncio.run(main())
        assert len(server.requests) == 2, "who found no slot sent nothing"


def test_a_call_cancelled_while_it_waited_for_a_slot_is_never_sent() -> None:
    async def main() -> None:
        fast = AsyncFast(slots=1)
        first = asyncio.create_task(fast.send(post(server.url), within(30)))
        await asyncio.to_thread(server.wait_for, 1)
        others = [asyncio.create_task(fast.send(post(server.url), within(30))) for _ in range(3)]
        await asyncio.sleep(0)
        assert all([await cancelled(other) for other in others])
        go.set()
        assert (await first).status == 200
        assert fast.count == (0, 0, 1)

    go = threading.Event()
    with FaultServer(held(go)) as server:
        asyncio.run(main())
        assert len(server.requests) == 1


def test_a_cancelled_upload_frees_its_slot_in_the_end() -> None:
    async def main() -> None:
        fast = AsyncFast()
        request = post(server.url)
        request.body = Json(b"x" * 5_000_000)
        upload = asyncio.create_task(fast.send(request, within(30)))
        await asyncio.sleep(0)
        assert await cancelled(upload)
        await rested(fast)
        assert (await fast.send(post(server.url), within())).status == 200

    with FaultServer() as server:
        asyncio.run(main())


def test_a_cancelled_download_ends_its_connection() -> None:
    async def main() -> None:
        fast = AsyncFast()
        response = await fast.send(get(server.url, stream=True), within(30))
        assert response.stream is not None
        assert await response.stream.read()
        more = asyncio.create_task(read_all(response.stream.read))
        await asyncio.sleep(0)
        assert await cancelled(more)
        await rested(fast)
        assert await asyncio.to_thread(server.wait_for_close, 1)

    async def read_all(read: object) -> None:
        while await read():  # type: ignore[operator]
            pass

    with FaultServer(drip(body=b"x" * 5000)) as server:
        asyncio.run(main())


def test_a_loop_that_ends_leaves_nothing_to_warn_of() -> None:
    async def main() -> None:
        call = asyncio.create_task(fast.send(post(server.url), within(30)))
        await asyncio.to_thread(server.wait_for, 1)
        del call  # asyncio.run cancels it

    go = threading.Event()
    fast = AsyncFast()
    with FaultServer(held(go)) as server:
        asyncio.run(main())
        assert fast.count == (0, 0, 64)
        gc.collect()
        assert asyncio.run(fast.send(post(server.url), within())).status == 200
        go.set()
        gc.collect()


async def unsteady(peer: Peer) -> None:
    await asyncio.sleep(random.random() * 0.02)  # so that cancellations meet calls in every phase
    await peer.send(b"".join(answer(peer.request)))


def test_a_storm_of_cancelled_calls_mixes_up_no_answers_and_leaves_every_slot_free() -> None:
    outcomes = {"cancelled": 0, "answered": 0}

    async def main() -> None:
        fast = AsyncFast(slots=16)

        async def one(number: int) -> None:
            request = post(server.url)
            request.headers[0] = ("x-request-id", str(number))
            call = asyncio.create_task(fast.send(request, within(30)))
            await asyncio.sleep(random.random() * 0.03)
            if number % 2:
                call.cancel()
            try:
                assert (await call).headers["x-request-id"] == str(number)
                outcomes["answered"] += 1
            except asyncio.CancelledError:
                outcomes["cancelled"] += 1

        todo = iter(range(scaled(20_000)))

        async def worker() -> None:
            for number in todo:
                await one(number)

        await asyncio.gather(*(worker() for _ in range(64)))
        await rested(fast)
        assert fast.count == (0, 0, 16)
        for _ in range(3):
            assert (await fast.send(post(server.url), within())).status == 200
        await fast.close()

    with FaultServer(default=unsteady) as server:
        asyncio.run(main())
    assert min(outcomes.values()) > 0
