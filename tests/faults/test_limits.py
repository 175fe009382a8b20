"""Clients and a server on loopback that takes so many calls at once, or so many a window: counted at the server."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.scale import scaled

from egov_serang import AsyncClient, Client, Config, EgovError, RateLimited
from egov_serang.layers.ratelimit import RateLimit
from egov_serang.layers.retry import Retry
from egov_serang.testing.faults import FaultServer, Peer, answer

COMPLAINT = {"complaint_id": "c-1", "service_code": "sampah", "status": "submitted", "version": 1}
BUSY = {"code": "rate_limited", "title": "busy", "status": 429}
AS_PROBLEM = ("content-type", "application/problem+json")


class Narrow:
    """Serves so many calls at once, each for a while, and refuses the others."""

    def __init__(self, capacity: int, seconds: float) -> None:
        self.capacity, self.seconds = capacity, seconds
        self.inside = self.done = self.refused = 0

    async def __call__(self, peer: Peer) -> None:
        if self.inside >= self.capacity:
            self.refused += 1
            await peer.send(b"".join(answer(peer.request, 429, json=BUSY, headers=[AS_PROBLEM])))
            return
        self.inside += 1
        await asyncio.sleep(self.seconds)
        self.inside -= 1
        self.done += 1
        await peer.send(b"".join(answer(peer.request, json=COMPLAINT)))


class Window:
    """Takes so many calls a second, says so in `RateLimit`, and refuses the others."""

    def __init__(self, quota: int) -> None:
        self.quota = quota
        self.done = self.refused = self.counted = 0
        self.opened = -1.0

    async def __call__(self, peer: Peer) -> None:
        now = asyncio.get_running_loop().time()
        if self.opened < 0 or now >= self.opened + 1:
            self.opened, self.counted = now, 0
        self.counted += 1
        left = max(0, self.quota - self.counted)
        said = [("ratelimit", f'"second";r={left};t=1'), ("ratelimit-policy", f'"second";q={self.quota};w=1')]
        if self.counted > self.quota:
            self.refused += 1
            step = answer(peer.request, 429, json=BUSY, headers=[AS_PROBLEM, *said])
        else:
            self.done += 1
            step = answer(peer.request, json=COMPLAINT, headers=said)
        await peer.send(b"".join(step))


def config(server: FaultServer, **more: Any) -> Config:
    return Config(gateway=server.url, auth="none", signature="none", retries=8, **more)


def limiter_of(client: Any) -> RateLimit:
    (retry,) = (layer for layer in client.complaints.engine.layers if isinstance(layer, Retry))
    found = retry._limiter  # pyright: ignore[reportPrivateUsage]
    assert found is not None
    return found


def test_tasks_settle_near_the_capacity_of_a_server_and_are_hardly_refused() -> None:
    calls, capacity = max(scaled(75_000), 1_500), 10
    service = Narrow(capacity, 0.05)
    allowed: list[int] = []

    async def main(server: FaultServer) -> int:
        async with AsyncClient(config(server)) as client:
            limiter, left = limiter_of(client), iter(range(calls))

            async def worker() -> None:
                for number in left:
                    await client.complaints.get("c-1")
                    if number > calls // 4:
                        allowed.append(limiter.allowed)

            await asyncio.gather(*(worker() for _ in range(24)))
            return limiter.under_way

    with FaultServer(default=service) as server:
        assert asyncio.run(main(server)) == 0
    assert service.done == calls
    assert 0.8 * capacity <= sum(allowed) / len(allowed) <= 1.2 * capacity
    assert service.refused < 0.02 * (service.done + service.refused), (service.refused, service.done)


def test_threads_settle_likewise() -> None:
    calls, capacity = max(scaled(50_000), 1_000), 4
    service = Narrow(capacity, 0.02)
    with FaultServer(default=service) as server, Client(config(server)) as client, ThreadPoolExecutor(8) as pool:
        limiter = limiter_of(client)
        allowed = list(pool.map(lambda _: client.complaints.get("c-1") and limiter.allowed, range(calls)))
        assert limiter.under_way == 0
    assert service.done == calls
    late = allowed[calls // 4 :]
    assert 0.8 * capacity <= sum(late) / len(late) <= 1.2 * capacity
    assert service.refused < 0.03 * (service.done + service.refused), (service.refused, service.done)


def test_an_announced_quota_is_used_up_and_not_overdrawn() -> None:
    service = Window(50)
    with FaultServer(default=service) as server, Client(config(server)) as client, ThreadPoolExecutor(8) as pool:
        client.complaints.get("c-1")  # one call hears of it
        replies = list(pool.map(lambda _: client.raw.complaints.get("c-1").attempts, range(149)))
    assert service.done == 150
    assert service.refused <= 3, "the server's windows begin with its first call, and ours when we hear of it"
    assert sum(replies) == 149 + service.refused


def test_switched_off_nothing_is_held_back() -> None:
    service = Window(1)
    with FaultServer(default=service) as server, Client(config(server, rate_limit=False)) as client:
        once = client.with_options(retries=0)

        def until_refused() -> None:
            while True:  # a window may end between two calls
                once.complaints.get("c-1")

        with pytest.raises(RateLimited) as caught:
            until_refused()
    assert (caught.value.sent, caught.value.status) == ("yes", 429)


def test_who_may_not_wait_is_told_before_anything_is_sent() -> None:
    said = [("ratelimit", '"hour";r=0;t=60')]

    async def last(peer: Peer) -> None:
        await peer.send(b"".join(answer(peer.request, json=COMPLAINT, headers=said)))

    with FaultServer(default=last) as server, Client(config(server)) as client:
        client.complaints.get("c-1")
        errors: list[EgovError] = []

        def hasty() -> None:
            try:
                client.with_options(deadline=2).complaints.get("c-1")
            except EgovError as error:
                errors.append(error)

        threads = [threading.Thread(target=hasty) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.requests) == 1
    assert [(type(error), error.sent, error.attempts) for error in errors] == [(RateLimited, "no", 0)] * 4
