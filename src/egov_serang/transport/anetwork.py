"""One lane's line to a service, for tasks: the same as `network`, on an `asyncio.Protocol`."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from typing import Any, cast

import httpcore

from egov_serang.transport.faults import hopeless_handshake
from egov_serang.transport.network import FLUSH_AT, Bounds, is_readable

_PAUSE_AT = 256 * 1024


class AsyncWire(Bounds, asyncio.Protocol, httpcore.AsyncNetworkBackend, httpcore.AsyncNetworkStream):
    """httpcore's backend, its stream and asyncio's protocol in one. Belongs to the loop it was dialled on."""

    def __init__(self) -> None:
        super().__init__()
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._received = b""
        self._at_end = False
        self._torn = False
        self._full = False
        self._waiter: asyncio.Future[bool] | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncWire:
        """Dial. All addresses of the host share one connect limit, name resolution included."""
        late = unresolved = False
        try:
            async with asyncio.timeout(self.left(self._limits.connect)):
                await asyncio.get_running_loop().create_connection(lambda: self, host, port)
        except OSError as error:
            late, unresolved = isinstance(error, TimeoutError), isinstance(error, socket.gaierror)
        else:
            return self
        if unresolved:
            raise self.unresolved()
        raise self.late() if late else self.fault("connect", "no connection to the service")

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> AsyncWire:
        """Shake hands, within the connect limit."""
        plain, self.connected = self._line(), False
        hopeless, late = None, False
        try:
            async with asyncio.timeout(self.left(self._limits.connect)):
                self._transport = await asyncio.get_running_loop().start_tls(
                    plain, self, ssl_context, server_hostname=server_hostname
                )
        except OSError as error:
            hopeless = hopeless_handshake(error)
            late = isinstance(error, TimeoutError)
        else:
            self.connected = self._transport is not None
            return self
        self.cut()
        if hopeless is not None:
            raise hopeless
        raise self.late() if late else self.fault("tls", "the TLS handshake failed")

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent.append(buffer)
        self._unsent_bytes += len(buffer)
        if self._unsent_bytes < FLUSH_AT:
            return
        self._flush()
        while self._full and not self._torn:
            await self._wait()
        if self._torn:
            raise httpcore.WriteError  # httpcore then stops sending and reads the answer that may have come early

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._unsent_bytes:
            self._flush()
        while not (self._received or self._at_end):
            if self._torn:
                raise self.broken()
            await self._wait()
        data, self._received = self._received[:max_bytes], self._received[max_bytes:]
        if data and self._transport is not None and not self._received:
            self._transport.resume_reading()
        self.taken(data)
        return data

    async def aclose(self) -> None:
        self.cut()

    def get_extra_info(self, info: str) -> Any:
        return None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its base class
        self.connected = True

    def data_received(self, data: bytes) -> None:
        if self._resting:  # nobody asked: an answer to no question must not meet the next one
            self.cut()
            return
        self._received += data
        if len(self._received) > _PAUSE_AT and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._at_end = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._torn = True
        self._at_end = self._at_end or exc is None
        self._wake()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake()

    def is_quiet(self) -> bool:
        """Whether the line is open and nothing waits on it, be it in the kernel, where the loop has not looked yet."""
        line = self._transport
        if line is None or self._torn or self._at_end or self._received:
            return False
        return not is_readable(line.get_extra_info("socket").fileno())

    def cut(self) -> None:
        """Throw the line away."""
        line, self._transport = self._transport, None
        self._torn = True
        if line is not None:
            line.abort()

    def _line(self) -> asyncio.Transport:
        if self._transport is None:
            raise self.broken()
        return self._transport

    def _flush(self) -> None:
        if not self._unsent_bytes:
            return
        data = b"".join(self._unsent)
        self._unsent.clear()
        self._unsent_bytes = 0
        line = self._line()
        self.left(self._limits.read)
        if not line.is_closing():
            self.sent = "maybe"
            line.write(data)

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(True)

    def _give_up(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(False)

    async def _wait(self) -> None:
        """Until something happens on the line. A timer of our own: asyncio.timeout costs several times as much."""
        seconds = self.left(self._limits.read)
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(seconds, self._give_up)
        try:
            moved = await self._waiter
        finally:
            timer.cancel()
            self._waiter = None
        if not moved:
            raise self.late()
