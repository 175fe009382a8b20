"""The port every transport implements: two verbs, once for threads and once for event loops."""

from __future__ import annotations

from typing import Protocol

from egov_serang.core.message import Limits, Request, Response


class Transport(Protocol):
    """Sends one request from a thread. Thread-safe; raises `TransportFault` and nothing else of its own."""

    def send(self, request: Request, limits: Limits) -> Response: ...
    def close(self) -> None: ...


class AsyncTransport(Protocol):
    """Sends one request from a task. Usable from several event loops; cancellation leaves no slot taken."""

    async def send(self, request: Request, limits: Limits) -> Response: ...
    async def close(self) -> None: ...
