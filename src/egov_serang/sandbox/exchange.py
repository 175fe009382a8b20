"""Around every request: echo of the request id, `Date`, signature, the record, the log line, the cut connection.

The log is an allow-list: method, route template, status, milliseconds. Paths, queries, headers and bodies stay out.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import unquote

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from egov_serang.sandbox.answers import SignedAnswer, is_asked_for, spoil
from egov_serang.sandbox.platform import Platform
from egov_serang.sandbox.problems import Problem
from egov_serang.sandbox.records import Record

_LOG: Final = logging.getLogger("egov_serang.sandbox")
_SLASH: Final = re.compile("%2F", re.IGNORECASE)
_REQUEST_ID: Final = re.compile(rb"[\x21-\x7e]{1,128}")
_OURS: Final = re.compile(r"/(__sandbox|console)(/.*)?")
"""Routes of the sandbox's own, which nobody's application asks for."""


class Exchange:
    """The outermost ASGI layer."""

    def __init__(self, app: ASGIApp, platform: Platform) -> None:
        self._app, self._platform = app, platform

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        started, state["at"] = time.perf_counter(), datetime.now(UTC).isoformat(timespec="milliseconds")
        # The router splits the decoded path, where an encoded slash in an id would lead to another route.
        scope["path"] = unquote(_SLASH.sub("%252F", scope["raw_path"].decode("latin-1")))
        status = 0
        echo = next((v for k, v in scope["headers"] if k == b"x-request-id" and _REQUEST_ID.fullmatch(v)), None)
        # Counted as it arrives: the answer to the first attempt may come after the second was sent.
        call = next((v for k, v in scope["headers"] if k == b"x-correlation-id"), None)
        state["attempt"] = self._platform.records.attempts.count(call)

        uses_dpop = any(k == b"dpop" for k, _ in scope["headers"])
        bound = echo is not None and is_asked_for(self._platform, scope)
        signed = SignedAnswer(self._platform, scope) if bound else None

        async def sending(message: Message) -> None:
            nonlocal status
            if state.get("cut"):
                await _cut(state, receive)
                return
            if message["type"] == "http.response.start":
                headers = message["headers"]
                headers.append((b"date", formatdate(self._platform.clock.wall(), usegmt=True).encode()))
                if uses_dpop:  # also on success: a client whose nonce is about to age gets the next one in time
                    headers.append((b"dpop-nonce", self._platform.nonces.current(self._platform.clock.wall()).encode()))
                if echo is not None:
                    headers.append((b"x-request-id", echo))
            messages = (message,) if signed is None else signed.take(message)
            if messages and signed is not None and "spoil" in state:
                messages = spoil(state["spoil"], messages)
            for ready in messages:
                status = ready.get("status", status)
                await send(ready)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            pass  # it left in the middle of its body: nothing was done, and nobody is there to be told
        except Exception as fault:  # a bug in a handler must become a 500 that says nothing of its data
            _LOG.error("%s in %s", type(fault).__name__, _where(fault))
            if status == 0:
                await Problem("internal").response()(scope, receive, sending)
        finally:
            self._note(scope, state, status, (time.perf_counter() - started) * 1000)

    def _note(self, scope: Scope, state: dict[str, Any], status: int, ms: float) -> None:
        route = scope.get("route")
        record = Record(
            method=scope["method"],
            route=getattr(route, "path", None),
            operation=getattr(route, "operation_id", None),
            status=status,
            attempt=state["attempt"],
            signature=state.get("verdict", "none"),
            replayed=state.get("replayed", False),
            client_id=state.get("client_id"),
            cut=state.get("cut", False),
            ms=round(ms, 2),
            at=state["at"],
        )
        if not _OURS.fullmatch(record.route or ""):
            self._platform.records.add(record)
        _LOG.info("%s %s %d %.1f ms", record.method, record.route or "(no route)", status, ms)


async def _cut(state: dict[str, Any], receive: Receive) -> None:
    transport: asyncio.Transport = state["transport"]
    transport.abort()
    # Until uvicorn has seen the connection go, it would still answer for us.
    while (await receive())["type"] != "http.disconnect":
        pass


def _where(fault: Exception) -> str:
    """File and line of the innermost frame: unlike the exception's text, they hold nothing of the request."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "unknown" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
