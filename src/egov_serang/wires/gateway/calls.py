"""The three shapes of a gateway call: reading one thing, reading a list, writing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar

from egov_serang.core.body import JsonBody
from egov_serang.core.call import Call, Decoder, invalid
from egov_serang.core.decode import Decode
from egov_serang.core.message import Body, Response
from egov_serang.core.paging import Page, Paged
from egov_serang.core.reply import Reply
from egov_serang.errors import UnexpectedReply
from egov_serang.wires.gateway.problems import read_problem

T = TypeVar("T")

Filter = str | float | datetime | tuple[float, ...] | None
"""A query parameter: None is left out, numbers in a row are joined by commas."""

_JSON: Final = ("accept", "application/json, application/problem+json;q=0.9")


def get(
    operation: str,
    path: str,
    decode: Decoder[T],
    params: Mapping[str, str] | None = None,
    *,
    query: tuple[tuple[str, str], ...] = (),
    if_none_match: str | None = None,
) -> Call[T]:
    """A read: safe to repeat."""
    conditional = (("if-none-match", if_none_match),) if if_none_match else ()
    return Call(operation, "GET", path, decode, read_problem, params or {}, query, (_JSON, *conditional))


def post(
    operation: str,
    path: str,
    decode: Decoder[T],
    body: Body | Mapping[str, Any] | None,
    params: Mapping[str, str] | None = None,
    *,
    version: int | None = None,
    client_reference: str | None = None,
    method: str = "POST",
) -> Call[T]:
    """A write: the contract honours idempotency keys on all of them, so each may be repeated with its own."""
    match = (("if-match", f'"{version}"'),) if version is not None else ()
    content = JsonBody(body) if isinstance(body, Mapping) else body
    return Call(
        operation,
        method,
        path,
        decode,
        read_problem,
        params or {},
        headers=(_JSON, *match),
        body=content,
        safety="keyed",
        client_reference=client_reference,
    )


def delete(operation: str, path: str, params: Mapping[str, str]) -> Call[None]:
    """A deletion: a write like any other, and its answer is empty."""
    return Call(operation, "DELETE", path, nothing, read_problem, params, headers=(_JSON,), safety="keyed")


def nothing(response: Response) -> None:
    """Read an answer whose status says all.

    Raises:
        UnexpectedReply: it says something all the same, as a proxy's page would.
    """
    if response.body:
        raise UnexpectedReply("the answer should be empty and is not", code="wrong_shape", sent="yes")


def public(call: Call[T]) -> Call[T]:
    """The same read, open to everybody: without a token, and so unsigned, as there is nobody whose key could count."""
    return replace(call, authenticated=False, signed=False)


def listing(
    operation: str,
    path: str,
    page: type[Page[T]],
    params: Mapping[str, str] | None = None,
    **filters: Filter,
) -> Paged[T]:
    """A list, page by page.

    Args:
        operation: its id.
        path: the route.
        page: the model of one page.
        params: the route's ids.
        filters: query parameters, `limit` and `cursor` among them; None is left out, times need an offset.
    """
    return Paged(get(operation, path, Decode(page), params, query=query(**filters)), next_page, cursor_of)


def query(**filters: Filter) -> tuple[tuple[str, str], ...]:
    """Query parameters in the order given."""
    return tuple((name, _text(name, value)) for name, value in filters.items() if value is not None)


def next_page(call: Call[Page[T]], reply: Reply[Page[T]]) -> Call[Page[T]] | None:
    """The call for the page the body's cursor names."""
    cursor = reply.data.next_cursor
    return call.with_query(cursor=cursor) if cursor else None


def feed(
    operation: str,
    path: str,
    page: type[Page[T]],
    *filters: tuple[str, str],
    limit: int | None,
    cursor: str | None,
) -> Paged[T]:
    """A change feed: read until a page is empty, and gone on with from there (contract-v1 section 1)."""
    first = get(operation, path, Decode(page), query=(*filters, *query(limit=limit, cursor=cursor)))

    def following(call: Call[Page[T]], reply: Reply[Page[T]]) -> Call[Page[T]] | None:
        return next_page(call, reply) if reply.data.data else None

    return Paged(first, following, cursor_of, lambda reply: reply.data.next_cursor)


def cursor_of(call: Call[Any]) -> str | None:
    """The cursor a call of a list asks for."""
    return dict(call.query).get("cursor")


def _text(name: str, value: str | float | datetime | tuple[float, ...]) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise invalid(name, "needs a time zone, such as datetime.now(UTC)", "timezone")
        return value.isoformat()
    if isinstance(value, tuple):
        return ",".join(_decimal(number) for number in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _decimal(number: float) -> str:
    """A coordinate without an exponent: `str` would write a tiny one as `1e-05`."""
    return f"{number:.7f}".rstrip("0").rstrip(".")
