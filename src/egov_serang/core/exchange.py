"""What passes through the engine: the one per-call record, and what a transport takes and gives. Data only, no I/O."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from egov_serang.errors import Sent

if TYPE_CHECKING:
    from egov_serang.core.call import Call
    from egov_serang.core.runtime import Runtime

FaultKind = Literal["connect", "tls", "timeout", "reset", "protocol", "truncated", "too_large", "closed"]


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

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

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

    def __repr__(self) -> str:
        return f"<Request {self.method}>"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one transmission. Times in seconds; `deadline` is on the runtime's monotonic clock."""

    deadline: float
    connect: float = 5.0
    read: float = 20.0
    max_body: int = 8 * 1024 * 1024


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
        kind: what went wrong; `closed` is a connection the peer had closed while it idled.
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


@dataclass(slots=True, repr=False, eq=False)
class Exchange:
    """The one record of a call while it is under way. Layers read and write it; nothing else travels with the call.

    Attributes:
        call: what is being done.
        runtime: threads or tasks.
        deadline: when the call must have ended, on the runtime's monotonic clock; seconds of it are what is left.
        timeout: the seconds the deadline was made from.
        retries: repetitions allowed after the first attempt.
        correlation_id: one per call, the same over all attempts.
        idempotency_key: born before the first attempt, the same over all of them; None on reads.
        attempt: 1 for the first transmission.
        sent: the worst case over all attempts so far.
        headers: of the transmission being prepared, names in lower case; each layer writes its own anew every time.
        url: absolute, as signed and as sent.
        request_id: of the last transmission.
        digest: Content-Digest of the body, kept because a stream is read once for it.
    """

    call: Call[Any]
    runtime: Runtime
    url: str
    headers: dict[str, str]
    correlation_id: str
    timeout: float
    deadline: float
    retries: int
    idempotency_key: str | None = None
    attempt: int = 0
    sent: Sent = "no"
    request_id: str = ""
    digest: str | None = None

    def remaining(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self.deadline - self.runtime.now())

    def __repr__(self) -> str:
        return f"<Exchange {self.call.operation} attempt={self.attempt}>"


Next = Callable[[Exchange], Awaitable[Response]]


class Layer(Protocol):
    """One concern around the sending of a request: it may change the exchange, call `next` often, raise."""

    async def __call__(self, exchange: Exchange, next: Next) -> Response: ...
