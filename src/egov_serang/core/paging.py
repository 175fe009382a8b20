"""Lists read page by page: `Pager` and `AsyncPager`. Classes rather than generators, so no event loop meddles."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

from egov_serang.core.call import Call
from egov_serang.core.reply import Reply
from egov_serang.errors import UnexpectedReply
from egov_serang.model import Model

T = TypeVar("T")
R = TypeVar("R")


class Page(Model, Generic[T]):
    """One page: its items, and the cursor of the next one (None at the end)."""

    data: tuple[T, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Paged(Generic[T]):
    """A list read page by page: the first call, and how the wire finds the next one (None at the end).

    Of a feed, which only ever pauses, `resume` says where its newest page ended.
    """

    first: Call[Page[T]]
    next: Callable[[Call[Page[T]], Reply[Page[T]]], Call[Page[T]] | None]
    cursor_of: Callable[[Call[Any]], str | None]
    resume: Callable[[Reply[Page[T]]], str | None] | None = None

    def __repr__(self) -> str:
        return f"<Paged {self.first.operation}>"


class Performer(Protocol):
    """What a pager needs of the engine: to send a call, and to end a public call in either world."""

    async def perform(self, call: Call[R]) -> Reply[R]: ...
    def finish(self, work: Coroutine[Any, Any, R]) -> R: ...
    async def finish_async(self, work: Coroutine[Any, Any, R]) -> R: ...


class _Walk(Generic[T]):
    """The position in a list: the next call to make, and the items of the current page not yet given out."""

    def __init__(self, performer: Performer, paged: Paged[T]) -> None:
        self._performer = performer
        self._paged = paged
        self._call: Call[Page[T]] | None = paged.first
        self._items: Iterator[T] = iter(())
        self._cursor = paged.cursor_of(paged.first)
        self._end: str | None = None

    @property
    def cursor(self) -> str | None:
        """Where to go on later: `list(cursor=...)` begins with the first page that was not given out to its end.

        None before the first page and after the last one; at the end of a feed it is where what comes next will begin.
        Nothing is skipped; items of a page left half way come again.
        """
        return self._cursor

    async def _turn(self) -> Reply[Page[T]] | None:
        if self._call is None:
            self._cursor = self._end
            return None
        call = self._call
        reply = await self._performer.perform(call)
        self._cursor = self._paged.cursor_of(call)
        self._call = self._paged.next(call, reply)
        if self._call is None and self._paged.resume is not None:
            self._end = self._paged.resume(reply)
        if self._call == call:
            raise UnexpectedReply("the list names the same page as its next one", code="endless_list", sent="yes")
        return reply

    def _given(self, reply: Reply[Page[T]]) -> Reply[Page[T]]:
        self._cursor = self._end if self._call is None else self._paged.cursor_of(self._call)
        return reply

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._paged.first.operation}>"


class Pager(_Walk[T]):
    """The items of a list, fetched page by page while you iterate."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        while True:
            for item in self._items:
                return item
            reply = self._performer.finish(self._turn())
            if reply is None:
                raise StopIteration
            self._items = iter(reply.data.data)

    def pages(self) -> PageReplies[T]:
        """The pages as replies, each with its items, status and request id."""
        return PageReplies(self._performer, self._paged)


class AsyncPager(_Walk[T]):
    """The items of a list, fetched page by page while you iterate with `async for`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while True:
            for item in self._items:
                return item
            reply = await self._performer.finish_async(self._turn())
            if reply is None:
                raise StopAsyncIteration
            self._items = iter(reply.data.data)

    def pages(self) -> AsyncPageReplies[T]:
        """The pages as replies, each with its items, status and request id."""
        return AsyncPageReplies(self._performer, self._paged)


class PageReplies(_Walk[T]):
    """A list as pages; what `client.raw` and `Pager.pages()` give."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Reply[Page[T]]:
        reply = self._performer.finish(self._turn())
        if reply is None:
            raise StopIteration
        return self._given(reply)


class AsyncPageReplies(_Walk[T]):
    """A list as pages, with `async for`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Reply[Page[T]]:
        reply = await self._performer.finish_async(self._turn())
        if reply is None:
            raise StopAsyncIteration
        return self._given(reply)
