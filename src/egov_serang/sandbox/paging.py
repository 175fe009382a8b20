"""Cursor paging: `?limit=&cursor=` -> `{"data": [...], "next_cursor": ...}` (contract-v1 section 1).

@router.get("/things", operation_id="things.list")
def listing(page: Paging, db: Db) -> Page[Thing]:
    rows, cursor = page.rows(db, select(Row).where(...), Row.seq)
    return Page(data=[render(row) for row in rows], next_cursor=cursor)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Annotated, Final, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from egov_serang.sandbox.platform import platform_of
from egov_serang.sandbox.problems import FieldError, Problem

T = TypeVar("T")

_PAGE_MAX: Final = 200
"""What the contract lets anybody ask for; a city may give fewer on a page (`limits.page_max`)."""
_PAGE_DEFAULT: Final = 50


class Page(BaseModel, Generic[T]):
    """One page; `next_cursor` is null on the last."""

    data: list[T]
    next_cursor: str | None = None


class Feed(BaseModel, Generic[T]):
    """A page of a feed, which has no last one: `next_cursor` is always there."""

    data: list[T]
    next_cursor: str


class PageRequest:
    """Which page is wanted. The cursor holds a position and a digest of the filters it belongs to."""

    def __init__(self, request: Request, response: Response, limit: int, cursor: str | None) -> None:
        self._request, self._response, self.limit = request, response, limit
        self._filters = [(k, v) for k, v in request.query_params.multi_items() if k not in {"limit", "cursor"}]
        digest = hashlib.sha256(repr((request.url.path, self._filters)).encode()).hexdigest()
        self._mark = digest[:12]
        self.after = 0 if cursor is None else self._read(cursor)

    def rows(
        self,
        session: Session,
        statement: Select[T],
        seq: InstrumentedAttribute[int],
        *,
        newest_first: bool = False,
    ) -> tuple[Sequence[T], str | None]:
        """The page's rows in the order of `seq` (a positive, growing integer column), and the next cursor."""
        if self.after:
            statement = statement.where(seq < self.after if newest_first else seq > self.after)
        wanted = statement.order_by(seq.desc() if newest_first else seq).limit(self.limit + 1)
        rows = session.scalars(wanted).all()
        if len(rows) <= self.limit:
            return rows, None
        rows = rows[: self.limit]
        return rows, self._next(getattr(rows[-1], seq.key))

    def feed(self, session: Session, statement: Select[T], seq: InstrumentedAttribute[int]) -> tuple[Sequence[T], str]:
        """The rows after the cursor, oldest first, and where to go on: a feed has no last page."""
        rows = session.scalars(statement.where(seq > self.after).order_by(seq).limit(self.limit)).all()
        return rows, self._next(getattr(rows[-1], seq.key) if rows else self.after)

    def cursor(self, position: int) -> str:
        """The cursor that goes on after a position of this list."""
        return base64.urlsafe_b64encode(f"{position}.{self._mark}".encode()).decode().rstrip("=")

    def items(self, all_items: Sequence[T]) -> tuple[Sequence[T], str | None]:
        """The same for a list in memory."""
        end = self.after + self.limit
        return all_items[self.after : end], self._next(end) if end < len(all_items) else None

    def _next(self, position: int) -> str:
        cursor = self.cursor(position)
        query = urlencode([*self._filters, ("limit", str(self.limit)), ("cursor", cursor)])
        self._response.headers["Link"] = f'<{self._request.url.path}?{query}>; rel="next"'
        return cursor

    def _read(self, cursor: str) -> int:
        try:
            position, mark = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(".")
            if mark == self._mark and position.isdecimal():
                return int(position)
        except (binascii.Error, ValueError):
            pass
        raise Problem("validation_failed", errors=[FieldError("/query/cursor", "cursor", "not a cursor of this list")])


async def _page(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=_PAGE_MAX)] = _PAGE_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> PageRequest:
    most = platform_of(request).city.limits.page_max
    return PageRequest(request, response, min(limit, most), cursor)


Paging = Annotated[PageRequest, Depends(_page)]
