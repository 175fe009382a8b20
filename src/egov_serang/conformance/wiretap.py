"""A transport that keeps the last answer as it came, and can change or repeat a request after it was signed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from egov_serang.core.message import Body, Limits, Request, Response
from egov_serang.transport.port import Transport

Change = Callable[[Request], Request]


@dataclass(frozen=True, slots=True)
class _Bytes:
    content: bytes
    content_type: str

    @property
    def length(self) -> int:
        return len(self.content)

    def chunks(self) -> Iterator[bytes]:
        yield self.content


class Wiretap:
    """Hands on to the real transport.

    Args:
        transport: the client's own.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.last: Response | None = None
        """The last answer to a call; those to token requests are not kept."""
        self.change: Change | None = None
        """Done to the next request of a call, and forgotten."""
        self.repeat = False
        """Send the next request of a call a second time, to the byte; its second answer counts."""

    def send(self, request: Request, limits: Limits) -> Response:
        """Send, changed or twice where that was asked for."""
        if not any(name == "x-correlation-id" for name, _ in request.headers):
            return self._transport.send(request, limits)
        change, self.change = self.change, None
        repeat, self.repeat = self.repeat, False
        request = request if change is None else change(request)
        if repeat:
            self._transport.send(request, limits)
        self.last = self._transport.send(request, limits)
        return self.last

    def close(self) -> None:
        """Close the real transport."""
        self._transport.close()


def without(name: str) -> Change:
    """Take a header away."""

    def change(request: Request) -> Request:
        kept = [(field, value) for field, value in request.headers if field.lower() != name]
        return replace(request, headers=kept)

    return change


def another_body(old: bytes, new: bytes) -> Change:
    """Put other bytes into the body, as many as were there, as somebody on the way would."""

    def change(request: Request) -> Request:
        body: Body | None = request.body
        content = b"" if body is None else b"".join(body.chunks())
        spoilt = _Bytes(content.replace(old, new), "" if body is None else body.content_type)
        return replace(request, body=spoilt)

    return change
