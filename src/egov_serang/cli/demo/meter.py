"""A transport that counts what passes, and can spoil a request on its way, as a demonstration needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from egov_serang.core.message import Body, Limits, Request, Response
from egov_serang.transport.port import Transport


@dataclass(frozen=True, slots=True)
class Count:
    """Calls (by their correlation id) and the transmissions they took; token requests count apart."""

    calls: int = 0
    attempts: int = 0
    tokens: int = 0


class _Spoilt:
    """A body in which one byte was changed after it had been signed."""

    def __init__(self, body: Body) -> None:
        self.content_type, self.length = body.content_type, body.length
        self._body = body

    def chunks(self) -> Iterator[bytes]:
        whole = bytearray(b"".join(self._body.chunks()))
        at = whole.find(b"lampu")
        whole[at : at + 1] = b"L"
        yield bytes(whole)


class Meter:
    """Counts what it hands on to the real transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._calls: set[str] = set()
        self._attempts = 0
        self._tokens = 0
        self.spoil_next = False
        """Change one byte of the next request's body, as an attacker on the way would."""

    def send(self, request: Request, limits: Limits) -> Response:
        """Count, perhaps spoil, send."""
        correlation = dict(request.headers).get("x-correlation-id")
        if correlation is None:
            self._tokens += 1
        else:
            self._calls.add(correlation)
            self._attempts += 1
        if self.spoil_next and request.body is not None and correlation is not None:
            self.spoil_next = False
            request = Request(request.method, request.url, request.headers, _Spoilt(request.body), request.stream)
        return self._transport.send(request, limits)

    def close(self) -> None:
        """Close the real transport."""
        self._transport.close()

    def count(self) -> Count:
        """What passed since it was last taken."""
        return Count(len(self._calls), self._attempts, self._tokens)

    def take(self) -> Count:
        """The same, and begin anew."""
        count = self.count()
        self._calls, self._attempts, self._tokens = set(), 0, 0
        return count
