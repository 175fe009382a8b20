"""The file of an outbox: SQLite, every row of it encrypted, safe from a crash and from another process.

In clear are: a number, a state, times, counts. The operation, its arguments, its key and the photos are sealed.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from egov_serang.batch.sealing import Seal
from egov_serang.errors import ConfigError, EgovError

_PIECE: Final = 256 * 1024
_VERSION: Final = 1
_BUSY: Final = 30.0
_OWNER_ALONE: Final = 0o600
_TABLES: Final = (
    "CREATE TABLE entries (id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, added_at REAL NOT NULL,"
    " attempts INTEGER NOT NULL DEFAULT 0, sent_at REAL, due_at REAL NOT NULL DEFAULT 0, document BLOB NOT NULL,"
    " reason BLOB)",
    "CREATE TABLE pieces (entry INTEGER NOT NULL, file INTEGER NOT NULL, number INTEGER NOT NULL, sealed BLOB NOT NULL,"
    " UNIQUE (entry, file, number))",
    "CREATE TABLE sealed (proof BLOB NOT NULL)",
)
_COLUMNS: Final = "id, state, added_at, attempts, sent_at, due_at, document, reason"


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """What is kept of one call.

    Attributes:
        number: its own, never used again.
        state: `waiting`, `sending`, `given_up`.
        added_at: when it was captured, in seconds since the epoch, as are the next two.
        attempts: how often sending it failed.
        sent_at: when the service may have seen it first; None where it certainly has not.
        due_at: when it is tried again.
        document: operation, key, arguments.
        reason: why it could not be sent the last time.
    """

    number: int
    state: str
    added_at: float
    attempts: int
    sent_at: float | None
    due_at: float
    document: dict[str, Any]
    reason: dict[str, Any] | None

    def __repr__(self) -> str:
        return f"<Row {self.number} {self.state}>"


class Store:
    """Rows of one file, for the threads of one process; other processes have stores of their own.

    Args:
        path: of the file; made for its owner alone.
        seal: encrypts what is personal.

    Raises:
        ConfigError: it cannot be made or read, is no outbox, or was made with another key.
    """

    def __init__(self, path: Path, seal: Seal) -> None:
        self.path = path
        self._seal = seal
        self._lock = threading.RLock()
        self._open: sqlite3.Connection | None = None
        self._pid = 0
        with self._mended(), self._writing() as db:
            proof = db.execute("SELECT proof FROM sealed").fetchone()
            if proof is None:
                db.execute("INSERT INTO sealed VALUES (?)", (seal.close(b"", "proof"),))
            else:
                seal.open(proof[0], "proof")

    def add(self, document: dict[str, Any], files: Iterable[Iterable[bytes]]) -> int:
        """Keep a call, whole or not at all: when this returns, a crash or a power cut cannot take it away."""
        with self._mended(), self._writing() as db:
            added = db.execute(
                "INSERT INTO entries (state, added_at, document) VALUES ('waiting', ?, x'')", (time.time(),)
            )
            number = cast("int", added.lastrowid)
            db.execute("UPDATE entries SET document = ? WHERE id = ?", (self._sealed(document, number), number))
            for file, content in enumerate(files):
                for place, piece in enumerate(_regular(content)):
                    sealed = self._seal.close(piece, f"{number}/file {file}/{place}")
                    db.execute("INSERT INTO pieces VALUES (?, ?, ?, ?)", (number, file, place, sealed))
        return number

    def rows(self) -> list[Row]:
        """All of them, oldest first."""
        with self._mended(), self._reading() as db:
            found = db.execute(f"SELECT {_COLUMNS} FROM entries ORDER BY id").fetchall()  # noqa: S608 - a constant
        return [self._row(one) for one in found]

    def row(self, number: int) -> Row | None:
        """The one with this number."""
        with self._mended(), self._reading() as db:
            found = db.execute(f"SELECT {_COLUMNS} FROM entries WHERE id = ?", (number,)).fetchone()  # noqa: S608
        return None if found is None else self._row(found)

    def due(self, now: float, after: int) -> int | None:
        """The oldest after this number that waits and may be tried."""
        with self._mended(), self._reading() as db:
            found = db.execute(
                "SELECT min(id) FROM entries WHERE state = 'waiting' AND due_at <= ? AND id > ?", (now, after)
            )
            return cast("int | None", found.fetchone()[0])

    def recover(self) -> None:
        """What was being sent when a process ended waits again. Only whoever holds the sending lock may ask this."""
        self._change("UPDATE entries SET state = 'waiting' WHERE state = 'sending'")

    def begin(self, number: int, now: float) -> bool:
        """Write down that the service may see it from now on; false where it is not there any more."""
        return self._change(
            "UPDATE entries SET state = 'sending', sent_at = coalesce(sent_at, ?) WHERE id = ? AND state = 'waiting'",
            (now, number),
        )

    def settle(
        self,
        number: int,
        state: str,
        *,
        sent_at: float | None,
        due_at: float,
        failed: bool,
        reason: dict[str, Any] | None,
    ) -> None:
        """Write down how an attempt ended that was no success."""
        sealed = None if reason is None else self._sealed(reason, number, "reason")
        self._change(
            "UPDATE entries SET state = ?, sent_at = ?, due_at = ?, attempts = attempts + ?, reason = ? WHERE id = ?",
            (state, sent_at, due_at, int(failed), sealed, number),
        )

    def renew(self, number: int, document: dict[str, Any], sent_at: float | None) -> bool:
        """Let what was given up wait again."""
        return self._change(
            "UPDATE entries SET state = 'waiting', sent_at = ?, due_at = 0, attempts = 0, reason = NULL, document = ?"
            " WHERE id = ? AND state = 'given_up'",
            (sent_at, self._sealed(document, number), number),
        )

    def erase(self, number: int, *, unless: str = "") -> bool:
        """Forget a call and its files; false where it is not there, or in the state named."""
        with self._mended(), self._writing() as db:
            gone = db.execute("DELETE FROM entries WHERE id = ? AND state != ?", (number, unless)).rowcount
            if gone:
                db.execute("DELETE FROM pieces WHERE entry = ?", (number,))
        return bool(gone)

    def tidy(self) -> None:
        """Shorten what SQLite keeps beside the file, where erased rows stand, encrypted, a while longer."""
        with self._mended(), self._lock:
            self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def file(self, number: int, file: int, size: int) -> BinaryIO:
        """A file of a call, decrypted piece by piece as it is read."""
        return io.BufferedReader(_KeptFile(lambda place: self._piece(number, file, place), size), _PIECE)

    def close(self) -> None:
        """Close the file. The next use opens it again."""
        with self._lock:
            opened, self._open = self._open, None
            if opened is not None and self._pid == os.getpid():
                opened.close()

    def _piece(self, number: int, file: int, place: int) -> bytes:
        with self._mended(), self._reading() as db:
            found = db.execute(
                "SELECT sealed FROM pieces WHERE entry = ? AND file = ? AND number = ?", (number, file, place)
            ).fetchone()
        if found is None:
            raise OSError("this part of the file is gone")  # discarded meanwhile; `File` says it in its own words
        return self._seal.open(found[0], f"{number}/file {file}/{place}")

    def _sealed(self, document: dict[str, Any], number: int, what: str = "call") -> bytes:
        return self._seal.close(json.dumps(document).encode(), f"{number}/{what}")

    def _row(self, found: tuple[Any, ...]) -> Row:
        number, state, added_at, attempts, sent_at, due_at, document, reason = found
        opened = json.loads(self._seal.open(document, f"{number}/call"))
        why = None if reason is None else json.loads(self._seal.open(reason, f"{number}/reason"))
        return Row(number, state, added_at, attempts, sent_at, due_at, opened, why)

    def _change(self, statement: str, values: tuple[Any, ...] = ()) -> bool:
        with self._mended(), self._writing() as db:
            return bool(db.execute(statement, values).rowcount)

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            yield self._connection()

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        """A transaction; it is on the disk when this ends."""
        with self._lock:
            db = self._connection()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        if self._open is None or self._pid != os.getpid():  # SQLite's connections do not survive a fork
            self._open, self._pid = self._connected(), os.getpid()
        return self._open

    def _connected(self) -> sqlite3.Connection:
        # Before SQLite makes it, which would be under the umask; the files beside it get the same mode.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _OWNER_ALONE))
        db = sqlite3.connect(self.path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")  # NORMAL may lose the last commits in a power cut
            db.execute("PRAGMA secure_delete = ON")
            db.execute("BEGIN IMMEDIATE")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in {0, _VERSION}:
                raise sqlite3.DatabaseError("it was made by another version of egov-serang")
            if version == 0:
                if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    raise sqlite3.DatabaseError("it is a database of something else")
                for table in _TABLES:
                    db.execute(table)
                db.execute(f"PRAGMA user_version = {_VERSION}")
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
        return db

    @contextmanager
    def _mended(self) -> Generator[None]:
        """SQLite's and the disk's errors as ours; theirs may hold parts of a statement, and their frames the values."""
        try:
            yield
        except EgovError:
            raise
        except (sqlite3.Error, OSError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        else:
            return
        raise ConfigError(
            f"the outbox {self.path} cannot be used: {reason}",
            code="outbox",
            hint="Name a file in a folder this program may write to, on a disk of this machine that is not full",
        )


class _KeptFile(io.RawIOBase):
    """A file in pieces of one size, of which one is in memory."""

    def __init__(self, piece: Callable[[int], bytes], size: int) -> None:
        self._piece, self._size = piece, size
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            return 0
        place, start = divmod(self._at, _PIECE)
        if self._held[0] != place:
            self._held = (place, self._piece(place))
        found = self._held[1][start : start + len(buffer)]
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


def _regular(content: Iterable[bytes]) -> Generator[bytes]:
    """The same bytes in pieces of one size; the last one may be shorter."""
    held = bytearray()
    for piece in content:
        held += piece
        while len(held) >= _PIECE:
            yield bytes(held[:_PIECE])
            del held[:_PIECE]
    if held:
        yield bytes(held)
