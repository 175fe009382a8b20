"""The server: connections it accepts, requests it reads, a script of what happens to each."""

from __future__ import annotations

import asyncio
import contextlib
import gzip as gzip_codec
import json as json_codec
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

from egov_serang.core.message import Headers

_HEAD_END = b"\r\n\r\n"
_ABORTIVE = struct.pack("ii", 1, 0)  # SO_LINGER on with 0 seconds: close sends RST instead of FIN
_OWN_ANSWER = frozenset({"status", "json", "body"})


@dataclass(frozen=True, slots=True, repr=False)
class SeenRequest:
    """A request as it arrived. `connection` counts from 1 in order of acceptance."""

    method: str
    target: str
    headers: Headers
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


class Content(TypedDict, total=False):
    """What an answer says: `json` goes before `body`; `gzip` compresses either; `headers` replace by name."""

    json: Any
    body: bytes
    headers: Iterable[tuple[str, str]]
    gzip: bool


class Parts(Content, total=False):
    """A whole answer."""

    status: int


Service = Callable[[SeenRequest], Parts]
"""Carries a request out, and says what is answered."""


def answer(
    request: SeenRequest,
    status: int = 200,
    *,
    json: Any = None,
    body: bytes = b"{}",
    headers: Iterable[tuple[str, str]] = (),
    gzip: bool = False,
) -> tuple[bytes, bytes]:
    """Head and body of a well-formed answer that echoes `X-Request-Id`."""
    content = body if json is None else json_codec.dumps(json).encode()
    content = gzip_codec.compress(content) if gzip else content
    fields = {"content-type": "application/json", "content-length": str(len(content))}
    if gzip:
        fields["content-encoding"] = "gzip"
    if "x-request-id" in request.headers:
        fields["x-request-id"] = request.headers["x-request-id"]
    fields |= {name.lower(): value for name, value in headers}
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode() + _HEAD_END, content


def _nothing(_: SeenRequest) -> Parts:
    return {}


class Peer:
    """The server's end of one connection, with one request just read from it. Steps act on it."""

    def __init__(
        self,
        request: SeenRequest,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        service: Service = _nothing,
    ) -> None:
        self.request = request
        self._reader = reader
        self._writer = writer
        self._service = service

    def answer(self, **parts: Unpack[Parts]) -> tuple[bytes, bytes]:
        """Head and body of the answer to this request.

        With a `status`, `json` or `body` of the step's own, nothing is carried out. Else the service does what was
        asked, and this is what it answers, with the step's `headers` and `gzip`.
        """
        if parts.keys() & _OWN_ANSWER:
            return answer(self.request, **parts)
        said = self._service(self.request)
        headers = [*said.get("headers", ()), *parts.get("headers", ())]
        return answer(self.request, **(said | parts | {"headers": headers}))

    async def send(self, data: bytes) -> None:
        """Send bytes exactly as given, in one write."""
        self._writer.write(data)
        await self._writer.drain()

    async def until_gone(self) -> None:
        """Wait until the client closes its end (whatever it sends meanwhile is dropped)."""
        while await self._reader.read(65536):
            pass

    def close(self) -> None:
        """End the connection in good order (FIN)."""
        self._writer.close()

    def reset(self) -> None:
        """Break the connection (RST)."""
        line: socket.socket | None = self._writer.get_extra_info("socket")
        if line is not None:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORTIVE)
        self._writer.transport.abort()


Step = Callable[[Peer], Awaitable[None]]


async def serve(peer: Peer) -> None:
    """The step of a healthy service: carry out, answer in full."""
    await peer.send(b"".join(peer.answer()))


class FaultServer:
    """A scripted HTTP/1.1 server on a free port of this machine, in a thread of its own; a context manager.

    Each request takes the next step of the script; when the script is over, `default` answers.

    Args:
        steps: the script.
        default: what answers afterwards; the service, without a fault, when None.
        service: carries requests out where a step does not answer on its own; answers `{}` when None.
        accepted: happens to each new connection, before a request is read; `peer.request` is empty then.
        tls: serve https with this context.
        host: the address to listen on; of this machine only.
        port: the port to listen on; a free one when 0.
    """

    def __init__(
        self,
        *steps: Step,
        default: Step | None = None,
        service: Service | None = None,
        accepted: Step | None = None,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._script = deque(steps)
        self._scripts: dict[str, deque[Step]] = {}
        self._default = serve if default is None else default
        self._service = _nothing if service is None else service
        self._accepted = accepted
        self._tls = tls
        self._host = host
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True, name="fault-server")
        self.requests: list[SeenRequest] = []
        self.connections = 0
        self.received = 0
        """Bytes of requests read."""
        self.port = port
        self._steps_done = 0
        self._closed = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    def then(self, *steps: Step) -> None:
        """Add to the script."""
        self._script.extend(steps)

    def on(self, path: str, *steps: Step) -> None:
        """Add to a script of its own for requests of one path; they no longer take steps of the main one.

        Args:
            path: such as `/oauth2/token`, without a query.
            steps: what happens to them in turn; afterwards the service answers.
        """
        self._scripts.setdefault(path, deque()).extend(steps)

    def heal(self) -> None:
        """Forget what is left of all scripts: the service answers from now on."""
        self._default = serve
        for script in (self._script, *self._scripts.values()):
            script.clear()

    def hang_up(self) -> None:
        """Break every connection there is now, whatever is under way on it; returns when they are broken."""
        asyncio.run_coroutine_threadsafe(self._break_all(), self._loop).result()

    async def _break_all(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wait_for(self, requests: int, timeout: float = 10.0) -> bool:
        """Wait until so many requests have come in; false when they have not within `timeout` seconds."""
        return self._wait(lambda: len(self.requests) >= requests, timeout)

    def wait_for_step(self, steps: int, timeout: float = 10.0) -> bool:
        """Wait until so many steps have done all they do; false when they have not within `timeout` seconds."""
        return self._wait(lambda: self._steps_done >= steps, timeout)

    def wait_for_close(self, connections: int, timeout: float = 10.0) -> bool:
        """Wait until the server has closed so many connections; false when it has not within `timeout` seconds."""
        return self._wait(lambda: self._closed >= connections, timeout)

    def _wait(self, reached: Callable[[], bool], timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(reached, timeout)

    def _note(self, request: SeenRequest | None = None, *, steps: int = 0, closed: int = 0) -> None:
        with self._changed:
            if request is not None:
                self.requests.append(request)
            self._steps_done += steps
            self._closed += closed
            self._changed.notify_all()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._talk, self._host, self.port, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        await self._break_all()

    def _next(self, request: SeenRequest) -> Step:
        if request.path in self._scripts:
            script = self._scripts[request.path]
            return script.popleft() if script else serve
        return self._script.popleft() if self._script else self._default

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self.connections += 1
        number = self.connections
        try:
            if self._accepted is not None:
                await self._accepted(Peer(SeenRequest("", "", Headers(), b"", number), reader, writer))
            while not writer.is_closing():
                request = await self._read(reader, number)
                step = self._next(request)
                self._note(request)
                await step(Peer(request, reader, writer, self._service))
                self._note(steps=1)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the client left, as it may at any time, or the server stops: nobody else cancels
        finally:
            if not writer.is_closing():
                writer.transport.abort()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
            self._note(closed=1)

    async def _read(self, reader: asyncio.StreamReader, connection: int) -> SeenRequest:
        head = await reader.readuntil(_HEAD_END)
        start, *lines = head[: -len(_HEAD_END)].decode("latin-1").split("\r\n")
        method, target, _ = start.split(" ", 2)
        headers = Headers((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.received += len(head) + len(body)
        return SeenRequest(method, target, headers, body, connection)
