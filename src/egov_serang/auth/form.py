"""The body of a request to an authorization server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode


class Form:
    """Fields, urlencoded; its `repr` shows nothing, for they may be secrets."""

    __slots__ = ("_content",)
    content_type = "application/x-www-form-urlencoded"

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._content = urlencode(fields).encode()

    @property
    def length(self) -> int:
        return len(self._content)

    def chunks(self) -> Iterator[bytes]:
        return iter((self._content,))
