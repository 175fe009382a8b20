"""Reading a request's body, no more of it than a delivery may have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from egov_serang.receivers.delivery import LIMIT


class SenderGone(Exception):
    """The sender closed the connection before all of it came."""


async def asgi_body(receive: Callable[[], Awaitable[Mapping[str, Any]]]) -> bytes:
    """Read the body of an ASGI request; of one that is too long, a little over `LIMIT`.

    Raises:
        SenderGone: there is nobody to answer.
    """
    body, more = bytearray(), True
    while more and len(body) <= LIMIT:
        message = await receive()
        if message["type"] == "http.disconnect":
            del body
            raise SenderGone
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def wsgi_body(environ: Mapping[str, Any]) -> bytes:
    """Read the body of a WSGI request; of one that is too long, a byte over `LIMIT`."""
    length: str = environ.get("CONTENT_LENGTH", "")[:15]
    stated = int(length) if length.isascii() and length.isdigit() else 0
    ends = environ.get("wsgi.input_terminated")  # such servers decode chunked bodies, which state no length
    body: bytes = environ["wsgi.input"].read(LIMIT + 1 if ends else min(stated, LIMIT + 1))
    return body
