"""Writing a profile into the configuration file, without touching what else is in it."""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from egov_serang.errors import ConfigError

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")


def write(file: Path, profile: str, values: Mapping[str, str | float], *, force: bool) -> None:
    """Add a profile to a file, which only its owner can read.

    Args:
        file: made where it is missing.
        profile: its name.
        values: the settings.
        force: replace a profile of that name.

    Raises:
        ConfigError: the profile exists, the file cannot be read or written, or holds the profile in a form that cannot
            be replaced safely.
    """
    if not _NAME.fullmatch(profile):
        raise ConfigError("a profile's name has letters, digits, _ and - only", code="config_value")
    old = _read(file)
    known = _profiles(file, old)
    if profile in known and not force:
        hint = "Use --force to replace it, or another name with --profile"
        raise ConfigError(f"{file} already has [profile.{profile}]", code="config_exists", hint=hint)
    # JSON's text is TOML's basic string.
    lines = [f"[profile.{profile}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items()), ""]
    kept = _without(old, profile)
    new = (kept.rstrip() + "\n\n" if kept.strip() else "") + "\n".join(lines)
    if _profiles(file, new) != {**known, profile: dict(values)}:
        hint = f"Edit {file} by hand"
        raise ConfigError(f"[profile.{profile}] stands there in a form of its own", code="config_file", hint=hint)
    _replace(file, new)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        reason = (error.strerror or "unreadable") if isinstance(error, OSError) else "it is not UTF-8"
    raise ConfigError(f"{file} cannot be read: {reason}", code="config_file")


def _profiles(file: Path, text: str) -> dict[str, Any]:
    try:
        found: object = tomllib.loads(text).get("profile", {})
    except ValueError:
        found = None
    if isinstance(found, dict):
        return cast("dict[str, Any]", found)
    raise ConfigError(f"{file} is not a configuration file", code="config_file", hint="Mend it, or move it away")


def _without(text: str, profile: str) -> str:
    """The text without the lines of one table."""
    kept: list[str] = []
    inside = False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            inside = line.split("#")[0].strip() == f"[profile.{profile}]"
        if not inside:
            kept.append(line)
    return "".join(kept)


def _replace(file: Path, text: str) -> None:
    """Write beside it and rename: never half a file, and 0600 from the first byte on (mkstemp's own mode)."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(dir=file.parent, prefix=".config-")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as beside:
                beside.write(text)
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = error.strerror
    else:
        return
    raise ConfigError(f"{file} cannot be written: {reason}", code="config_file")
