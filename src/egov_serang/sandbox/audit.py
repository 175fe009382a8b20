"""The audit trail: which officer did what through which client. Data and ids of what was acted on stay out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """What an officer did through a client."""

    at: str
    client_id: str
    actor: str = field(repr=False)
    unit: str
    loa: str
    operation: str | None


class AuditTrail:
    """The last 10,000 calls made for officers."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)

    def add(self, entry: Entry) -> None:
        """Append one."""
        self._entries.append(entry)

    def all(self) -> list[Entry]:
        """What is held, oldest first."""
        return list(self._entries)

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
