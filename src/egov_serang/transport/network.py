"""One lane's line to a service, for threads: dials, speaks and listens within the limits of the transmission."""

from __future__ import annotations

import ipaddress
import queue
import select
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from egov_serang.core.message import FaultKind, Limits, TransportFault
from egov_serang.transport.answer import Interims
from egov_serang.transport.faults import UNRESOLVED, Proof, hopeless_handshake, translated

FLUSH_AT = 64 * 1024
_AROUND = 1024 * 1024
"""Bytes that may stand around a body: heads, chunk sizes, trailers. HTTP libraries count none of them all."""


class Bounds:
    """What a line knows of the transmission it serves, in either world."""

    def __init__(self) -> None:
        self._limits = Limits(deadline=0.0)
        self.sent: Proof = "no"
        self.reused = False
        self.connected = False
        self.heard = False
        """Bytes of this answer came."""
        self.ended = False
        """The peer said that no more comes, and we have come to that point."""
        self._resting = False
        self._came = 0
        self._interims: Interims | None = None

    def arm(self, limits: Limits) -> None:
        """Begin a transmission."""
        self._limits = limits
        self._resting = False
        self.sent, self.heard, self.reused = "no", False, self.connected
        self._came, self._interims = 0, None

    def rest(self) -> None:
        """End the transmission: whatever comes from now on answers no question."""
        self._resting = True

    def left(self, phase: float) -> float:
        """Seconds that may still pass: the phase's own limit, but never beyond the deadline."""
        seconds = min(phase, self._limits.deadline - time.monotonic())
        if seconds <= 0:
            raise self.late()
        return seconds

    def taken(self, data: bytes) -> None:
        """Note what came from the line before it is handed on; b"" is its end.

        Raises:
            TransportFault: too much around the body, or too many interim answers.
        """
        if not self.heard:
            if not data:
                self.ended = True
                return
            self.heard = True
            if Interims.begin_with(data):
                self._interims = Interims()
        self.ended = not data
        self._came += len(data)
        if self._came > self._limits.max_body + _AROUND:
            raise TransportFault(
                "too_large", sent=self.sent, reason="the answer is larger than allowed", permanent=True
            )
        if self._interims is not None and not self._interims.feed(data):
            self._interims = None

    def late(self) -> TransportFault:
        reason = "no connection in time" if not self.connected else "no complete answer in time"
        return self.fault("timeout", reason)

    def fault(self, kind: FaultKind, reason: str) -> TransportFault:
        return TransportFault(kind, sent=self.sent, reason=reason)

    def broken(self) -> TransportFault:
        """The fault of a line the peer has torn down, or closed before its answer was complete."""
        if self.reused and not self.heard:
            return self.fault("closed", "the service had closed the idle connection")
        if self.ended and self.heard:
            return self.fault("truncated", "the answer ended early")
        return self.fault("reset", "the service closed the connection before its answer was complete")

    def unresolved(self) -> TransportFault:
        """The fault of a name that leads nowhere."""
        return self.fault("resolve", UNRESOLVED)

    def explained(self, error: BaseException) -> TransportFault | None:
        """The fault behind an error met on this line, or None when it is no transport's (a cancellation, a bug)."""
        if isinstance(error, httpcore.RemoteProtocolError) and self.connected:
            return self.broken() if self.ended else self.fault("protocol", "the answer is not valid HTTP")
        return translated(error)


def _lookup(host: str, port: int, found: queue.SimpleQueue[list[tuple[Any, ...]]]) -> None:
    try:
        found.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except OSError:
        found.put([])


def is_readable(descriptor: int) -> bool:
    """Whether bytes, or the end, wait in a socket."""
    if sys.platform == "win32":
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()  # select.select refuses descriptors over 1023
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Wire(Bounds, httpcore.NetworkBackend, httpcore.NetworkStream):
    """httpcore's backend and its stream in one: a lane has one line only, dialled at its first transmission.

    Writes are gathered until the answer is waited for, so that head and body leave in one packet.
    """

    def __init__(self) -> None:
        super().__init__()
        self._socket: socket.socket | None = None
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Wire:
        """Dial. All addresses of the host share one connect limit, name resolution included."""
        until = time.monotonic() + self._limits.connect
        late = False
        addresses = self._resolve(host, port)
        if not addresses:
            raise self.unresolved()
        for family, kind, protocol, _, address in addresses:
            line = socket.socket(family, kind, protocol)
            try:
                line.settimeout(self.left(until - time.monotonic()))
                line.connect(address)
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                line.close()
                late = isinstance(error, TimeoutError)
            except BaseException:  # Ctrl-C while connecting: nobody else knows this socket yet
                line.close()
                raise
            else:
                self._socket = line
                self.connected = True
                return self
        raise self.late() if late else self.fault("connect", "no connection to the service")

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Wire:
        """Shake hands, within the connect limit."""
        plain = self._line()
        hopeless, late = None, False
        try:
            plain.settimeout(self.left(self._limits.connect))
            self._socket = ssl_context.wrap_socket(plain, server_hostname=server_hostname)
        except OSError as error:
            hopeless = hopeless_handshake(error)
            late = isinstance(error, TimeoutError)
        else:
            return self
        self.cut()
        if hopeless is not None:
            raise hopeless
        raise self.late() if late else self.fault("tls", "the TLS handshake failed")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent.append(buffer)
        self._unsent_bytes += len(buffer)
        if self._unsent_bytes >= FLUSH_AT and not self._flush():
            raise httpcore.WriteError  # httpcore then stops sending and reads the answer that may have come early

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._flush()  # a line broken meanwhile shows below, after whatever the service said first
        try:
            line = self._line()
            line.settimeout(self.left(self._limits.read))
            data = line.recv(max_bytes)
        except TimeoutError:
            fault = self.late()
        except OSError:
            fault = self.broken()
        else:
            self.taken(data)
            return data
        raise fault

    def close(self) -> None:
        self.cut()

    def get_extra_info(self, info: str) -> Any:
        return None

    def is_quiet(self) -> bool:
        """Whether the line is open and nothing waits on it: what waits on an idle line is a stray answer or its end."""
        line = self._socket
        if line is None or (isinstance(line, ssl.SSLSocket) and line.pending()):
            return False
        return not is_readable(line.fileno())

    def cut(self) -> None:
        """Throw the line away."""
        line, self._socket = self._socket, None
        if line is not None:
            line.close()

    def __del__(self) -> None:
        # A client that nobody closed ends with its program: no warning to somebody who cannot do anything about it.
        self.cut()

    def _line(self) -> socket.socket:
        if self._socket is None:
            raise self.broken()
        return self._socket

    def _flush(self) -> bool:
        if not self._unsent_bytes:
            return True
        data = b"".join(self._unsent)
        self._unsent.clear()
        self._unsent_bytes = 0
        line = self._line()
        line.settimeout(self.left(self._limits.read))
        self.sent = "maybe"
        try:
            line.sendall(data)
        except TimeoutError:
            fault = self.late()
        except OSError:
            return False
        else:
            return True
        raise fault

    def _resolve(self, host: str, port: int) -> list[tuple[Any, ...]]:
        """Addresses of a host. The system's resolver knows no time limit, so a name is looked up in a thread aside."""
        found: queue.SimpleQueue[list[tuple[Any, ...]]] = queue.SimpleQueue()
        if _is_address(host):
            _lookup(host, port, found)
        else:
            threading.Thread(target=_lookup, args=(host, port, found), daemon=True, name="egov-serang-dns").start()
        try:
            return found.get(timeout=self.left(self._limits.connect))
        except queue.Empty:
            pass
        raise self.late()
