"""Checks of an answer: its framing, its coding, its size. Pure, the same for every transport."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence

from egov_serang.core.message import FaultKind, Headers, TransportFault

_GZIP = 31  # zlib's wbits for a gzip wrapper, header and checksum verified
_NO_CONTENT = frozenset({204, 304})
_OK, _ERRORS = 200, 400
_MOST_FIELDS, _LONGEST_FIELD = 64, 8 * 1024
_MOST_INTERIMS = 16
_INTERIMS, _HEAD_END = (b"HTTP/1.1 1", b"HTTP/1.0 1"), b"\r\n\r\n"
_FREE, _RATIO = 1024 * 1024, 100
"""What may be decoded of a few bytes at all, and from how much of it on one byte may become a hundred at most."""


def _bad(kind: FaultKind, reason: str, *, permanent: bool = False) -> TransportFault:
    return TransportFault(kind, sent="maybe", reason=reason, permanent=permanent)


def fields(raw: Sequence[tuple[bytes, bytes]]) -> Headers:
    """Header fields as text. Latin-1 never fails; what is not ASCII in a field is the service's own affair.

    Raises:
        TransportFault: as `check_size` does.
    """
    check_size(raw)
    return Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)


def check_size(raw: Collection[tuple[bytes, bytes]] | Collection[tuple[str, str]]) -> None:
    """Refuse a head larger than any of ours would be.

    Raises:
        TransportFault: `protocol`, permanent: more fields than 64, or one over 8 KiB.
    """
    if len(raw) > _MOST_FIELDS:
        raise _bad("protocol", f"the answer has more than {_MOST_FIELDS} header fields", permanent=True)
    if any(len(value) > _LONGEST_FIELD for _, value in raw):
        raise _bad("protocol", "a header field of the answer is longer than 8 KiB", permanent=True)


def check_framing(method: str, status: int, headers: Headers) -> None:
    """Refuse an answer whose end cannot be known for certain (RFC 9112 section 6.3).

    Raises:
        TransportFault: `protocol` for an interim status or two framings at once, `truncated` for a body without length,
            which a cut connection would end unnoticed.
    """
    if status < _OK:
        raise _bad("protocol", "the service changed the protocol")
    measured, chunked = "content-length" in headers, "transfer-encoding" in headers
    if measured and chunked:
        raise _bad("protocol", "the answer gives two lengths (Content-Length and Transfer-Encoding)")
    if not measured and not chunked and method != "HEAD" and status not in _NO_CONTENT:
        raise _bad("truncated", "the answer gives no length, so its end cannot be told from a cut connection")


def is_streamed(wanted: bool, status: int) -> bool:
    """Whether to hand the body out in pieces: errors are always read whole, for somebody must read the reason."""
    return wanted and status < _ERRORS


class Intake:
    """The body of one answer on its way in: decoded piece by piece, never larger than allowed."""

    def __init__(self, method: str, status: int, headers: Headers, max_body: int) -> None:
        self._max_body = max_body
        self._taken = self._given = 0
        empty = method == "HEAD" or status in _NO_CONTENT
        coding = "" if empty else headers.get("content-encoding", "").strip().lower()
        if coding not in {"", "identity", "gzip", "x-gzip"}:
            raise _bad("protocol", "the answer is in a coding that was not asked for")
        self._gzip = zlib.decompressobj(_GZIP) if coding.endswith("gzip") else None
        length = headers.get("content-length", "")
        if not empty and length.isdecimal() and int(length) > max_body:
            raise self._too_large()

    def feed(self, piece: bytes) -> bytes:
        """Decode one piece as it came.

        Raises:
            TransportFault: `too_large` over the limit, before or after decoding, and for what grows a hundredfold by
                decoding; `protocol` for what is not gzip.
        """
        self._taken += len(piece)
        if self._taken > self._max_body:
            raise self._too_large()
        return piece if self._gzip is None else self._inflate(piece)

    def finish(self) -> None:
        """Say that no more comes.

        Raises:
            TransportFault: `truncated` when the gzip stream did not reach its end.
        """
        if self._gzip is not None and not self._gzip.eof:
            raise _bad("truncated", "the compressed answer ended early")

    def _inflate(self, piece: bytes) -> bytes:
        decoded: list[bytes] = []
        limit = min(self._max_body, max(_FREE, _RATIO * self._taken))
        while piece:
            if self._gzip is None or self._gzip.eof:  # gzip members may follow one another (RFC 1952 section 2.2)
                self._gzip = zlib.decompressobj(_GZIP)
            try:
                # One byte over the limit is enough to know, so a bomb is never inflated further.
                part = self._gzip.decompress(piece, limit - self._given + 1)
            except zlib.error:
                part = None
            if part is None:
                raise _bad("protocol", "the answer claims gzip and is not")
            self._given += len(part)
            if self._given > limit:
                raise self._too_large() if limit == self._max_body else self._bomb()
            decoded.append(part)
            piece = self._gzip.unused_data
        return b"".join(decoded)

    @staticmethod
    def _too_large() -> TransportFault:
        return _bad("too_large", "the answer is larger than allowed", permanent=True)

    @staticmethod
    def _bomb() -> TransportFault:
        return _bad("too_large", "the answer becomes more than a hundred times larger by decoding", permanent=True)


class Interims:
    """Counts the interim answers (1xx) before an answer, which HTTP libraries skip without end.

    Fed with what comes from the line, from the first byte of an answer on; it looks closer only where an interim answer
    begins there, which is next to never.
    """

    def __init__(self) -> None:
        self._head = b""
        self._left = _MOST_INTERIMS

    @staticmethod
    def begin_with(data: bytes) -> bool:
        """Whether the first bytes of an answer are, or may become, an interim answer."""
        start = data[:10]
        return any(interim.startswith(start) for interim in _INTERIMS)

    def feed(self, data: bytes) -> bool:
        """Take what came; whether the final answer has still not begun.

        Raises:
            TransportFault: `protocol`, permanent: too many.
        """
        self._head += data
        while self.begin_with(self._head):
            interim, end, rest = self._head.partition(_HEAD_END)
            if not end:
                return True
            self._left -= 1
            if self._left < 0 or len(interim) > _LONGEST_FIELD:
                raise _bad("protocol", "too many interim answers (1xx)", permanent=True)
            self._head = rest
        self._head = b""
        return False
