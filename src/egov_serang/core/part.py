"""A download on its way into a file: `NAME.part`, what it is a part of, and the moment it becomes `NAME`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from egov_serang.core.call import invalid

_PIECE: Final = 1024 * 1024
_FLAGS: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_OWNER_ALONE: Final = 0o600


class Part:
    """The bytes that have come so far, for their owner alone (0600), and beside them a note of which version they are.

    Args:
        target: where the whole file goes.
        sha256: what it must have in the end, hexadecimal; None where nobody knows, and then nothing is resumed.

    Raises:
        Invalid: the target cannot be a file.
    """

    def __init__(self, target: Path, sha256: str | None) -> None:
        if not target.name or target.is_dir():
            raise invalid("path", "names a folder, not a file", "path")
        if not target.parent.is_dir():
            raise invalid("path", "its folder does not exist", "path")
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self._note = target.with_name(target.name + ".part.json")
        self._sha256 = sha256
        self._file: BinaryIO | None = None
        self._mark = (0, hashlib.sha256())
        self.digest = hashlib.sha256()
        self.size = 0
        self.etag: str | None = None
        """The strong entity tag of what the part is of; None where it cannot be gone on with."""

    def take_up(self, size: int | None = None) -> None:
        """Go on with what an earlier process left, if it is a part of the same file.

        Args:
            size: of the whole file, if it is known. The last byte and what is beyond are forgotten: the service is
                asked for one byte at least, for it has the last word on whether the file may still be had.

        Raises:
            Invalid: somebody else is downloading it now.
        """
        note = self._noted()
        if self._sha256 is None or note.get("sha256") != self._sha256 or not self.path.is_file():
            return
        file = self._open()
        if size is not None and os.fstat(file.fileno()).st_size >= size:
            file.truncate(max(0, size - 1))
        while piece := file.read(_PIECE):
            self.size += len(piece)
            self.digest.update(piece)
        self.etag = str(note["etag"])
        self.mark()

    def begin(self, etag: str | None) -> None:
        """Begin anew, with an answer that brings the whole file.

        Args:
            etag: of this version; a weak one promises no equal bytes and counts as none.
        """
        self._open().truncate(0)
        self._open().seek(0)
        self.size, self.digest = 0, hashlib.sha256()
        self.etag = etag if etag is not None and not etag.startswith("W/") and self._sha256 is not None else None
        self._note.unlink(missing_ok=True)
        if self.etag is not None:
            note = os.open(self._note, _FLAGS | os.O_TRUNC, _OWNER_ALONE)
            with os.fdopen(note, "w", encoding="utf-8") as file:
                json.dump({"etag": self.etag, "sha256": self._sha256}, file)
        self.mark()

    def mark(self) -> None:
        """Remember this place, to come back to when what follows turns out to be damaged."""
        self._mark = (self.size, self.digest.copy())

    def back(self) -> None:
        """Come back to the mark."""
        self.size, self.digest = self._mark[0], self._mark[1].copy()
        self._open().seek(self.size)
        self._open().truncate()

    def write(self, piece: bytes) -> None:
        """Add a piece."""
        self._open().write(piece)
        self.size += len(piece)
        self.digest.update(piece)

    def finish(self) -> None:
        """Make it the file: on the disk before it has the name, so that no power cut leaves half of one under it."""
        file = self._open()
        file.flush()
        os.fsync(file.fileno())
        if sys.platform == "win32":
            self.close(keep=True)  # an open file cannot be renamed there
        os.replace(self.path, self.target)
        self.close(keep=True)
        self._note.unlink(missing_ok=True)
        if sys.platform != "win32":
            folder = os.open(self.target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    @property
    def is_kept(self) -> bool:
        """Whether closing leaves it for the next time."""
        return self._file is not None and self.etag is not None and self.size > 0

    def discard(self) -> None:
        """Leave nothing behind."""
        self.etag = None
        self.close()

    def close(self, *, keep: bool = False) -> None:
        """Leave what has come for the next time; nothing where that could not use it.

        Args:
            keep: it has become the file already.
        """
        keep = keep or self.is_kept
        file, self._file = self._file, None
        if file is None:
            return
        if sys.platform == "win32":
            file.close()  # an open file cannot be removed there
        if not keep:  # before it is closed: from then on it may be somebody else's
            self.path.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)
        file.close()

    def _noted(self) -> dict[str, Any]:
        try:
            note: object = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        known = cast("dict[str, Any]", note) if isinstance(note, dict) else {}
        return known if isinstance(known.get("etag"), str) else {}

    def _open(self) -> BinaryIO:
        if self._file is None:
            opened = os.open(self.path, _FLAGS, _OWNER_ALONE)
            file = os.fdopen(opened, "r+b")
            try:
                self._own(file)
            except BaseException:
                file.close()
                raise
            self._file = file
        return self._file

    def _own(self, file: BinaryIO) -> None:
        """Two processes that write one part would make a third file of it."""
        if sys.platform == "win32":
            return
        import fcntl  # noqa: PLC0415 - not everywhere; a lock on the part itself leaves no third file behind

        busy = False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            busy = True
        except OSError:
            pass  # a file system without locks: the checksum in the end still tells
        if not busy:  # whoever had the lock until now may have finished it meanwhile, and this is their file
            try:
                busy = not os.path.samestat(os.fstat(file.fileno()), os.stat(self.path))
            except FileNotFoundError:
                busy = True
        if busy:
            raise invalid("path", "another download is writing to it now", "busy")
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) != _OWNER_ALONE:
            with contextlib.suppress(OSError):  # a file system without modes
                os.fchmod(file.fileno(), _OWNER_ALONE)
