"""Checks of an answer: its framing, its coding, its size. Pure, the same for every transport."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from egov_serang.core.message import FaultKind, Headers, TransportFault

_GZIP = 31  # zlib's wbits for a gzip wrapper, header and checksum verified
_NO_CONTENT = frozenset({204, 304})
_OK, _ERRORS = 200, 400


def _bad(kind: FaultKind, reason: str, *, permanent: bool = False) -> TransportFault:
    return TransportFault(kind, sent="maybe", reason=reason, permanent=permanent)


def fields(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Header fields as text. Latin-1 never fails; what is not ASCII in a field is the service's own affair."""
    return Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)


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
        self._left = max_body
        self._wire_left = max_body
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
            TransportFault: `too_large` over the limit, before or after decoding; `protocol` for what is not gzip.
        """
        self._wire_left -= len(piece)
        if self._wire_left < 0:
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
        while piece:
            if self._gzip is None or self._gzip.eof:  # gzip members may follow one another (RFC 1952 section 2.2)
                self._gzip = zlib.decompressobj(_GZIP)
            try:
                # One byte over the limit is enough to know, so a bomb is never inflated further.
                part = self._gzip.decompress(piece, self._left + 1)
            except zlib.error:
                part = None
            if part is None:
                raise _bad("protocol", "the answer claims gzip and is not")
            self._left -= len(part)
            if self._left < 0:
                raise self._too_large()
            decoded.append(part)
            piece = self._gzip.unused_data
        return b"".join(decoded)

    @staticmethod
    def _too_large() -> TransportFault:
        return _bad("too_large", "the answer is larger than allowed", permanent=True)
