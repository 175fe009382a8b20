"""Calls captured without a network, and made once when there is one: `Outbox`."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, ParamSpec, Self, overload

from egov_serang.batch.entries import Entry, Handle, Report, State
from egov_serang.batch.packing import pack
from egov_serang.batch.sealing import Seal
from egov_serang.batch.sending import Rules, Sender
from egov_serang.batch.store import Row, Store
from egov_serang.core.call import invalid
from egov_serang.core.file import File
from egov_serang.core.ids import random_id
from egov_serang.core.rehearsal import Bound
from egov_serang.core.resume import Undertaking

if TYPE_CHECKING:
    from egov_serang.client import AsyncClient, Client

P = ParamSpec("P")

KEY: Final = "env:EGOV_SERANG_OUTBOX_KEY"
"""Where an outbox looks for its key unless told otherwise."""
_DAY: Final = 24 * 3600.0
_REFERENCE: Final = "client_reference"


class Outbox:
    """Keeps calls captured without a network, photos too, and makes each of them exactly once when there is one.

    It is a file: SQLite, encrypted, readable by its owner alone, safe from crashes and power cuts. Several threads
    and processes may add to it and look at it; one process sends at a time. It works with both clients: what it is
    given of an `AsyncClient`, it answers with a coroutine.

    Args:
        path: of the file; made where it is not there.
        key: where its key is kept: `env:NAME` or `keyring:service/name`; 32 random bytes in base64.
        attempts: how often a call may fail at the service before it is given up. Being without a network is no failure.
        pause: seconds until such a call is tried again; doubled each time, up to an hour.
        key_ttl: seconds the gateway keeps idempotency keys, at least; its discovery says so in
            `limits.idempotency_ttl_s`. A call whose fate is unknown for longer is looked up instead of made again.
        now: tells the time, in seconds since the epoch.

    Raises:
        ConfigError: there is no key, it is another one, or the file cannot be used.

    Source: contract-v1 section 1 (idempotency).
    """

    def __init__(
        self,
        path: str | Path,
        *,
        key: str = KEY,
        attempts: int = 20,
        pause: float = 30.0,
        key_ttl: float = _DAY,
        now: Callable[[], float] = time.time,
    ) -> None:
        if attempts < 1 or pause < 0 or key_ttl <= 0:
            raise invalid("outbox", "needs attempts >= 1, pause >= 0 and key_ttl > 0", "value")
        self._store = Store(Path(path), Seal(key))
        self._rules = Rules(attempts, pause, key_ttl, now)

    @overload
    def add(
        self, method: Callable[P, Coroutine[Any, Any, Any]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, Entry]: ...
    @overload
    def add(self, method: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Entry: ...
    def add(self, method: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Keep a call: `outbox.add(client.complaints.submit, "jalan_rusak", "...", photos=["foto.jpg"])`.

        The arguments are checked as far as that is possible without the service, and files are read and kept. Where
        the method takes a `client_reference` and none is given, the call gets one.

        Args:
            method: of a client's service. It need not be the client that sends it later.
            args: as the method takes them.
            kwargs: likewise.

        Returns:
            The entry, on the disk when this returns; a coroutine of it for a method of an `AsyncClient`.

        Raises:
            Invalid: an argument is refused, or cannot be kept.
            UnsupportedOperation: the method only reads, or repeating it could have a second effect.
            ConfigError: the file cannot be written.
        """
        given = Undertaking(args, kwargs)
        del args, kwargs
        bound = Bound(method)
        engine = bound.service.engine
        work = engine.runtime.offload(lambda: self._kept(bound, given))
        return engine.finish_async(_whole(work)) if bound.mode.asynchronous else engine.finish(_whole(work))

    def entries(self, state: State | None = None) -> list[Entry]:
        """What waits and what was given up, oldest first.

        Args:
            state: only those in this one.
        """
        return [Entry.of(row) for row in self._store.rows() if state in {None, row.state}]

    def get(self, number: int) -> Entry:
        """An entry by its number.

        Raises:
            Invalid: there is none: it was sent, or discarded.
        """
        return Entry.of(self._row(number))

    @overload
    def send(self, client: Client, *, handle: Handle | None = None) -> Report: ...
    @overload
    def send(self, client: AsyncClient, *, handle: Handle | None = None) -> Coroutine[Any, Any, Report]: ...
    def send(self, client: Client | AsyncClient, *, handle: Handle | None = None) -> Any:
        """Send what is due, oldest first, each exactly once; stop where there is no network.

        Args:
            client: sends; its deadline holds for each call with all its files.
            handle: told of each `Outcome`, before what was sent is erased: a crash in between tells it again. A
                coroutine function on an `AsyncClient`. What it raises ends the sending.

        Returns:
            What came of it; a coroutine of it for an `AsyncClient`.

        Raises:
            Invalid: another process or thread is sending it now (`busy`).
            Unauthorized, SignatureRefused, SignatureInvalid, ConfigError: the client's own affair; all goes on waiting.

        Source: contract-v1 section 1 (idempotency).
        """
        sender = Sender(self._store, self._rules, client, handle)
        engine = sender.engine
        return engine.finish_async(sender.run()) if sender.asynchronous else engine.finish(sender.run())

    def retry(self, number: int) -> Entry:
        """Let a call that was given up wait again.

        Where nothing of it was done, it is a new call with a new key. Where something may have been, such as a
        complaint whose second photo was refused, it goes on with its own key, which does nothing twice. Where its
        fate is unknown (code `unknown`), look for its `client_reference` at the service before: it may be there, and a
        retry makes it once more.

        Raises:
            Invalid: there is no such entry, or it was not given up.
        """
        row = self._row(number)
        anew = row.reason is not None and row.reason["anew"]
        document = {**row.document, "key": random_id()} if anew else row.document
        if not self._store.renew(number, document, None if anew else row.sent_at):
            raise invalid("number", "names an entry that was not given up", "state")
        return self.get(number)

    def discard(self, number: int) -> None:
        """Forget a call, with its files.

        Raises:
            Invalid: there is no such entry, or it is being sent now.
        """
        self._row(number)
        if not self._store.erase(number, unless="sending"):
            with self._rules.alone(self._store.path):  # else whoever sent it is not there any more
                self._store.erase(number)
        self._store.tidy()

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Outbox {self._store.path.name}>"

    def _row(self, number: int) -> Row:
        row = self._store.row(number)
        if row is None:
            raise invalid("number", "names no entry: it was sent, discarded, or never there", "unknown")
        return row

    def _kept(self, bound: Bound, given: Undertaking) -> Entry:
        named = bound.bind(given)
        parameters = inspect.signature(bound.function).parameters
        files = {name for name, one in parameters.items() if "FileSource" in str(one.annotation)}
        if _REFERENCE in parameters and named.get(_REFERENCE) is None:
            named[_REFERENCE] = f"outbox-{random_id()}"
        for name in files & named.keys():
            several = isinstance(named[name], list | tuple)
            named[name] = [File.of(one) for one in named[name]] if several else File.of(named[name])
        first = bound.write(Undertaking((), named)).operation
        kept: list[File] = []

        def put(file: File) -> int:
            kept.append(file)
            return len(kept) - 1

        arguments = {name: pack(value, put, name) for name, value in named.items()}
        marks = [file.mark() for file in kept]
        document = {
            "operation": bound.path,
            "first": first,
            "key": random_id(),
            "arguments": arguments,
            "sizes": [mark.size for mark in marks],
        }
        # A file that changes meanwhile must not be kept half in one state and half in another.
        contents = (file.marked(mark) for file, mark in zip(kept, marks, strict=True))
        return self.get(self._store.add(document, contents))


async def _whole(work: Awaitable[Entry]) -> Entry:
    return await work
