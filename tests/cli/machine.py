"""A machine without a desktop on which people log in: `egov` in processes of its own, keeping sessions in a folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx

from egov_serang import Config
from egov_serang.assembly.authentication import session_of
from egov_serang.auth.sessions import Session

APP = "cli-person"
SCOPES = ("complaints:read", "complaints:write")
DRIVEN = f"{sys.executable} {Path(__file__).with_name('opened.py')}"
"""A browser for the environment variable `BROWSER`; a decision and `%s` follow."""


class Machine:
    """One profile, `me`, for a client that people let in.

    Args:
        config: of it.
        folder: for the configuration file.
    """

    def __init__(self, config: Config, folder: Path) -> None:
        self.config = config
        file = folder / "config.toml"
        file.write_text(
            f'[profile.me]\ngateway = "{config.gateway}"\nauth = "login"\nclient_id = "{config.client_id}"\n'
            f'signature = "none"\nsession_folder = "{config.session_folder}"\n',
            "utf-8",
        )
        self.variables = {
            "EGOV_SERANG_CONFIG": str(file),
            "EGOV_SERANG_PROFILE": "me",
            "LC_ALL": "C.UTF-8",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "BROWSER": "false",
        }

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "egov_serang", *arguments],
            env={**os.environ, **self.variables, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **more: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        running = self.start(*arguments, **more)
        out, err = running.communicate(timeout=120)
        return running.returncode, out, err

    @property
    def session(self) -> Session:
        """What is kept."""
        found = session_of(self.config)[1].read()
        assert found is not None
        return found

    def secrets(self) -> tuple[str, str]:
        """The tokens that are kept."""
        session = self.session
        assert session.refresh is not None
        return session.access.reveal(), session.refresh.reveal()


def decide(url: str, code: str, decision: str = "allow") -> None:
    """Type a code on the sandbox's page for devices, and answer."""
    with httpx.Client(trust_env=False) as http:
        shown = http.get(f"{url}/device", params={"user_code": code}).raise_for_status().text
        form = {name: re.findall(rf'name="{name}" value="([^"]+)"', shown)[0] for name in ("ticket", "resident")}
        http.post(f"{url}/device", data={**form, "user_code": code, "decision": decision}).raise_for_status()
