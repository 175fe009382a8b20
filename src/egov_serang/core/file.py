"""A file to send: read in pieces, as often as a retry wants it, and known again at every reading."""

from __future__ import annotations

import hashlib
import inspect
import io
import mimetypes
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, TypeAlias, cast

from egov_serang.core.call import invalid
from egov_serang.errors import Invalid, Sent

_PIECE: Final = 64 * 1024
_MAGIC: Final = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"%PDF-", "application/pdf"))

Progress: TypeAlias = Callable[[int, int], object]
"""Told how far a transfer is: bytes so far, bytes in all (0 where nobody knows). What it raises ends the call."""


class Mark(NamedTuple):
    """What a file was when it was first read for an upload: every later reading must find the same."""

    size: int
    sha256: bytes
    stamp: tuple[int, ...] | None


@dataclass(frozen=True, slots=True, repr=False)
class File:
    """A file to send: bytes, a path, or an open binary file; read in pieces of 64 KiB, anew at every attempt.

    Args:
        source: the bytes, where they are, or a binary file that can seek, sent from where it stands now and left open.
        filename: the name the service sees; a path's own name by default.
        media_type: such as `image/jpeg`; guessed from the name, or from how the bytes begin, by default.
        progress: called with the bytes handed to the connection so far and the bytes in all: with 0 when an attempt
            begins, so the count goes back when a retry rewinds the file. An exception it raises ends the call.

    Raises:
        Invalid: there is no such file, it is not readable, or it cannot be read twice; nothing was sent.
    """

    source: bytes | str | Path | BinaryIO
    filename: str = ""
    media_type: str = ""
    progress: Progress | None = field(default=None, compare=False)
    _start: int = field(default=0, init=False, compare=False)

    def __post_init__(self) -> None:
        source, name = _opened(self.source)
        object.__setattr__(self, "source", source)
        if not isinstance(source, bytes | Path):
            object.__setattr__(self, "_start", source.tell())
        if not self.filename:
            object.__setattr__(self, "filename", name)
        if not self.media_type:
            guess = mimetypes.guess_type(self.filename)[0] or self._sniff()
            object.__setattr__(self, "media_type", guess)
        if not self.filename:
            object.__setattr__(self, "filename", "file" + (mimetypes.guess_extension(self.media_type) or ""))
        if self.progress is not None and (
            not callable(self.progress) or inspect.iscoroutinefunction(self.progress)  # would never be awaited
        ):
            raise invalid("progress", "must be a plain function of two numbers", "type")

    @classmethod
    def of(cls, source: FileSource) -> File:
        """A file from whatever names one: a path as text, a `Path`, bytes, a binary file, or a `File` as it is."""
        return source if isinstance(source, File) else cls(source)

    @property
    def length(self) -> int:
        """Bytes to send, as of now."""
        if isinstance(self.source, bytes):
            return len(self.source)
        if isinstance(self.source, Path):
            return self.source.stat().st_size
        stream = cast("BinaryIO", self.source)
        stands = stream.tell()
        end = stream.seek(0, io.SEEK_END)
        stream.seek(stands)
        return end - self._start

    def chunks(self) -> Iterator[bytes]:
        """The content from its beginning, anew at each call.

        Raises:
            Invalid: it cannot be read any more.
        """
        if isinstance(self.source, bytes):
            for start in range(0, len(self.source), _PIECE):
                yield self.source[start : start + _PIECE]
            return
        try:
            yield from self._read()
        except (OSError, ValueError):
            pass  # raised below instead, for these hold the path; ValueError is a file somebody closed
        else:
            return
        raise invalid("file", "cannot be read any more", "file")

    def mark(self) -> Mark:
        """Read it whole once, to know it again."""
        stamp, size, digest = self._stamp(), 0, hashlib.sha256()
        for piece in self.chunks():
            size += len(piece)
            digest.update(piece)
        return Mark(size, digest.digest(), stamp)

    def is_still(self, mark: Mark) -> bool:
        """Whether nothing says that it has changed, without reading it."""
        return self._stamp() == mark.stamp

    def marked(self, mark: Mark, progress: Progress | None = None) -> Iterator[bytes]:
        """The content again, which ends without its end where it is not the marked one.

        Raises:
            Invalid: code `file_changed`, before the last byte of a form was given out.
        """
        digest, size = hashlib.sha256(), 0
        if progress is not None:
            progress(0, mark.size)
        for piece in self.chunks():
            size += len(piece)
            if size > mark.size:
                break
            digest.update(piece)
            yield piece
            if progress is not None:  # only when somebody comes for the next piece is this one gone
                progress(size, mark.size)
        if size != mark.size or digest.digest() != mark.sha256:
            raise changed("no")

    def _read(self) -> Iterator[bytes]:
        if isinstance(self.source, Path):
            with self.source.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield piece
            return
        stream = cast("BinaryIO", self.source)
        stream.seek(self._start)
        while piece := stream.read(_PIECE):
            yield piece

    def _stamp(self) -> tuple[int, ...] | None:
        if not isinstance(self.source, Path):
            return None
        try:
            now = self.source.stat()
        except OSError:
            return ()
        return now.st_size, now.st_mtime_ns, now.st_ino

    def _sniff(self) -> str:
        start = next(self.chunks(), b"")
        if not isinstance(self.source, bytes | Path):
            cast("BinaryIO", self.source).seek(self._start)
        return next((kind for magic, kind in _MAGIC if start.startswith(magic)), "application/octet-stream")

    def __repr__(self) -> str:
        return f"<File {self.media_type}>"


FileSource: TypeAlias = File | bytes | str | Path | BinaryIO
"""Whatever names a file to send."""


def changed(sent: Sent) -> Invalid:
    """The error for a file that is not any more what it was when the upload began."""
    return Invalid(
        "the file changed while it was being sent",
        code="file_changed",
        hint="No attempt sent it whole in its new state. Send it anew when nobody writes to it any more",
        sent=sent,
    )


def _opened(source: object) -> tuple[bytes | Path | BinaryIO, str]:
    """The source in one of its three forms, and the name it has."""
    if isinstance(source, bytes | bytearray):
        return bytes(source), ""
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.is_file() or not os.access(path, os.R_OK):
            raise invalid("file", f"there is no readable file named {path.name}", "file")
        return path, path.name
    stream = cast("BinaryIO", source)
    try:
        binary = stream.seekable() and stream.read(0) == b""
    except (AttributeError, TypeError):
        raise invalid("file", "is none of path, bytes, File, open binary file", "type") from None
    except (OSError, ValueError):
        raise invalid("file", "is closed or cannot be read", "file") from None
    if not binary:
        # Kept in memory or in a temporary file it would be somebody's document lying about: the caller decides that.
        raise invalid(
            "file", "is no binary file that can seek, so no retry could send it again: pass its bytes", "type"
        )
    name = getattr(stream, "name", "")
    return stream, os.path.basename(name) if isinstance(name, str) else ""
