"""What reached the sandbox, for tests: a bounded list without bodies, headers, ids or anything a person could be in."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from typing import Final

_MAX: Final = 50_000
_CALLS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Record:
    """One request.

    Args:
        route: the template that matched, or None when no route did.
        attempt: 1 for the first request of a call, 2 for its first repetition and so on; see `Attempts`.
        signature: `none`, `refused` or `valid`.
        replayed: whether a kept answer was given again.
        cut: whether the connection was cut instead of answering.
        at: when it arrived, ISO 8601: real time, UTC, wherever the city's clock stands.
        seq: its place in the order of answers, from 1; given by `Records.add`.
    """

    method: str
    route: str | None
    operation: str | None
    status: int
    attempt: int
    signature: str
    replayed: bool
    client_id: str | None
    cut: bool
    ms: float
    at: str
    seq: int = 0


class Attempts:
    """How often each of the last 10,000 calls was sent: calls by their `X-Correlation-Id` (contract-v1 section 1).

    An id is a client's own text, so only a hash is kept, under a key that nobody else has.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._sent: OrderedDict[bytes, int] = OrderedDict()

    def count(self, correlation_id: bytes | None) -> int:
        """Count one more request of this call; a request without an id is a call of its own."""
        if correlation_id is None:
            return 1
        call = hashlib.blake2b(correlation_id, key=self._key, digest_size=16).digest()
        self._sent[call] = self._sent.pop(call, 0) + 1
        if len(self._sent) > _CALLS_MAX:
            self._sent.popitem(last=False)
        return self._sent[call]


class Records:
    """The last 50,000 requests, and how often each operation was called."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=_MAX)
        self.clear()

    def add(self, record: Record) -> None:
        """Append one."""
        self.seq += 1
        self._records.append(replace(record, seq=self.seq))
        self.calls[record.operation or "unmatched"] += 1

    def last(self) -> list[Record]:
        """All that is held, oldest first."""
        return list(self._records)

    def since(self, seq: int, limit: int) -> list[Record]:
        """The newest of those after `seq`, at most `limit`, newest first."""
        return list(islice(takewhile(lambda record: record.seq > seq, reversed(self._records)), limit))

    def clear(self) -> None:
        """Forget all."""
        self._records.clear()
        self.calls: Counter[str] = Counter()
        self.attempts = Attempts()
        self.seq = 0
        """That of the newest."""
        self.run = secrets.token_hex(4)
        """Another after every start and reset: what a reader saw before is not continued."""
