"""One round of an outbox: each call that is due is made with its own key, and erased only when it was answered."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, TypeVar

from filelock import FileLock, Timeout

from egov_serang.batch import lookups
from egov_serang.batch.entries import Entry, Handle, Outcome, Report
from egov_serang.batch.packing import unpack
from egov_serang.batch.store import Row, Store
from egov_serang.core.call import invalid
from egov_serang.core.file import File
from egov_serang.core.rehearsal import Bound
from egov_serang.core.resume import Undertaking
from egov_serang.errors import (
    ConfigError,
    ConnectionFailed,
    DeadlineExceeded,
    EgovError,
    QuotaExhausted,
    RateLimited,
    ServerFault,
    SignatureInvalid,
    SignatureRefused,
    Unauthorized,
    UnexpectedReply,
    UnsupportedOperation,
)

if TYPE_CHECKING:
    from egov_serang.client import AsyncClient, Client

T = TypeVar("T")

_OURS: Final = (ConfigError, SignatureInvalid, SignatureRefused, Unauthorized)
"""No other call would fare better, and trying costs each of them an attempt."""
_PASSING: Final = (ConnectionFailed, DeadlineExceeded, RateLimited, QuotaExhausted, ServerFault, UnexpectedReply)
_LONGEST_PAUSE: Final = 3600.0
_MARGIN: Final = 60.0
"""Seconds for which two clocks may differ and a request may travel."""
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Rules:
    """How an outbox sends: see `Outbox`."""

    attempts: int
    pause: float
    key_ttl: float
    now: Callable[[], float]

    @contextmanager
    def alone(self, path: Path) -> Generator[None]:
        """Be the only one who sends. The lock dies with its process.

        Raises:
            Invalid: somebody else is sending.
        """
        lock = FileLock(f"{path}.lock", timeout=0, mode=0o600, thread_local=False)
        busy = False
        try:
            lock.acquire()
        except Timeout:
            busy = True
        if busy:
            raise invalid("outbox", "another process or thread is sending it now", "busy")
        try:
            yield
        finally:
            lock.release()


class Sender:
    """Sends what is due.

    Args:
        store: of the outbox.
        rules: of the outbox.
        client: sends.
        handle: told of each outcome.
    """

    def __init__(self, store: Store, rules: Rules, client: Client | AsyncClient, handle: Handle | None) -> None:
        self._store, self._rules, self._client, self._handle = store, rules, client, handle
        service = Bound(client.complaints.submit).service
        self.engine, self.asynchronous = service.engine, service.mode.asynchronous
        if handle is not None and inspect.iscoroutinefunction(handle) and not self.asynchronous:
            raise invalid("handle", "is a coroutine function, and the client is none of an event loop", "type")

    async def run(self) -> Report:
        """The round."""
        with self._rules.alone(self._store.path):
            await self._aside(self._store.recover)
            report, number = Report(), 0
            try:
                while (found := await self._next(number)) is not None:
                    number = found
                    report = await self._one(number, report)
                    if report.stopped is not None:
                        break
            finally:
                await self._aside(self._store.tidy)
            rows = await self._aside(self._store.rows)
        return replace(report, waiting=sum(row.state == "waiting" for row in rows))

    async def _next(self, number: int) -> int | None:
        return await self._aside(partial(self._store.due, self._rules.now(), number))

    async def _one(self, number: int, report: Report) -> Report:
        """Send one entry.

        Raises:
            EgovError: what concerns the client and not the entry.
        """
        now = self._rules.now()
        row = await self._aside(partial(self._store.row, number))
        if row is None or not await self._aside(partial(self._store.begin, number, now)):
            return report  # discarded meanwhile
        entry, failure, result = Entry.of(row), None, None
        try:
            result = await self._made(row, now)
        except EgovError as error:
            failure = error
        except BaseException:  # Ctrl-C, a cancelled task: the service may have seen it
            self._put_back(row, now)
            raise
        if failure is not None:
            return await self._failed(row, entry, failure, report, now)
        try:
            await self._tell(Outcome(entry, result, None, "sent"))
        except BaseException:
            self._put_back(row, now)
            raise
        await self._aside(partial(self._store.erase, number))
        return replace(report, sent=report.sent + 1)

    async def _made(self, row: Row, now: float) -> Any:
        """Make the call, or find out what became of it."""
        operation = row.document["operation"]
        client: Any = self._client.with_options(idempotency_key=row.document["key"])
        try:
            method = reduce(getattr, operation.split("."), client)
            bound = Bound(method)
        except AttributeError:
            method = bound = None
        if method is None or bound is None:
            raise UnsupportedOperation(f"this version of egov-serang knows no {operation}", code="operation_unknown")
        take = partial(self._file, row)
        # In a form that a traceback does not show.
        given = Undertaking((), {name: unpack(value, take) for name, value in row.document["arguments"].items()})
        known_for = self._rules.key_ttl - self.engine.options.deadline - _MARGIN
        if row.sent_at is None or 0 <= now - row.sent_at < known_for:
            return await _given(method(**given.kw))
        dry: Any = reduce(getattr, bound.place.split("."), client.dry)
        found = await lookups.made_by(bound.service, dry, operation, given.kw.get("client_reference"))
        if found is None:
            raise UnsupportedOperation(
                "its fate is unknown: the service may have seen it, need not know its key any more, and shows nothing"
                " under its client_reference",
                code=UNKNOWN,
                hint="Look for it at the service; then retry it as a new call, or discard it",
                sent="maybe",
            )
        return await lookups.completed(bound.service, operation, found, given.kw)

    async def _failed(self, row: Row, entry: Entry, error: EgovError, report: Report, now: float) -> Report:
        """Write down why, and whether it is tried again."""
        passing = isinstance(error, _PASSING + _OURS) or error.code == "idempotency_in_progress"
        # Whoever has no network, and whom the service asks to wait, has not failed.
        failed = isinstance(error, _PASSING) and not isinstance(error, RateLimited | QuotaExhausted)
        offline = isinstance(error, ConnectionFailed) and error.sent == "no"
        failed = failed and not offline
        given_up = not passing or (failed and row.attempts + 1 >= self._rules.attempts)
        pause = min(_LONGEST_PAUSE, self._rules.pause * 2**row.attempts) if failed else 0.0
        wait = max(pause, error.retry_after or 0.0)
        state: Literal["waiting", "given_up"] = "given_up" if given_up else "waiting"
        settle = partial(
            self._store.settle,
            row.number,
            state,
            sent_at=row.sent_at if error.sent == "no" else now if row.sent_at is None else row.sent_at,
            due_at=0.0 if given_up or not wait else self._rules.now() + wait,
            failed=failed,
            reason={
                "code": error.code or type(error).__name__,
                "text": str(error),
                "request_id": error.request_id,
                "anew": _had_no_effect(row, error, passing=passing),
            },
        )
        await self._aside(settle)
        if isinstance(error, _OURS):
            raise error
        await self._tell(Outcome(entry, None, error, state))
        if given_up:
            return replace(report, given_up=report.given_up + 1)
        if offline or isinstance(error, RateLimited | QuotaExhausted):
            return replace(report, stopped=error.code or type(error).__name__, retry_after=error.retry_after)
        return report

    def _put_back(self, row: Row, now: float) -> None:
        sent_at = now if row.sent_at is None else row.sent_at
        self._store.settle(row.number, "waiting", sent_at=sent_at, due_at=0.0, failed=False, reason=row.reason)

    def _file(self, row: Row, file: int, filename: str, media_type: str) -> File:
        content: BinaryIO = self._store.file(row.number, file, row.document["sizes"][file])
        return File(content, filename, media_type)

    async def _tell(self, outcome: Outcome) -> None:
        if self._handle is not None:
            await _given(self._handle(outcome))

    async def _aside(self, work: Callable[[], T]) -> T:
        """Do something with the file; an event loop goes on meanwhile."""
        return await self.engine.runtime.offload(work)


def _had_no_effect(row: Row, error: EgovError, *, passing: bool) -> bool:
    """Whether a retry may be a new call: nothing of it was done. Of an unknown fate the person decides who retries it.

    A refusal of a later step says nothing of what the first one did.
    """
    refused = not passing and error.operation == row.document["first"]
    return error.code == UNKNOWN or (row.sent_at is None and (error.sent == "no" or refused))


async def _given(value: Any) -> Any:
    """What a method of either client gives."""
    return await value if inspect.isawaitable(value) else value
