"""Remembering nonces, so that a signed message counts once. Bounded, and closed when full.

A signature is good for 300 s, and 30 s of skew either way, so a nonce must be remembered for 361 s. At 4,500 messages a
second that makes 1.63 million; `MemoryNonces` holds 2 million by default, 220 MB when full
(measured: benchmarks/signatures.py --nonces).
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Final, Protocol

from egov_serang.core import forks
from egov_serang.errors import SignatureInvalid

CAP: Final = 2_000_000
_SPAN_S: Final = 60
"""Nonces are forgotten together, by default those of one minute at a time."""


class NonceStore(Protocol):
    """Where nonces are remembered. One store serves all verifiers that share keys: processes, machines."""

    def first_time(self, keyid: str, nonce: str, *, now: float, until: float) -> bool:
        """Remember a nonce of a message whose signature holds.

        Args:
            keyid: whose it is; the same nonce of another key is another nonce.
            nonce: as signed.
            now: seconds since the epoch.
            until: when it may be forgotten, in seconds since the epoch.

        Returns:
            False where it was remembered already: the message is a replay.

        Raises:
            SignatureInvalid: the store is full (`nonce_store_full`); what cannot be remembered must not be accepted.
        """
        ...


class HandledStore(NonceStore, Protocol):
    """A store that can also be asked. Events count as handled only after the application said so, not on arrival."""

    def seen(self, keyid: str, nonce: str, *, now: float) -> bool:
        """Whether it is remembered; arguments as in `first_time`."""
        ...


class MemoryNonces:
    """Remembers in this process. Thread-safe.

    Args:
        cap: most nonces at once.
        span_s: seconds whose nonces are forgotten together; more of them where nonces live for days.
    """

    def __init__(self, cap: int = CAP, *, span_s: int = _SPAN_S) -> None:
        self._cap = cap
        self._span_s = span_s
        self._spans: dict[int, set[int]] = {}
        self._swept = 0.0
        self._lock = forks.lock()

    def __len__(self) -> int:
        return sum(map(len, self._spans.values()))

    def first_time(self, keyid: str, nonce: str, *, now: float, until: float) -> bool:
        """See `NonceStore`."""
        mark = int.from_bytes(_mark(keyid, nonce))
        held = 0
        with self._lock:
            self._sweep(now)
            for marks in self._spans.values():
                if mark in marks:
                    return False
                held += len(marks)
            if held >= self._cap:
                raise _full()
            self._spans.setdefault(int(until // self._span_s), set()).add(mark)
            return True

    def seen(self, keyid: str, nonce: str, *, now: float) -> bool:
        """See `HandledStore`."""
        mark = int.from_bytes(_mark(keyid, nonce))
        with self._lock:
            self._sweep(now)
            return any(mark in marks for marks in self._spans.values())

    def _sweep(self, now: float) -> None:
        if now // self._span_s == self._swept:
            return
        self._swept = now // self._span_s
        for span in [span for span in self._spans if (span + 1) * self._span_s <= now]:
            del self._spans[span]


class SqliteNonces:
    """Remembers in a SQLite file, for several processes of one machine and over restarts. Thread-safe.

    Args:
        path: the file; made 0600 when it does not exist.
        cap: most nonces at once.
    """

    def __init__(self, path: Path, cap: int = CAP) -> None:
        path.touch(mode=0o600)
        self._cap = cap
        self._lock = forks.lock()
        self._swept = 0.0
        self._database = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        # A machine that fails may forget the last few: their messages are as stale as its clock then.
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=NORMAL",
            "CREATE TABLE IF NOT EXISTS nonce (mark BLOB PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID",
            "CREATE INDEX IF NOT EXISTS nonce_until ON nonce (until)",
        ):
            self._database.execute(statement)

    def __len__(self) -> int:
        (count,) = self._database.execute("SELECT count(*) FROM nonce").fetchone()
        return int(count)

    def first_time(self, keyid: str, nonce: str, *, now: float, until: float) -> bool:
        """See `NonceStore`."""
        with self._lock:
            self._sweep(now)
            done = self._database.execute("INSERT OR IGNORE INTO nonce VALUES (?, ?)", (_mark(keyid, nonce), until))
            return done.rowcount == 1

    def seen(self, keyid: str, nonce: str, *, now: float) -> bool:
        """See `HandledStore`."""
        with self._lock:
            found = self._database.execute(
                "SELECT 1 FROM nonce WHERE mark = ? AND until > ?", (_mark(keyid, nonce), now)
            ).fetchone()
            return found is not None

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _sweep(self, now: float) -> None:
        """Every second: forget what is over, and see whether there is room."""
        if abs(now - self._swept) < 1:
            return
        self._database.execute("DELETE FROM nonce WHERE until <= ?", (now,))
        if len(self) >= self._cap:
            raise _full()
        self._swept = now


def _mark(keyid: str, nonce: str) -> bytes:
    """128 bits in place of key and nonce, whose length is a stranger's choice."""
    return hashlib.blake2b(f"{keyid}\n{nonce}".encode(), digest_size=16).digest()


def _full() -> SignatureInvalid:
    return SignatureInvalid("no more nonces can be remembered", code="nonce_store_full", hint="Raise the store's cap")
