"""What pyreqwest would do wrong, and the fast transport does not: each trap that was measured is a test here."""

from __future__ import annotations

import os
import signal
import socket
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from subprocess import run

import pytest
from tests.faults.worlds import WORLDS, Json, Make, World, get, post, within
from tests.scale import scaled

from egov_serang.core.message import TransportFault
from egov_serang.testing.faults import FaultServer, hang, raw, reply
from egov_serang.transport.fast import Fast

OK = b"HTTP/1.1 200 OK\r\n"
FAST = [name for name in WORLDS if name.startswith("fast")]


@pytest.fixture(params=FAST)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    made: list[World] = []

    def build(**options: object) -> World:
        made.append(WORLDS[request.param](**options))
        return made[-1]

    yield build
    for world in made:
        world.end()


@pytest.mark.parametrize(
    "path",
    ["/a/../b", "/a/%2e%2e/b", "/.", "/a?q='b'", "/a{b}", "/a\\b", "/a?q=<b>", '/a"b', "/a`b"],
)
def test_an_address_that_would_be_rewritten_is_refused(world: World, path: str) -> None:
    """What was signed must be what is sent, and a dot segment must not lead elsewhere."""
    with FaultServer() as server:
        with pytest.raises(TransportFault, match="rewrite") as caught:
            world.send(get(server.url, path))
        assert (caught.value.kind, caught.value.sent, caught.value.permanent) == ("protocol", "no", True)
        assert world.at_rest(0)
        assert server.requests == []


@pytest.mark.parametrize("path", ["/a%2Fb/c;v=1//d?q=%20%27x%27&empty=&y", "/", "/a?", "/%zz", "/~a|b!$&()*+,=:@"])
def test_any_other_address_arrives_byte_for_byte(world: World, path: str) -> None:
    with FaultServer() as server:
        world.send(post(server.url, path))
        seen = server.requests[0]
        assert (seen.target, seen.body) == (path, b'{"a": 1}')
        fields = {"host", "user-agent", "accept", "accept-encoding", "content-type", "content-length", "x-request-id"}
        assert set(seen.headers) == fields
        assert seen.headers["host"] == f"127.0.0.1:{server.port}"
        assert seen.headers["user-agent"].startswith("egov-serang/")


@pytest.mark.parametrize("field", [("x-a", "CANARY\r\nx-b: c"), ("x a", "CANARY"), ("x-a", "CANARYé"), ("é", "CANARY")])
def test_a_header_that_cannot_be_sent_is_refused_and_not_repeated(world: World, field: tuple[str, str]) -> None:
    with FaultServer() as server:
        request = get(server.url)
        request.headers.append(field)
        with pytest.raises(TransportFault) as caught:
            world.send(request)
        assert (caught.value.sent, caught.value.permanent) == ("no", True)
        assert "CANARY" not in str(caught.value)
        assert caught.value.__context__ is None
        assert server.requests == []


def test_header_fields_that_are_not_ascii_are_left_out_and_the_others_read(world: World) -> None:
    odd = OK + "x-place: Café\r\nx-id: 7\r\nvary: a\r\nvary: b\r\ncontent-length: 2\r\n\r\n{}".encode()
    with FaultServer(raw(odd)) as server:
        answer = world.send(get(server.url))
        assert (answer.body, answer.headers["X-Id"], answer.headers["Vary"]) == (b"{}", "7", "a, b")
        assert "x-place" not in answer.headers


HUGE = b"content-length: 99999999999999\r\n"


@pytest.mark.parametrize(
    ("method", "sent_back", "outcome"),
    [
        ("HEAD", OK + HUGE + b"\r\n", 200),
        ("GET", b"HTTP/1.1 304 Not Modified\r\n" + HUGE + b"\r\n", 304),
        ("GET", OK + HUGE + b"\r\n" + b"x" * 2000, "too_large"),
        ("GET", OK + HUGE + HUGE + b"\r\n" + b"x" * 2000, "too_large"),
    ],
)
def test_a_length_that_is_only_said_reserves_no_memory(
    world: World, method: str, sent_back: bytes, outcome: int | str
) -> None:
    """pyreqwest reserves the length it is told, and where there is not so much memory it ends the process."""
    with FaultServer(raw(sent_back)) as server:
        request = get(server.url)
        request.method = method
        if isinstance(outcome, int):
            assert (world.send(request).status, world.send(get(server.url)).body) == (outcome, b"{}")
        else:
            with pytest.raises(TransportFault) as caught:
                world.send(request, within(max_body=1000))
            assert (caught.value.kind, caught.value.sent) == (outcome, "maybe")
        assert world.at_rest(0)


@pytest.mark.parametrize(
    "sent_back",
    [
        OK + b"transfer-encoding: gzip\r\n\r\n{}",
        OK + b"x: a\r\n b\r\ncontent-length: 2\r\n\r\n{}",
        OK + b"".join(b"x-%d: %s\r\n" % (i, b"a" * 3000) for i in range(50)) + b"content-length: 2\r\n\r\n{}",
        OK + b"".join(b"x-%d: a\r\n" % i for i in range(200)) + b"content-length: 2\r\n\r\n{}",
        OK + b"content-length: +2\r\n\r\n{}",
    ],
    ids=["a coding nobody asked for", "a folded field", "a large head", "many fields", "a signed length"],
)
def test_a_head_that_cannot_be_trusted_is_refused(world: World, sent_back: bytes) -> None:
    with FaultServer(raw(sent_back, close=True)) as server:
        with pytest.raises(TransportFault) as caught:
            world.send(get(server.url))
        assert (caught.value.kind, caught.value.sent) == ("protocol", "maybe")
        assert world.send(get(server.url)).body == b"{}"


def test_a_body_that_fails_is_its_own_error_and_frees_the_slot(world: World) -> None:
    class Broken(Json):
        def chunks(self) -> Iterator[bytes]:
            yield self.data[:70_000]
            raise FileNotFoundError("it was there a moment ago")

    with FaultServer() as server:
        request = post(server.url)
        request.body = Broken(b"x" * 200_000)
        with pytest.raises(FileNotFoundError):
            world.send(request)
        assert world.at_rest(0)
        assert world.send(post(server.url)).status == 200


def test_a_slow_upload_is_no_silence(world: World) -> None:
    """pyreqwest's read limit counts from the first byte that is sent."""

    class Slow(Json):
        def chunks(self) -> Iterator[bytes]:
            for piece in super().chunks():
                time.sleep(0.1)  # what is tested is time itself
                yield piece

    with FaultServer() as server:
        request = post(server.url)
        request.body = Slow(b"x" * 200_000)
        assert world.send(request, within(30, read=0.2)).status == 200
        assert len(server.requests[0].body) == 200_000


def test_no_proxy_is_taken_from_the_environment(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with FaultServer() as server:
        assert make().send(get(server.url)).status == 200


def test_a_proxy_that_was_named_is_gone_through(make: Make) -> None:
    with FaultServer(reply(json={"by": "proxy"})) as proxy:
        answer = make(proxy=proxy.url).send(get("http://127.0.0.1:9"))
        assert answer.body == b'{"by": "proxy"}'
        assert proxy.requests[0].target == "http://127.0.0.1:9/x"


def test_a_proxy_that_is_not_there_is_proof_that_nothing_was_sent(make: Make) -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        world = make(proxy=f"http://127.0.0.1:{placeholder.getsockname()[1]}")
        with pytest.raises(TransportFault) as caught:
            world.send(post("http://127.0.0.1:9"))
    assert (caught.value.kind, caught.value.sent) == ("connect", "no")


def test_closing_twice_does_no_harm(make: Make) -> None:
    world = make()
    with FaultServer() as server:
        world.send(get(server.url))
        world.close()
        world.close()
        assert server.wait_for_close(1)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads on this system")
def test_ctrl_c_is_heard_at_the_read_limit_and_frees_the_slot() -> None:
    def interrupt() -> None:
        server.wait_for(1)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    fast = Fast()
    with FaultServer(hang()) as server:
        finger = threading.Thread(target=interrupt)
        finger.start()
        with pytest.raises(KeyboardInterrupt):
            fast.send(post(server.url), within(30, read=0.5))
        finger.join()
        assert fast.count == (0, 0, 64)
        assert fast.send(post(server.url), within()).status == 200
    fast.close()


def forked(work: Callable[[], bool]) -> int:
    """How a child ends that does this: 0 for true. One that hangs is ended by its alarm."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(5)
            code = 0 if work() else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def refuses(world: World, url: str) -> bool:
    before = time.monotonic()
    try:
        world.send(post(url))
    except TransportFault as fault:
        told = "spawn" in str(fault) and "default transport" in str(fault) and fault.sent == "no" and fault.permanent
        return told and time.monotonic() - before < 1  # the guarantee is a time
    return False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_refused_at_once(make: Make) -> None:
    world = make()
    with FaultServer() as server:
        world.send(post(server.url))
        assert forked(lambda: refuses(world, server.url)) == 0
        assert forked(lambda: refuses(make(), server.url)) == 0, "pyreqwest itself had been used by the parent"
        assert world.send(post(server.url)).status == 200
        assert [seen.connection for seen in server.requests] == [1, 1]


SCHEDULED = """
import os, sys, threading
from tests.faults.worlds import post, within
from egov_serang.transport.fast import Fast
before = os.listdir("/proc/self/task")
fast = Fast()
fast.send(post(sys.argv[1]), within())
theirs = [int(one) for one in os.listdir("/proc/self/task") if one not in before]
print(os.sched_getscheduler(0) == os.SCHED_OTHER, {os.sched_getscheduler(one) == os.SCHED_BATCH for one in theirs})
"""


WITHOUT = """
import errno, os, sys
from tests.faults.worlds import post, within
from egov_serang.transport.fast import Fast
def missing(pid):
    raise OSError(errno.ENOSYS, "Function not implemented")
os.sched_getscheduler = missing
print(Fast().send(post(sys.argv[1]), within()).status)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems schedule otherwise")
def test_where_threads_cannot_be_scheduled_it_works_all_the_same() -> None:
    with FaultServer() as server:
        command = [sys.executable, "-W", "error", "-c", WITHOUT, server.url]
        done = run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "200\n")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems schedule otherwise")
def test_the_thread_of_pyreqwest_pushes_nobody_off_a_core_and_the_caller_stays_as_it_was() -> None:
    with FaultServer() as server:
        command = [sys.executable, "-W", "error", "-c", SCHEDULED, server.url]
        done = run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "True {True}\n")


ENDINGS = {
    "tasks cancelled": """
        import asyncio
        from egov_serang.transport.afast import AsyncFast
        async def main():
            fast = AsyncFast()
            await asyncio.gather(*(fast.send(post(url), within()) for _ in range(8)))
            left = [asyncio.create_task(fast.send(post(url), within())) for _ in range(8)]
            await asyncio.sleep(0)
            for one in left:
                one.cancel()
        asyncio.run(main())
        """,
    "a loop that ended too soon": """
        import asyncio
        from egov_serang.transport.afast import AsyncFast
        fast = AsyncFast()
        async def main():
            tasks = [asyncio.create_task(fast.send(post(url), within())) for _ in range(8)]
            await asyncio.sleep(0.001)
        asyncio.run(main())
        """,
    "a thread nobody waits for": """
        import threading
        from egov_serang.transport.fast import Fast
        fast = Fast()
        fast.send(post(url), within())
        for _ in range(4):
            threading.Thread(target=lambda: fast.send(post(url), within()), daemon=True).start()
        """,
    "closed in good order": """
        import asyncio
        from egov_serang.transport.afast import AsyncFast
        async def main():
            fast = AsyncFast()
            await asyncio.gather(*(fast.send(post(url), within()) for _ in range(8)))
            await fast.close()
        asyncio.run(main())
        """,
}


@pytest.mark.parametrize("name", ENDINGS)
def test_the_interpreter_ends_without_an_abort(name: str) -> None:
    script = textwrap.dedent(
        """
        import sys
        from tests.faults.worlds import post, within
        url = sys.argv[1]
        """
    ) + textwrap.dedent(ENDINGS[name])
    with FaultServer() as server:
        for _ in range(scaled(200)):
            command = [sys.executable, "-W", "error", "-c", script, server.url]
            done = run(command, capture_output=True, text=True, check=False, timeout=60)
            assert (done.returncode, done.stderr) == (0, "")
