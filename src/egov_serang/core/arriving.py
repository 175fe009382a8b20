"""The head of an answer that brings a file, or the rest of one: what of the file follows, or why it cannot be used.

Source: RFC 9110 sections 14.4 (Content-Range) and 15.3.7 (206).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from egov_serang.core.message import Response, Stream
from egov_serang.errors import UnexpectedReply

_RANGE: Final = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")
_OK, _PARTIAL = 200, 206

OTHER_PART: Final = "wrong_range"
"""The code of an answer whose bytes do not go where those that are missing go."""


@dataclass(slots=True, eq=False)
class Incoming:
    """An answer that brings a file, or the rest of one."""

    stream: Stream
    etag: str | None
    media_type: str
    start: int | None = None
    """The first byte it brings of a part; None for the whole file."""
    total: int = 0
    """Bytes of the whole file; 0 where the service does not say."""
    request_id: str = ""
    wrong: UnexpectedReply | None = None
    """Why it is not what was asked for. It is raised once the stream is closed."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """Reads it.

    Args:
        start: what was asked for, the first byte that is missing; 0 for the whole file.
    """

    start: int

    def __call__(self, response: Response) -> Incoming:
        if response.stream is None:
            raise TypeError("the call of a download must ask for a stream")
        headers = response.headers
        length = headers.get("content-length", "")
        found = Incoming(response.stream, headers.get("etag"), headers.get("content-type", "application/octet-stream"))
        if response.status == _PARTIAL:
            told = _RANGE.fullmatch(headers.get("content-range", "").strip())
            first, last, found.total = map(int, told.groups()) if told else (0, 0, 0)
            found.start = first
            asked = self.start > 0 and first == self.start and "content-encoding" not in headers
            framed = first <= last < found.total and length in {"", str(last - first + 1)}
            if not asked or not framed:
                found.wrong = unfit("the answer is not the part of the file that was asked for", OTHER_PART)
        elif response.status != _OK:
            found.wrong = unfit(f"the service answers {response.status} instead of the file", "wrong_status")
        elif length.isdigit() and "content-encoding" not in headers:
            found.total = int(length)
        return found


def unfit(text: str, code: str) -> UnexpectedReply:
    """The error for an answer that cannot be used."""
    return UnexpectedReply(text, code=code, sent="yes")
