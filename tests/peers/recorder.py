"""A pytest plugin (`-p tests.peers.recorder`): every request that reaches the sandbox of this run, as it arrived.

One JSON object a line, in the file that `EGOV_SERANG_RECORD` names. Bodies and headers are written as they are, so
nothing may be recorded this way but tests, which send invented data only.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from egov_serang.sandbox.server import Sandbox

FILE = "EGOV_SERANG_RECORD"


@dataclass(frozen=True)
class Sent:
    """A request as it arrived, the operation it reached and how that was answered."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: str
    """Base64."""
    operation: str | None
    status: int

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


def read(path: Path) -> list[Sent]:
    """What was recorded, oldest first."""
    return [Sent(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]


class Recorder:
    """The outermost ASGI application."""

    def __init__(self, app: Any, file: IO[str]) -> None:
        self._app, self._file = app, file

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = bytearray()
        status = 0

        async def receiving() -> Any:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def sending(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await self._app(scope, receiving, sending)
        query = scope["query_string"]
        sent = Sent(
            method=scope["method"],
            target=(scope["raw_path"] + (b"?" + query if query else b"")).decode("latin-1"),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
            body=base64.b64encode(body).decode(),
            operation=getattr(scope.get("route"), "operation_id", None),
            status=status,
        )
        self._file.write(json.dumps(asdict(sent)) + "\n")


@pytest.fixture(scope="session", autouse=True)
def _recorded(egov_sandbox: Sandbox) -> Iterator[None]:
    config = egov_sandbox._server.config  # uvicorn asks it for the application once for each connection
    app = config.loaded_app
    with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
        config.loaded_app = Recorder(app, file)
        yield
        config.loaded_app = app
