"""Keyrings for processes: one that works, and some that do not. `PYTHON_KEYRING_BACKEND` names the class."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

PLACE = "KEYRING_OF_THIS_TEST"
"""The environment variable that names the file of `Working`."""


class Working(KeyringBackend):
    """Keeps passwords in a file, as far as anybody can see in a keyring."""

    priority = 1.0  # type: ignore[assignment]  # a property of the class there

    def get_password(self, service: str, username: str) -> str | None:
        found: str | None = _kept().get(f"{service}/{username}")
        return found

    def set_password(self, service: str, username: str, password: str) -> None:
        _keep({**_kept(), f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        kept = _kept()
        if kept.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("there is none")
        _keep(kept)


class Forgetful(Working):
    """Takes everything and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class Locked(Working):
    """Nobody unlocked it; says what it was given, as some do."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"cannot keep {password}")


class Deaf(Working):
    """Cannot be read."""

    def get_password(self, service: str, username: str) -> str | None:
        raise OSError("no bus")


def _file() -> Path:
    return Path(os.environ[PLACE])


def _kept() -> dict[str, Any]:
    return json.loads(_file().read_text("utf-8")) if _file().exists() else {}


def _keep(passwords: dict[str, Any]) -> None:
    _file().write_text(json.dumps(passwords), "utf-8")
