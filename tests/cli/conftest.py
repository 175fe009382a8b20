"""What tests of the commands share: a reader of `egov sandbox`'s profile, and a check of everything printed."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.machine import DRIVEN
from typer.testing import CliRunner, Result

from egov_serang import Config
from egov_serang.cli.app import SCOPES, app
from egov_serang.sandbox.server import Sandbox

ME = "me"
"""The profile of a program that people log in to."""
NIK = "9973010101900000"
NAME, PHONE, SECRET = "Kenari Uji Rahasia", "+6281200000001", "rahasia-kenari-123"
CANARIES = (NIK, "9973 0101 0190 0000", NAME, PHONE, PHONE[3:], SECRET, "BEGIN PRIVATE", "Bearer ey")

Egov = Callable[..., Result]


def clean(printed: str) -> None:
    """Nothing printed holds a number, a name, a token or a secret."""
    assert [canary for canary in CANARIES if canary in printed] == []


def in_shell(commands: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Commands of a page, in a shell whose `egov` is this checkout's; the first that fails ends it."""
    script = f'set -euo pipefail\negov() {{ "{sys.executable}" -m egov_serang "$@"; }}\n{commands}'
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def environment(sandbox: Sandbox, city: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables of somebody who copied the profile that `egov sandbox` prints; English."""
    monkeypatch.setenv("EGOV_SERANG_OUTBOX_KEY", base64.b64encode(os.urandom(32)).decode())
    profile = sandbox.credentials("cli-app", SCOPES, tmp_path / "keys")
    assert profile.gateway == city.gateway
    mine = sandbox.credentials("cli-person", SCOPES, tmp_path / "keys", people=True)
    file = tmp_path / "config.toml"
    kept = f'session_folder = "{tmp_path / "sessions"}"\n'
    file.write_text(f"{mine.profile_toml(ME)}{kept}\n{profile.profile_toml('sandbox')}", "utf-8")
    file.chmod(0o600)
    variables = {"EGOV_SERANG_CONFIG": str(file), "EGOV_SERANG_PROFILE": "sandbox", "LC_ALL": "C.UTF-8"}
    return {**variables, "BROWSER": f"{DRIVEN} allow %s"}


@pytest.fixture
def egov(environment: dict[str, str]) -> Egov:
    """Runs a command in this process; what it prints is searched for canaries."""

    def run(*arguments: str, stdin: str = "", **more: str) -> Result:
        result = CliRunner().invoke(app, arguments, input=stdin, env={**environment, **more})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        clean(result.stdout + result.stderr)
        return result

    return run


@pytest.fixture
def process(environment: dict[str, str]) -> Callable[..., subprocess.Popen[str]]:
    """Starts a command in a process of its own, without a terminal."""

    def start(*arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "egov_serang", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **environment, **more},
        )

    return start
