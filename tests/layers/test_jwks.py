"""The gateway's public keys, in both worlds: one question for everybody, over the client's own transport."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine
from typing import Any, Literal, TypeVar

import pytest
from tests.layers.keys import ed25519_pem, p256_pem
from tests.layers.worlds import FakeRuntime, Sent, fault

from egov_serang import ConnectionFailed, DeadlineExceeded, UnexpectedReply
from egov_serang.auth.jwks import JwksSource
from egov_serang.core.message import Headers, Limits, Request, Response
from egov_serang.core.runtime import AsyncRuntime, SyncRuntime, run_sync
from egov_serang.sandbox.server import Sandbox
from egov_serang.signing import PrivateKey, VerifyKey
from egov_serang.transport.alanes import AsyncLanes
from egov_serang.transport.lanes import Lanes

URL = "https://gateway.test/.well-known/jwks.json"
T = TypeVar("T")


def jwks(*kids: str) -> Response:
    keys = [PrivateKey(ed25519_pem(), kid).public_jwk("message") for kid in kids]
    return Response(200, Headers([("content-type", "application/jwk-set+json")]), json.dumps({"keys": keys}).encode())


class Bench:
    """A source over a fake service whose answer can be changed."""

    def __init__(self, flow: Literal["threads", "tasks"]) -> None:
        self.source = JwksSource(URL)
        self.answer: Response | BaseException = jwks("a")
        self.runtime = FakeRuntime(flow, self._handle)

    def _handle(self, sent: Sent) -> Response:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    @property
    def asked(self) -> int:
        return len(self.runtime.sent)

    def get(self, keyid: str, within: float = 60) -> VerifyKey | None:
        return self.run(self.source.get(keyid, self.runtime, self.runtime.now() + within))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runtime.run(work)


@pytest.fixture(params=["threads", "tasks"])
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(request.param)


def test_keys_are_fetched_when_first_wanted_and_kept(bench: Bench) -> None:
    found = bench.get("a")
    assert found is not None
    assert (found.keyid, bench.asked) == ("a", 1)
    (sent,) = bench.runtime.sent
    assert (sent.method, sent.url, sent.limits.max_body) == ("GET", URL, 64 * 1024)
    assert "authorization" not in sent.headers
    bench.runtime.clock += 299
    assert bench.get("a")
    assert bench.asked == 1
    bench.runtime.clock += 1
    assert bench.get("a")
    assert bench.asked == 2


def test_an_unknown_key_is_asked_for_once_per_cooldown(bench: Bench) -> None:
    assert bench.get("a")
    bench.answer = jwks("a", "b")
    assert [bench.get(name) for name in ("b", "c", "d")] == [None] * 3
    assert bench.asked == 1
    bench.runtime.clock += 30
    assert bench.get("b")
    assert [bench.get(name) for name in ("c", "d")] == [None] * 2
    assert bench.asked == 2


@pytest.mark.parametrize(
    "answer",
    [
        fault("reset", "maybe"),
        Response(503, Headers([])),
        Response(200, Headers([]), b"<html>"),
        Response(302, Headers([])),
    ],
)
def test_a_gateway_in_trouble_takes_no_key_away(bench: Bench, answer: Response | BaseException) -> None:
    assert bench.get("a")
    bench.answer = answer
    bench.runtime.clock += 300
    assert bench.get("a")
    assert bench.get("a")
    assert bench.asked == 2
    bench.runtime.clock += 86_400
    with pytest.raises((ConnectionFailed, UnexpectedReply)) as caught:
        bench.get("a")
    assert caught.value.code in {"jwks_unreached", "jwks_shape"}
    assert caught.value.sent == "no"
    with pytest.raises((ConnectionFailed, UnexpectedReply)):
        bench.get("a")
    assert bench.asked == 3, "it is left alone for a moment"
    bench.runtime.clock += 5
    bench.answer = jwks("a")
    assert bench.get("a")


def test_a_call_whose_time_is_over_asks_nobody(bench: Bench) -> None:
    with pytest.raises(DeadlineExceeded):
        bench.get("a", within=0)
    assert bench.asked == 0
    assert bench.get("a")


def test_a_thread_out_of_its_own_time_blames_nobody() -> None:
    bench = Bench("threads")

    def late(sent: Sent) -> Response:
        bench.runtime.clock = sent.limits.deadline
        raise fault("timeout", "maybe")

    bench.runtime.handler = late
    with pytest.raises(DeadlineExceeded):
        bench.get("a", within=1)
    bench.runtime.handler = lambda _: jwks("a")
    assert bench.get("a"), "its failure started no waiting time"


def test_tasks_share_one_question_and_outlive_a_cancelled_one() -> None:
    bench = Bench("tasks")

    async def main() -> None:
        until = bench.runtime.now() + 60
        first = asyncio.create_task(bench.source.get("a", bench.runtime, until))
        await asyncio.sleep(0)
        others = [asyncio.create_task(bench.source.get("a", bench.runtime, until)) for _ in range(20)]
        await asyncio.sleep(0)
        first.cancel()
        assert all(await asyncio.gather(*others))
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(main())
    assert bench.asked == 1


class Slow:
    """A sender that answers when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.begun, self.go_on = threading.Event(), threading.Event()

    def send(self, request: Request, limits: Limits) -> Response:
        self.asked += 1
        self.begun.set()
        assert self.go_on.wait(30)
        return jwks("a")


def test_threads_share_one_question() -> None:
    sender = Slow()
    runtime, source = SyncRuntime(sender), JwksSource(URL)
    found: list[VerifyKey | None] = []

    def ask() -> None:
        found.append(run_sync(source.get("a", runtime, runtime.now() + 60)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert sender.begun.wait(30)
    sender.go_on.set()
    for thread in threads:
        thread.join(30)
    assert (len(found), None in found, sender.asked) == (8, False, 1)


def test_the_keys_of_a_real_gateway_over_both_transports(sandbox: Sandbox) -> None:
    url = sandbox.url + "/.well-known/jwks.json"
    kid = sandbox._platform.keys.kid
    lanes = Lanes()
    runtime = SyncRuntime(lanes)
    found = run_sync(JwksSource(url).get(kid, runtime, runtime.now() + 20))
    lanes.close()

    async def main() -> VerifyKey | None:
        lanes = AsyncLanes()
        runtime = AsyncRuntime(lanes)
        try:
            return await JwksSource(url).get(kid, runtime, runtime.now() + 20)
        finally:
            await lanes.close()

    for key in (found, asyncio.run(main())):
        assert key is not None
        assert (key.keyid, key.algorithm) == (kid, "ecdsa-p256-sha256")
    assert PrivateKey(p256_pem()).keyid != kid
    assert repr(JwksSource(url)) == f"<JwksSource {url}>"
