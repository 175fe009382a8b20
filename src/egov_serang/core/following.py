"""Following a feed without end: `Follower` and `AsyncFollower`, and the file that remembers how far one came.

Classes rather than generators, so no event loop meddles.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from egov_serang.core.call import Call
from egov_serang.core.paging import Page, Paged
from egov_serang.core.reply import Reply
from egov_serang.core.runtime import Runtime
from egov_serang.errors import (
    ConfigError,
    ConnectionFailed,
    DeadlineExceeded,
    EgovError,
    RateLimited,
    ServerFault,
    UnexpectedReply,
)

R = TypeVar("R")
_LOG: Final = logging.getLogger("egov_serang.events")
_LONGEST_WAIT: Final = 60.0
_LONGEST_MARK: Final = 4096
_OUTAGE: Final = (ConnectionFailed, DeadlineExceeded, RateLimited, ServerFault)


class Placed(Protocol):
    """An item of a feed: it knows where to go on after it."""

    @property
    def cursor(self) -> str | None: ...


T = TypeVar("T", bound=Placed)


class Bookmark:
    """How far a feed was handled, in a file: written whole or not at all, readable by its owner alone.

    Args:
        path: the file; made at the first `write`.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def read(self) -> str | None:
        """Where to go on; None where nothing was handled yet.

        Raises:
            ConfigError: the file cannot be read, or is no bookmark.
        """
        try:
            with self.path.open("r", encoding="utf-8") as file:
                text = file.read(_LONGEST_MARK + 1).strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise self._unusable(reason) from None
        if not text or len(text) > _LONGEST_MARK or not text.isprintable() or " " in text:
            raise self._unusable("it holds no cursor")
        return text

    def write(self, cursor: str) -> None:
        """Remember a place, safe from a crash or a power cut.

        Raises:
            ConfigError: the file cannot be written.
        """
        made = ""
        try:
            descriptor, made = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")  # 0600
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{cursor}\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(made, self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(made)
            raise self._unusable(error.strerror or "it cannot be written") from None

    def _unusable(self, why: str) -> ConfigError:
        return ConfigError(
            f"the bookmark {self.path} cannot be used: {why}",
            code="bookmark",
            hint="Name a file in a folder this program may write to; delete it to begin anew",
        )


class Worker(Protocol):
    """What a follower needs of the engine."""

    @property
    def runtime(self) -> Runtime: ...
    async def perform(self, call: Call[R]) -> Reply[R]: ...
    def finish(self, work: Coroutine[Any, Any, R]) -> R: ...
    async def finish_async(self, work: Coroutine[Any, Any, R]) -> R: ...


class _Following(Generic[T]):
    """The place in a feed, the items fetched and not given out, and the one being handled."""

    def __init__(
        self, worker: Worker, paged: Paged[T], *, poll: float, patience: float | None, bookmark: Bookmark | None
    ) -> None:
        self._worker, self._poll, self._patience, self._bookmark = worker, poll, patience, bookmark
        call = paged.first
        if bookmark is not None and (mark := bookmark.read()) is not None:
            call = call.with_query(cursor=mark)
        self._call: Call[Page[T]] = call
        self._items: Iterator[T] = iter(())
        self._cursor = paged.cursor_of(call)
        self._handling: T | None = None
        self._down_since: float | None = None
        self._wait = poll

    @property
    def cursor(self) -> str | None:
        """Where to go on: after the last item whose handling is over; None at the beginning of the feed."""
        return self._cursor

    def _settle(self) -> None:
        """Who asks for the next item has handled the last one."""
        handled, self._handling = self._handling, None
        if handled is not None and handled.cursor is not None:
            self._cursor = handled.cursor
            if self._bookmark is not None:
                self._bookmark.write(handled.cursor)

    def _given(self) -> T | None:
        self._handling = next(self._items, None)
        return self._handling

    async def _fetch(self) -> None:
        """Fetch what has happened since, or wait."""
        runtime = self._worker.runtime
        try:
            reply = await self._worker.perform(self._call)
        except _OUTAGE as error:
            await self._sit_out(runtime, error)
            return
        self._down_since, self._wait = None, self._poll
        cursor = reply.data.next_cursor
        if cursor is None:
            raise UnexpectedReply("the feed does not say where to go on", code="feed_end", sent="yes")
        self._items = iter(reply.data.data)
        self._call = self._call.with_query(cursor=cursor)
        if not reply.data.data:
            await runtime.sleep(self._poll)

    async def _sit_out(self, runtime: Runtime, error: EgovError) -> None:
        """Wait for a gateway that cannot answer now: longer each time, and not for ever where told so."""
        now = runtime.now()
        if self._down_since is None:
            self._down_since = now
        if self._patience is not None and now - self._down_since >= self._patience:
            raise error
        self._wait = min(self._wait * 2, max(_LONGEST_WAIT, self._poll))
        wait = max(self._wait, error.retry_after or 0.0)
        _LOG.warning("the feed cannot be read now (%s); again in %.0f s", error.code or type(error).__name__, wait)
        await runtime.sleep(wait)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._call.operation}>"


class Follower(_Following[T]):
    """The items of a feed as they happen, without end. Ask for the next one when the last one is safely handled."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        self._settle()
        while (item := self._given()) is None:
            self._worker.finish(self._fetch())
        return item


class AsyncFollower(_Following[T]):
    """The items of a feed as they happen, with `async for`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        self._settle()
        while (item := self._given()) is None:
            await self._worker.finish_async(self._fetch())
        return item
