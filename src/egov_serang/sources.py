"""Where keys, passphrases and secrets are kept: a file, an environment variable, the keyring of the operating system.

A setting names the place, never the thing: `keys/message.pem`, `env:EGOV_MESSAGE_KEY`, `keyring:egov-serang/message`.
A file whose own name begins so is written `./env:...`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from egov_serang.errors import ConfigError
from egov_serang.types import Secret

_ENVIRONMENT: Final = "env:"
_KEYRING: Final = "keyring:"


def file_of(source: str | Path) -> Path | None:
    """The file a setting names; None where it names another place."""
    if isinstance(source, str) and source.startswith((_ENVIRONMENT, _KEYRING)):
        return None
    return Path(source).expanduser()


def located(folder: Path, source: str) -> str:
    """The same place, a relative path counted from a folder."""
    file = file_of(source)
    return source if file is None else str(folder / file)


def read(source: str | Path, what: str) -> bytes:
    """What is kept there.

    Args:
        source: the place.
        what: for the error: `key`, `passphrase`, `secret`.

    Raises:
        ConfigError: it is not there or cannot be read; names the place and the remedy, never what it holds.
    """
    file = file_of(source)
    if file is not None:
        try:
            return file.read_bytes()
        except OSError as error:
            reason = error.strerror
        raise ConfigError(
            f"the {what} file {file} cannot be read: {reason}",
            code="key_file",
            hint=f"Check the path and its permissions; a {what} file should be readable by its owner only",
        )
    kind, _, name = str(source).partition(":")
    return (_from_environment if kind == "env" else _from_keyring)(name, what)


def read_secret(source: str | Path, what: str) -> Secret:
    """The text kept there, without the blanks and line ends around it. Errors as `read`, and where it is no text."""
    try:
        return Secret(read(source, what).decode("utf-8").strip())
    except UnicodeDecodeError:
        pass  # raised below instead, for this error holds the bytes
    raise ConfigError(f"the {what} in {source} is not UTF-8 text", code="key_file")


def _from_environment(name: str, what: str) -> bytes:
    if not os.environ.get(name):
        raise ConfigError(
            f"the environment variable {name} is not set", code="key_file", hint=f"It should hold the {what}"
        )
    # Files of variables have one line for each, so that a PEM comes with its line ends spelled out.
    return os.environ[name].replace("\\n", "\n").encode() if what == "key" else os.environ[name].encode()


def _from_keyring(place: str, what: str) -> bytes:
    service, slash, name = place.rpartition("/")
    if not slash or not service or not name:
        raise ConfigError(f"keyring:{place} must look like keyring:service/name", code="config_value")
    try:
        import keyring  # noqa: PLC0415 - an extra
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        reason, code = f"keyring:{place} needs the library keyring, which is not installed", "extra_missing"
        hint = "pip install 'egov-serang[keyring]'"
    else:
        code = "key_file"
        try:
            found = keyring.get_password(service, name)
        except (KeyringError, RuntimeError, OSError) as error:
            reason = f"the keyring cannot be read ({type(error).__name__})"
            hint = "Unlock it; a machine without a desktop has none: use a file or an environment variable there"
        else:
            if found:
                return found.encode()
            reason, hint = f"the keyring holds no {what} under {place}", f"Put it there: keyring set {service} {name}"
    raise ConfigError(reason, code=code, hint=hint)
