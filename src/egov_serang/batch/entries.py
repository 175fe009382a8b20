"""What an outbox shows of the calls it keeps, and of an attempt to send them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, cast

from egov_serang.batch.packing import shown
from egov_serang.batch.store import Row
from egov_serang.errors import EgovError, Sent
from egov_serang.types import Json

State: TypeAlias = Literal["waiting", "sending", "given_up"]


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """A call an outbox keeps. Its `repr` shows no arguments.

    Attributes:
        id: its number, by which `show` and `discard` take it; never used again.
        operation: what it does, such as `complaints.submit`.
        state: `waiting` for a network or its turn, `sending`, `given_up`.
        added_at: when it was captured.
        attempts: how often the service could not take it.
        sent: whether the service may have seen it: `no`, `maybe`.
        due_at: when it is tried again, where that is not at once.
        code: the code of what stood in its way the last time, such as `attribute_required`; None where nothing did.
        reason: the same in words.
        client_reference: under which it can be found at the service; given by the outbox where the caller did not.
        arguments: what was given, by name: numbers of persons masked, files as their names.
        files: how many files it has.
        size: bytes of these files.
    """

    id: int
    operation: str
    state: State
    added_at: datetime
    attempts: int = 0
    sent: Sent = "no"
    due_at: datetime | None = None
    code: str | None = None
    reason: str | None = None
    client_reference: str | None = None
    arguments: Mapping[str, Json] = field(default_factory=dict[str, Json])
    files: int = 0
    size: int = 0

    @classmethod
    def of(cls, row: Row) -> Entry:
        """As a row has it."""
        document, reason = row.document, row.reason or {}
        return cls(
            id=row.number,
            operation=document["operation"],
            state=cast("State", row.state),
            added_at=datetime.fromtimestamp(row.added_at, UTC),
            attempts=row.attempts,
            sent="no" if row.sent_at is None else "maybe",
            due_at=datetime.fromtimestamp(row.due_at, UTC) if row.due_at else None,
            code=reason.get("code"),
            reason=reason.get("text"),
            client_reference=document["arguments"].get("client_reference"),
            arguments={name: shown(value) for name, value in document["arguments"].items()},
            files=len(document["sizes"]),
            size=sum(document["sizes"]),
        )

    def __repr__(self) -> str:
        return f"<Entry {self.id} {self.operation} {self.state}>"


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """How the sending of one entry ended.

    Attributes:
        entry: as it was before.
        result: what the method gave; None where it failed.
        error: why it failed; None where it did not.
        state: `sent`, or what the entry is now: `waiting`, `given_up`.
    """

    entry: Entry
    result: Any
    error: EgovError | None
    state: Literal["sent", "waiting", "given_up"]

    def __repr__(self) -> str:
        return f"<Outcome {self.entry.id} {self.state}>"


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one `send`.

    Attributes:
        sent: calls that were made, and erased.
        given_up: calls that will not be tried again by themselves.
        waiting: calls that still wait.
        stopped: the code of what ended it early for all of them, such as `connect` without a network; None where
            everything was tried that was due.
        retry_after: seconds after which the service wants to be asked again, where it said so.
    """

    sent: int = 0
    given_up: int = 0
    waiting: int = 0
    stopped: str | None = None
    retry_after: float | None = None


Handle: TypeAlias = Callable[[Outcome], object]
"""Told how each entry went."""
