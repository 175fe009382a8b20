"""Servers of npm packages, started on loopback by the tests that need them and ended with them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest


def absent(why: str) -> NoReturn:
    """Skip, except in CI, which has everything."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def folder(name: str, package: str, variable: str) -> Path:
    """Where a package is installed; skips where it is not.

    Args:
        name: the folder beside this file.
        package: that must be there.
        variable: of the environment, which names a copy of the folder where `npm install` was run.
    """
    found = Path(os.environ.get(variable) or Path(__file__).parent / name)
    if shutil.which("node") is None:
        absent("node is not installed")
    if not (found / "node_modules" / package).is_dir():
        absent(f"npm {package} is not installed: npm install --no-package-lock in {name}, or set {variable}")
    return found


@contextmanager
def started(where: Path, settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Run `server.mjs`: it reads settings, and says in a line of JSON that it listens, and where.

    Args:
        where: the folder of server.mjs.
        settings: see there.
    """
    running = subprocess.Popen(
        ["node", "server.mjs"],
        cwd=where,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert running.stdin is not None
    assert running.stdout is not None
    try:
        with running.stdin:
            json.dump(settings, running.stdin)
        said = running.stdout.readline()
        assert said, f"{where.name} did not start"
        yield json.loads(said)
    finally:
        running.terminate()
        running.wait()
        running.stdout.close()
