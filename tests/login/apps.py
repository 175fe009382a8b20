"""The examples as processes of their own, with the sandbox behind them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from egov_serang.sandbox.server import Sandbox

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "sandbox-web-secret"


@contextmanager
def served(name: str, sandbox: Sandbox) -> Iterator[str]:
    """An example that runs: its address. `name` is `fastapi` or `django`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = f"http://127.0.0.1:{port}"
    sandbox.register(
        "sandbox-web",
        {"keys": []},
        [],
        SECRET,
        redirect_uris=[f"{home}/callback", "http://127.0.0.1:8000/callback"],  # the second as in a new sandbox
        post_logout_redirect_uris=[f"{home}/", "http://127.0.0.1:8000/"],
        name="Lapor Serang",
    )
    command = {
        "fastapi": ["-m", "uvicorn", "login_fastapi:app", "--port", str(port), "--log-level", "info"],
        "django": ["login_django.py", "runserver", f"127.0.0.1:{port}", "--noreload"],
    }[name]
    process = subprocess.Popen(
        [sys.executable, "-u", *command],
        cwd=EXAMPLES,
        env={**os.environ, "APP_URL": home, "LOGIN_ISSUER": sandbox.url, "LOGIN_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert any("Quit the server" in line or "running on" in line for line in process.stdout), "it did not start"
        yield home
    finally:
        process.kill()
        process.communicate()
