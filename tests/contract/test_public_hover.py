"""What an editor shows on hover: asked of the language server that the type checker brings with it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import egov_serang

SERVER = shutil.which("basedpyright-langserver", path=str(Path(sys.executable).parent))
SDK = Path(egov_serang.__file__).parent.parent
pytestmark = pytest.mark.skipif(SERVER is None, reason="basedpyright is not installed in this environment")

SOURCE = """\
from egov_serang import AsyncClient, Client


async def look(client: Client, other: AsyncClient) -> None:
    client.complaints.get("c-1")
    await other.complaints.get("c-1")
    client.raw.complaints.get("c-1")
    client.complaints.submit("jalan_rusak", "Lubang.")
    client.permits.applications.list(status="draft")
"""


class Editor:
    """The few words of the Language Server Protocol a hover needs."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [str(SERVER), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._number = 0
        self._file = folder / "look.py"
        self._file.write_text(SOURCE)
        here = Path(sys.prefix)
        paths = {"extraPaths": [str(SDK)], "venvPath": str(here.parent), "venv": here.name}
        (folder / "pyrightconfig.json").write_text(json.dumps(paths))
        root = folder.as_uri()
        folders = [{"uri": root, "name": "look"}]
        settings = {"capabilities": {}, "processId": None, "rootUri": root, "workspaceFolders": folders}
        self.ask("initialize", settings)
        self.tell("initialized", {})
        document = {"uri": self._file.as_uri(), "languageId": "python", "version": 1, "text": SOURCE}
        self.tell("textDocument/didOpen", {"textDocument": document})

    def hover(self, line: int, word: str) -> str:
        """What stands in the box over the last `word` of a line."""
        at = SOURCE.splitlines()[line].rindex(word + "(")
        answer = self.ask(
            "textDocument/hover",
            {"textDocument": {"uri": self._file.as_uri()}, "position": {"line": line, "character": at + 1}},
        )
        return str(answer["contents"]["value"])

    def tell(self, method: str, params: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        while True:
            message = self._receive()
            if "method" in message and "id" in message:  # the server asks for settings: there are none
                count = len(message.get("params", {}).get("items", []))
                found: Any = [{"pythonPath": sys.executable}] * count or None
                self._send({"jsonrpc": "2.0", "id": message["id"], "result": found})
            elif message.get("id") == self._number:
                return message.get("result")

    def close(self) -> None:
        self.ask("shutdown", None)
        self.tell("exit", None)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait(20)

    def _send(self, message: Any) -> None:
        data = json.dumps(message).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._process.stdin.flush()

    def _receive(self) -> Any:
        pipe = self._process.stdout
        assert pipe is not None
        length = 0
        while line := pipe.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(pipe.read(length))


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    made = Editor(tmp_path_factory.mktemp("editor"))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("line", "word", "shown"),
    [
        (4, "get", "(complaint_id: str) -> Complaint"),
        (5, "get", "(complaint_id: str) -> CoroutineType[Any, Any, Complaint]"),
        (6, "get", "(complaint_id: str) -> Reply[Complaint]"),
        (7, "submit", "service_code: str"),
        (8, "list", "-> Pager[Application]"),
    ],
)
def test_hover_shows_the_signature_of_the_mode_and_the_docstring(
    editor: Editor, line: int, word: str, shown: str
) -> None:
    box = editor.hover(line, word)
    assert shown.replace("CoroutineType", "Coroutine") in box.replace("CoroutineType", "Coroutine")
    assert "Source: contract-v1 section" in box
