"""Lists read page by page, in both worlds: order, resumption, ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang import AsyncClient, Client
from egov_serang.errors import UnexpectedReply
from egov_serang.models.notifications import Message
from egov_serang.testing import FakeTransport
from egov_serang.testing.fake import FakeRequest, FakeResponse

T = TypeVar("T")


class Lists:
    """A gateway that serves pages of the sizes given; a cursor names the page to go on with."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.asked: list[str | None] = []

    def ids(self, page: int) -> list[str]:
        before = sum(self.sizes[:page])
        return [f"m-{n}" for n in range(before, before + self.sizes[page])]

    def cursor_at(self, item: int) -> str | None:
        """The cursor of the page that holds an item; None for the first page."""
        page = next(n for n in range(len(self.sizes)) if item < sum(self.sizes[: n + 1]))
        return f"page-{page}" if page else None

    @property
    def all(self) -> list[str]:
        return [number for page in range(len(self.sizes)) for number in self.ids(page)]

    def __call__(self, request: FakeRequest) -> dict[str, Any]:
        cursor = request.query.get("cursor")
        self.asked.append(cursor)
        page = 0 if cursor is None else int(cursor.removeprefix("page-"))
        data = [{"message_id": n, "status": "sent", "template_id": "t"} for n in self.ids(page)]
        return {"data": data, "next_cursor": f"page-{page + 1}" if page + 1 < len(self.sizes) else None}


def sync_client(lists: Lists) -> Client:
    return Client(transport=FakeTransport(lists))


def async_client(lists: Lists) -> AsyncClient:
    return AsyncClient(transport=FakeTransport(lists))


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


sizes = st.lists(st.integers(0, 4), min_size=1, max_size=5)


@given(sizes)
def test_every_item_once_and_in_order(found: list[int]) -> None:
    lists = Lists(found)
    assert [m.message_id for m in sync_client(lists).notifications.list()] == lists.all
    assert len(lists.asked) == len(found)


@given(sizes, st.integers(0, 20))
def test_stopping_anywhere_and_resuming_loses_nothing(found: list[int], stop: int) -> None:
    lists = Lists(found)
    pager = sync_client(lists).notifications.list()
    first: list[str] = []
    for message in pager:
        if len(first) == stop:
            break
        first.append(message.message_id)
    cursor = pager.cursor
    if len(first) == len(lists.all):
        assert cursor is None
        return
    # Items of the page left half way come again; none is missing, and none comes from an earlier page.
    assert cursor == lists.cursor_at(len(first))
    rest = [m.message_id for m in sync_client(lists).notifications.list(cursor=cursor)]
    assert first + [number for number in rest if number not in first] == lists.all


@given(sizes, st.integers(0, 20))
def test_the_asynchronous_pager_stops_and_resumes_alike(found: list[int], stop: int) -> None:
    async def walk() -> tuple[list[str], str | None]:
        pager = async_client(lists).notifications.list()
        seen: list[str] = []
        async for message in pager:
            if len(seen) == stop:
                break
            seen.append(message.message_id)
        return seen, pager.cursor

    lists = Lists(found)
    first, cursor = run(walk())
    pager = sync_client(lists).notifications.list()
    for n, _ in enumerate(pager):
        if n == stop:
            break
    assert pager.cursor == cursor
    rest = [m.message_id for m in sync_client(lists).notifications.list(cursor=cursor)]
    if first != lists.all:
        assert first + [number for number in rest if number not in first] == lists.all


@given(sizes, st.integers(0, 6))
def test_pages_resume_at_the_next_page(found: list[int], stop: int) -> None:
    lists = Lists(found)
    replies = sync_client(lists).notifications.list().pages()
    first: list[str] = []
    for n, reply in enumerate(replies, 1):
        assert reply.status == 200
        first += [m.message_id for m in reply.data.data]
        if n == stop:
            break
    else:
        assert replies.cursor is None
        assert first == lists.all
        return
    cursor = replies.cursor
    rest: list[str] = []
    if cursor is not None:
        rest = [m.message_id for m in sync_client(lists).notifications.list(cursor=cursor)]
    assert first + rest == lists.all


def test_nothing_is_sent_before_the_first_item() -> None:
    lists = Lists([2])
    pager = sync_client(lists).notifications.list(limit=2)
    assert lists.asked == []
    assert pager.cursor is None
    assert repr(pager) == "<Pager notifications.list>"
    assert isinstance(next(pager), Message)
    assert lists.asked == [None]


def test_a_pager_at_its_end_stays_there() -> None:
    lists = Lists([1, 1])
    pager = sync_client(lists).notifications.list()
    assert len(list(pager)) == 2
    assert list(pager) == []
    assert pager.cursor is None
    assert len(lists.asked) == 2


def test_a_page_that_failed_can_be_asked_for_again() -> None:
    lists = Lists([1, 1])
    broken = [True]

    def answer(request: FakeRequest) -> Any:
        if request.query.get("cursor") and broken.pop():
            return FakeResponse(403, json={"code": "forbidden", "title": "no"})
        return lists(request)

    pager = Client(transport=FakeTransport(answer)).notifications.list()
    assert next(pager).message_id == "m-0"
    with pytest.raises(Exception, match="forbidden"):
        next(pager)
    broken.append(False)
    assert [m.message_id for m in pager] == ["m-1"]


def test_a_list_that_names_the_same_page_for_ever_is_refused() -> None:
    def answer(request: FakeRequest) -> dict[str, Any]:
        return {"data": [{"message_id": "m", "status": "sent", "template_id": "t"}], "next_cursor": "again"}

    pager = Client(transport=FakeTransport(answer)).notifications.list()
    with pytest.raises(UnexpectedReply) as caught:
        list(pager)
    assert caught.value.code == "endless_list"


def test_raw_lists_are_pages_in_both_worlds() -> None:
    lists = Lists([2, 1])

    async def walk() -> list[int]:
        return [len(reply.data.data) async for reply in async_client(lists).raw.notifications.list()]

    assert [len(reply.data.data) for reply in sync_client(lists).raw.notifications.list()] == [2, 1]
    assert run(walk()) == [2, 1]
    assert json.dumps(lists.asked) == '[null, "page-1", null, "page-1"]'
