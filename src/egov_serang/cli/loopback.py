"""Where a browser on this machine brings the answer to a login: one page on 127.0.0.1 (RFC 8252 section 7.3)."""

from __future__ import annotations

import os
import queue
import socketserver
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from egov_serang.errors import ConfigError, DeadlineExceeded

_HOST: Final = "127.0.0.1"
_IDLE_S: Final = 5
_LONGEST: Final = 8192
_DONE: Final = (
    "Jawaban sudah sampai. Jendela ini boleh ditutup; kembalilah ke terminal.",
    "The answer has arrived. You may close this window; go back to the terminal.",
)
_NOT: Final = (
    "Ini bukan jawaban untuk login yang sedang ditunggu. Jendela ini boleh ditutup.",
    "This is no answer to the login that is waited for. You may close this window.",
)
_HEADERS: Final = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("Connection", "close"),
)


class Loopback:
    """Listens until the browser came back with the answer, once. Use it as a context manager.

    Args:
        registered: the return address as the issuer knows it; without a port, a free one is taken.

    Raises:
        ConfigError: the port is taken.
    """

    def __init__(self, registered: str) -> None:
        parts = urlsplit(registered)
        self._path = parts.path
        self._expected: Callable[[str], bool] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._lock = threading.Lock()
        try:
            self._server = _Server((_HOST, parts.port or 0), _handler(self))
        except OSError as error:
            reason = error.strerror
        else:
            self._host = f"{_HOST}:{self._server.server_address[1]}"
            self.back = f"http://{self._host}{self._path}"
            """The return address with its port."""
            self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
            return
        raise ConfigError(
            f"{_HOST}:{parts.port or 0} cannot be listened on for redirect_uri: {reason}",
            code="loopback_port",
            hint="End what uses it, or log in without a browser here: egov login",
        )

    def expect(self, is_answer: Callable[[str], bool]) -> None:
        """Say which query is the answer; until then there is none. Asked from other threads."""
        self._expected = is_answer

    def wait(self, timeout: float) -> str:
        """The query of the answer.

        Args:
            timeout: seconds to wait for it.

        Raises:
            DeadlineExceeded: the browser did not come back.
        """
        try:
            return self._answers.get(timeout=max(0.0, timeout))
        except queue.Empty:
            pass
        raise DeadlineExceeded(
            "the browser did not come back in time",
            code="login_expired",
            hint="Begin again: egov login --browser; where no browser can reach this machine: egov login",
            sent="no",
        )

    def answered(self, method: str, target: str, host: str | None) -> tuple[HTTPStatus, tuple[str, str], str | None]:
        """What a request is told, and the query where it brought the answer. The first answer is the only one."""
        path, _, query = target.partition("?")
        if host != self._host or path != self._path:
            # Another name for this address is how a page of elsewhere would reach it (DNS rebinding).
            return HTTPStatus.NOT_FOUND, _NOT, None
        if method != "GET":
            return HTTPStatus.METHOD_NOT_ALLOWED, _NOT, None
        with self._lock:
            if len(query) > _LONGEST or self._expected is None or not self._expected(query):
                return HTTPStatus.BAD_REQUEST, _NOT, None
            self._expected = None
        return HTTPStatus.OK, _DONE, query

    def deliver(self, query: str) -> None:
        """Hand over the answer, after the browser was told."""
        self._answers.put(query)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    """A thread for each connection: browsers open some on which they say nothing."""

    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # a port of one's own, soon after the last login

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: whoever went away in the middle is no concern, and a traceback would show the code."""


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _IDLE_S
        server_version, sys_version = "egov", ""

        def parse_request(self) -> bool:
            if not super().parse_request():
                return False
            status, said, query = loopback.answered(self.command, self.path, self.headers.get("host"))
            try:
                self._show(status, said)
            finally:
                if query is not None:
                    loopback.deliver(query)
            return False  # all is said: no method is called

        def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
            self._show(HTTPStatus(code), _NOT)

        def log_message(self, format: str, *args: Any) -> None:
            """Write no log: a request's line holds the code."""

        def _show(self, status: HTTPStatus, said: tuple[str, str]) -> None:
            self.close_connection = True
            body = (
                '<!doctype html><html lang="id"><head><meta charset="utf-8"><title>egov login</title></head><body>'
                f'<p>{said[0]}</p><p lang="en">{said[1]}</p></body></html>'
            ).encode()
            self.send_response(status)
            for name, value in (*_HEADERS, ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
                self.wfile.flush()

    return Handler
