"""The four receivers over real HTTP on loopback: what an app is told, and a gateway's hand."""

from __future__ import annotations

import base64
import importlib.util
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from wsgiref.simple_server import make_server

import httpx
import uvicorn

from egov_serang import Event, Webhooks
from egov_serang.receivers import AsgiReceiver, WsgiReceiver
from egov_serang.signing.webhooks import WebhookSigner
from egov_serang.types import Secret

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = Secret("whsec_" + base64.b64encode(bytes(range(32))).decode())

DJANGO = """
import sys
sys.path.insert(0, sys.argv[1])
from wsgiref.simple_server import make_server
import webhook_django
with make_server("127.0.0.1", 0, webhook_django.application) as server:
    print(server.server_port, flush=True)
    server.serve_forever()
"""


def event(number: int) -> bytes:
    """A complaint's event, by number."""
    complaint = {"complaint_id": f"c-{number}", "service_code": "road", "status": "resolved", "version": number}
    kind = "id.smartcity.complaints.complaint.status_changed.v1"
    return json.dumps({"id": f"e-{number}", "type": kind, "sequence": str(number), "data": complaint}).encode()


@dataclass
class World:
    """An app that receives events.

    Attributes:
        url: where.
        told: the ids of the events it was told of, in order.
        trouble: while true, its handler fails.
    """

    url: str
    told: Callable[[], list[str]]
    signer: WebhookSigner = field(default_factory=lambda: WebhookSigner(SECRET))

    def deliver(self, body: bytes, *, signed_for: bytes | None = None, at: float | None = None, **how: Any) -> Any:
        """Post a delivery named after what was signed."""
        original = body if signed_for is None else signed_for
        name = f"msg_{base64.b32encode(original[:60]).decode().rstrip('=')}"
        headers = self.signer.sign(name, original, at=time.time() if at is None else at)
        return self.post(body, headers, **how)

    def post(self, body: bytes | Iterator[bytes], headers: dict[str, str], method: str = "POST") -> httpx.Response:
        """Send this."""
        with httpx.Client(trust_env=False, timeout=30) as http:
            return http.request(method, self.url, content=body, headers=headers)


@dataclass
class App:
    """An app that keeps what it is told, and can be in trouble."""

    events: list[Event] = field(default_factory=list)
    trouble: bool = False

    def handle(self, event: Event) -> None:
        if self.trouble:
            raise RuntimeError("the queue is not there")
        self.events.append(event)

    async def handle_later(self, event: Event) -> None:
        self.handle(event)

    def told(self) -> list[str]:
        return [event.id for event in self.events]


@contextmanager
def asgi(app: Any) -> Iterator[str]:
    """Serve an ASGI application; gives its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # who connects from now on waits until the server takes over
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/events"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def wsgi(app: Any) -> Iterator[str]:
    """Serve a WSGI application; gives its address."""
    with make_server("127.0.0.1", 0, app) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/events"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def asgi_world(folder: Path) -> Iterator[World]:
    app = App()
    with asgi(AsgiReceiver(Webhooks(SECRET), app.handle_later)) as url:
        yield World(url, app.told)


@contextmanager
def wsgi_world(folder: Path) -> Iterator[World]:
    app = App()
    with wsgi(WsgiReceiver(Webhooks(SECRET), app.handle)) as url:
        yield World(url, app.told)


@contextmanager
def fastapi_world(folder: Path) -> Iterator[World]:
    spec = importlib.util.spec_from_file_location("webhook_fastapi", EXAMPLES / "webhook_fastapi.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    with asgi(example.app) as url:
        yield World(url, lambda: written(folder))


@contextmanager
def django_world(folder: Path) -> Iterator[World]:
    """In a process of its own: Django is configured once in the life of a process."""
    command = [sys.executable, "-W", "error", "-c", DJANGO, str(EXAMPLES)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as app:
        try:
            assert app.stdout is not None
            yield World(f"http://127.0.0.1:{int(app.stdout.readline())}/events", lambda: written(folder))
        finally:
            app.terminate()


def written(folder: Path) -> list[str]:
    """The ids in the file the examples write."""
    inbox = folder / "inbox.jsonl"
    return [json.loads(line)["id"] for line in inbox.read_text("utf-8").splitlines()] if inbox.exists() else []


WORLDS = {"asgi": asgi_world, "wsgi": wsgi_world, "fastapi": fastapi_world, "django": django_world}
