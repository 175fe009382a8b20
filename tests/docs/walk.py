"""Walks a page as a reader does: from an empty folder, in its order, in real terminals.

What the blocks of such a page mean:

- `console` with a title: a terminal where something keeps running, such as the sandbox or a server of the reader's;
- `console` without: how something is installed, or what only a person can do; not run here;
- `bash`: run in the reader's terminal, which keeps its variables;
- `python` without a title: run by Python, in the same folder;
- any other block with a title: a file of that name;
- `text`: what the reader sees after the block before it. Digits may differ, and `…` is anything.

The reader's own Python is the one that runs the tests. Ports of the page become free ones.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.docs.pages import EXAMPLES, Block, shown_pattern

_READY: Final = ("Ctrl-C ends it", "Uvicorn running on", "Quit the server")
_PORTS: Final = re.compile(r"\b(8673|8000|8001)\b")
_LONGEST: Final = 120


class Terminal:
    """A process that keeps running, and all it printed."""

    def __init__(self, command: str, folder: Path, environment: dict[str, str]) -> None:
        self.printed = ""
        self._ready = threading.Event()
        self._process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._ready.wait(_LONGEST), f"{command}: {self.printed}"
        assert self._process.poll() is None, f"{command}: {self.printed}"

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.printed += line
            if any(said in line for said in _READY):
                self._ready.set()
        self._ready.set()  # it ended

    def end(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_LONGEST)
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join(_LONGEST)
            assert self._process.stdout is not None
            self._process.stdout.close()


class Walk:
    """A reader with an empty folder and an empty home. Use it as a context manager.

    Args:
        folder: where both will be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, home = folder / "work", folder / "home"
        self.folder.mkdir()
        home.mkdir()
        shutil.copy(EXAMPLES / "pothole.png", self.folder)
        self._state = folder / "state.sh"
        self._state.write_text("", "utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("EGOV_", "XDG_"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
        self.environment = {**kept, "HOME": str(home), "PATH": path, "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
        self._ports: dict[str, str] = {}
        self._terminals: list[Terminal] = []
        self._last = ""

    def step(self, block: Block) -> None:
        """Do what a block says, and hold what it prints against the page."""
        code = _PORTS.sub(lambda port: self._port(port[0]), block.code)
        match block.language, block.title:
            case "text", None:
                self._compare(code)
            case "console", None:
                pass
            case "console", _:
                self._open(code)
            case "bash", _:
                self._last = self._bash(code)
            case "python", None:
                self._last = self._run([sys.executable, "-c", code])
            case _, None:
                raise AssertionError(f"line {block.line}: what is a block of {block.language!r} to the reader?")
            case _, title:
                assert title is not None
                (self.folder / title).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / title).write_text(code, "utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for terminal in reversed(self._terminals):
            terminal.end()

    def _port(self, shown: str) -> str:
        if shown not in self._ports:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self._ports[shown] = str(free.getsockname()[1])
        return self._ports[shown]

    def _open(self, code: str) -> None:
        commands = [line.removeprefix("$ ") for line in code.splitlines() if line.startswith("$ ")]
        seen = "\n".join(line for line in code.splitlines() if not line.startswith("$ "))
        for command in commands[:-1]:
            self._bash(command)
        last = commands[-1]
        if last.startswith("egov sandbox"):
            last += f" --port {self._port('8673')}"
        terminal = Terminal(f"bash -c 'source {self._state}; exec {last}'", self.folder, self.environment)
        self._terminals.append(terminal)
        self._last = terminal.printed
        self._compare(seen)

    def _bash(self, code: str) -> str:
        script = f"set -euo pipefail\nsource {self._state}\n{code}\nexport -p > {self._state}\n"
        return self._run(["bash", "-c", script])

    def _run(self, command: list[str]) -> str:
        if command[0] != "bash":
            script = f'source {self._state}; exec "$@"'
            command = ["bash", "-c", script, "bash", *command]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def _compare(self, shown: str) -> None:
        for line in shown.splitlines():
            assert re.search(shown_pattern(line), self._last), (
                f"the page shows {line!r}, the reader sees:\n{self._last}"
            )
