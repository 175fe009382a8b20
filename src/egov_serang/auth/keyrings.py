"""The keyring of the operating system, for sessions: every failure is one error that says what to do."""

from __future__ import annotations

import contextlib
from typing import Final, Literal

from egov_serang.errors import ConfigError

_SERVICE: Final = "egov-serang"
REMEDY: Final = (
    "Nothing was sent yet. Unlock or install a keyring (pip install 'egov-serang[keyring]'); a machine without a "
    "desktop has none: log in with --token-file there, which keeps the tokens in a file only you can read"
)


def put(name: str, text: str) -> None:
    """Keep a text.

    Raises:
        ConfigError: it cannot be kept, or the library is not installed; so do the others.
    """
    with _errors():
        import keyring  # noqa: PLC0415 - an extra

        keyring.set_password(_SERVICE, name, text)


def get(name: str) -> str | None:
    """The text that is kept; None where there is none."""
    with _errors():
        import keyring  # noqa: PLC0415 - an extra

        return keyring.get_password(_SERVICE, name)


def delete(name: str) -> None:
    """Forget it, if it is there."""
    with _errors():
        import keyring  # noqa: PLC0415 - an extra
        from keyring.errors import PasswordDeleteError  # noqa: PLC0415

        with contextlib.suppress(PasswordDeleteError):
            keyring.delete_password(_SERVICE, name)


class _errors(contextlib.AbstractContextManager[None]):
    """Backends raise what they like, with what they were given in it."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> Literal[False]:
        if isinstance(error, ImportError):
            raise ConfigError("the library keyring is not installed", code="extra_missing", hint=REMEDY) from None
        if isinstance(error, Exception) and not isinstance(error, ConfigError):
            what = f"the keyring cannot be used ({type(error).__name__})"
            raise ConfigError(what, code="keyring", hint=REMEDY) from None
        return False
