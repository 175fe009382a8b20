"""Credentials that are sent as they are: an API key, a user and password, a token somebody else obtained.

Source: contract-v1 section 1 (`api_key`, `basic`, `bearer`), RFC 7617, RFC 6750.
"""

from __future__ import annotations

import base64
import re
from typing import Final, Literal, Never

from egov_serang.errors import ConfigError
from egov_serang.types import Secret

Scheme = Literal["api_key", "basic", "bearer"]

_VISIBLE: Final = re.compile("[\x21-\x7e]+")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
_WORDS: Final = {"api_key": "API key", "basic": "password", "bearer": "token"}


class StaticCredential:
    """One credential in a place of its own. What it holds is never shown.

    Args:
        scheme: how it is written.
        name: of the header or query parameter.
        in_query: whether it is a query parameter.
        value: the API key, password or token.
        user: of `basic`.

    Raises:
        ConfigError: it is empty, or cannot be sent in a header.
    """

    __slots__ = ("_secrets", "_value", "in_query", "name")

    def __init__(self, scheme: Scheme, name: str, value: Secret, *, in_query: bool = False, user: str = "") -> None:
        self.name, self.in_query = name, in_query
        if scheme == "basic":
            pair = f"{user}:{value.reveal()}"
            if _CONTROL.search(pair) is None and value.reveal():
                encoded = base64.b64encode(pair.encode()).decode()
                self._value = f"Basic {encoded}"
                self._secrets: tuple[str, ...] = (encoded, value.reveal())
                return
        elif _VISIBLE.fullmatch(value.reveal()):
            self._value = f"Bearer {value.reveal()}" if scheme == "bearer" else value.reveal()
            self._secrets = (value.reveal(),)
            return
        del value  # the frame of this error must not hold it
        raise ConfigError(
            f"the {_WORDS[scheme]} is empty or holds characters that cannot be sent",
            code="config_value",
            hint="It is one line of visible ASCII characters; a password may have blanks and other letters in it",
        )

    def text(self) -> str:
        """The whole value of the header or parameter."""
        return self._value

    def secrets(self) -> tuple[str, ...]:
        """What of it nobody may repeat."""
        return self._secrets

    def __repr__(self) -> str:
        return f"<StaticCredential {self.name}>"

    def __reduce__(self) -> Never:
        raise TypeError("credentials cannot be pickled or copied: pass the configuration instead")
