"""Nonces and assertion ids already seen, in a file of their own so that remembering one never waits for a writer."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path


class Replays:
    """Remembers names until they expire, over a restart too.

    Args:
        path: the SQLite file. Commits do not wait for the disk: what must be survived is a killed process, not a
            power cut, and the operating system keeps what a process has written.
    """

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._lock = threading.Lock()
        self._next_sweep = 0.0
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE IF NOT EXISTS seen (name TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID",
        ):
            self._connection.execute(statement)

    def first_time(self, kind: str, owner: str, value: str, *, now: float, until: float) -> bool:
        """Remember a value; False when it was known already.

        Args:
            kind: what it is, such as `nonce`.
            owner: whose it is; values of different owners do not meet.
            value: the value.
            now: seconds since the epoch.
            until: when it may be forgotten, since its message is stale by then.
        """
        with self._lock:
            if now >= self._next_sweep:
                self._connection.execute("DELETE FROM seen WHERE until < ?", (now,))
                self._next_sweep = now + 60
            name = f"{kind}\n{owner}\n{value}"
            cursor = self._connection.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (name, until))
            return cursor.rowcount == 1

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._connection.execute("DELETE FROM seen")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
