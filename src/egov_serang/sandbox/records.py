"""What reached the sandbox, for tests: a bounded list without bodies, headers, ids or anything a person could be in."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import Final

_MAX: Final = 50_000


@dataclass(frozen=True, slots=True)
class Record:
    """One request.

    Args:
        route: the template that matched, or None when no route did.
        signature: `none`, `refused` or `valid`.
        replayed: whether a kept answer was given again.
        cut: whether the connection was cut instead of answering.
    """

    method: str
    route: str | None
    operation: str | None
    status: int
    signature: str
    replayed: bool
    client_id: str | None
    cut: bool
    ms: float


class Records:
    """The last 50,000 requests, and how often each operation was called."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=_MAX)
        self.calls: Counter[str] = Counter()

    def add(self, record: Record) -> None:
        """Append one."""
        self._records.append(record)
        self.calls[record.operation or "unmatched"] += 1

    def last(self) -> list[Record]:
        """All that is held, oldest first."""
        return list(self._records)

    def clear(self) -> None:
        """Forget all."""
        self._records.clear()
        self.calls.clear()
