"""What a transport takes and gives: request, response, limits, faults. Plain data, no I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, Self, TypeVar, overload

from egov_serang.errors import Sent

D = TypeVar("D")

FaultKind = Literal[
    "resolve", "connect", "tls", "timeout", "reset", "protocol", "truncated", "too_large", "closed", "source"
]

MAX_BODY: Final = 8 * 1024 * 1024
"""Bytes of an answer that are taken unless its call says otherwise."""


class Body(Protocol):
    """Bytes to send, as often as a retry wants them."""

    @property
    def content_type(self) -> str: ...
    @property
    def length(self) -> int: ...
    def chunks(self) -> Iterator[bytes]:
        """The whole body from its beginning, anew at each call; pieces of at most 64 KiB for streams."""
        ...


class Headers(Mapping[str, str]):
    """Response headers: names without regard to case, repeated fields joined by a comma."""

    __slots__ = ("_fields",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            known = self._fields.get(key)
            self._fields[key] = value if known is None else f"{known}, {value}"

    @classmethod
    def of(cls, fields: dict[str, str]) -> Self:
        """These fields, taken over as they are: names in lower case, no two alike."""
        headers = cls.__new__(cls)
        headers._fields = fields
        return headers

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    # Mapping's own `get` and `in` raise and catch for every field that is not there, a dozen times a call.
    @overload
    def get(self, name: str, default: None = None, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str, /) -> str: ...
    @overload
    def get(self, name: str, default: D, /) -> str | D: ...
    def get(self, name: str, default: object = None, /) -> object:
        return self._fields.get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def has_any(self, names: frozenset[str]) -> bool:
        """Whether one of these names, in lower case, is among them."""
        return not names.isdisjoint(self._fields)

    def __repr__(self) -> str:
        return f"<Headers {', '.join(self._fields)}>"


@dataclass(slots=True, repr=False, eq=False)
class Request:
    """One transmission. Its `repr` shows neither headers, query nor body: frames that hold it may be printed."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: Body | None = None
    stream: bool = False
    """Hand the answer's body out in pieces (`Response.stream`) instead of reading it whole."""
    secrets: tuple[str, ...] = ()
    """Values of headers or query parameters that may be written down nowhere, besides its token."""

    def __repr__(self) -> str:
        return f"<Request {self.method}>"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one transmission. Times in seconds; `deadline` is on the runtime's monotonic clock."""

    deadline: float
    connect: float = 5.0
    read: float = 20.0
    max_body: int = MAX_BODY


class Stream(Protocol):
    """The body of an answer, piece by piece, within the limits the request was sent with. Closed exactly once.

    `read` returns b"" at the end. Both are coroutines in both worlds; on a synchronous transport they never suspend.
    """

    async def read(self) -> bytes: ...
    async def close(self) -> None: ...


def _nothing() -> None:
    return None


@dataclass(slots=True, repr=False, eq=False)
class Response:
    """One answer, read whole (`body`) or to be read (`stream`)."""

    status: int
    headers: Headers
    body: bytes = b""
    stream: Stream | None = None
    condemn: Callable[[], None] = field(default=_nothing)
    """Throw away the connection this came on: called when the answer turns out to be another request's."""

    def __repr__(self) -> str:
        return f"<Response {self.status}>"


class TransportFault(Exception):
    """A transmission that brought no answer. Carries no text of the peer's and no part of the request.

    Args:
        kind: what went wrong; `closed` is a connection the peer had closed while it idled, `source` a
            body of ours that ended early.
        sent: `no` only with proof that no byte of the request reached the peer.
        reason: a short text of ours for people (never a header, address with query, or body).
        permanent: true where a repetition cannot help (an unknown certificate, a body over the limit).
    """

    def __init__(self, kind: FaultKind, *, sent: Sent, reason: str, permanent: bool = False) -> None:
        super().__init__(kind, sent, reason)
        self.kind: FaultKind = kind
        self.sent: Sent = sent
        self.reason = reason
        self.permanent = permanent
