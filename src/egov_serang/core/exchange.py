"""The one record of a call while it is under way, and what a layer around it or an observer of it looks like."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from egov_serang.core.call import Call
from egov_serang.core.message import Headers, Response
from egov_serang.core.runtime import Runtime
from egov_serang.errors import Attempt, EgovError, Sent

_CERTAINTY: Final[Mapping[Sent, int]] = {"no": 0, "maybe": 1, "yes": 2}


def surer(one: Sent, other: Sent) -> Sent:
    """Of two reports on the same request, the one by which the service is more certain to have seen it."""
    return max(one, other, key=_CERTAINTY.__getitem__)


@dataclass(slots=True, repr=False, eq=False)
class Exchange:
    """The one record of a call while it is under way. Layers read and write it; nothing else travels with the call.

    Attributes:
        call: what is being done.
        runtime: threads or tasks.
        deadline: when the call must have ended, on the runtime's monotonic clock; seconds of it are what is left.
        timeout: the seconds the deadline was made from.
        opened: when the call began, on the same clock.
        retries: repetitions allowed after the first attempt.
        correlation_id: one per call, the same over all attempts.
        idempotency_key: born before the first attempt, the same over all of them; None on reads.
        attempt: 1 for the first transmission.
        began: when the last transmission began.
        waited: seconds waited on purpose since the one before.
        repeated: repetitions the retry has begun; a refused token's renewal is none.
        trail: how the transmissions so far have failed.
        reason: what a wait is for: `retry` or `limit`.
        permit: what the attempt was let through with; the limiter's own.
        sent: the worst case over all attempts so far.
        headers: of the transmission being prepared, names in lower case; each layer writes its own anew every time.
        url: absolute, as signed and as sent.
        request_id: of the last transmission.
        status: of the last transmission's answer; None where none came.
        received: the headers of that answer, for what a refusal says beside its error.
        replayed: whether the service answered from its idempotency store.
        skew: seconds the gateway's clock was ahead at the last answer; None where it did not say.
        correction: seconds that were added to our clock for the last signature.
        secrets: what of the request nobody may repeat, besides its token; each layer adds its own anew every time.
        digest: what of the body is signed, kept because a stream is read once for it.
    """

    call: Call[Any]
    runtime: Runtime
    url: str
    headers: dict[str, str]
    correlation_id: str
    timeout: float
    deadline: float
    retries: int
    opened: float = 0.0
    idempotency_key: str | None = None
    attempt: int = 0
    began: float = 0.0
    waited: float = 0.0
    repeated: int = 0
    trail: tuple[Attempt, ...] = ()
    reason: Literal["retry", "limit"] = "retry"
    permit: object = None
    sent: Sent = "no"
    request_id: str = ""
    digest: str | None = None
    status: int | None = None
    received: Headers | None = None
    replayed: bool = False
    skew: float | None = None
    correction: float = 0.0
    secrets: tuple[str, ...] = ()

    def remaining(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self.deadline - self.runtime.now())

    def note(self, error: EgovError) -> None:
        """Remember how the last transmission failed. What fails before the next one belongs to neither."""
        if self.attempt == 0 or (self.trail and self.trail[-1].number == self.attempt):
            return
        attempt = Attempt(
            self.attempt,
            error.sent if self.status is None else "yes",
            error.code,
            self.status,
            self.request_id or None,
            self.began - self.opened,
            self.runtime.now() - self.began,
            self.waited,
        )
        self.trail, self.waited = (*self.trail, attempt), 0.0

    def __repr__(self) -> str:
        return f"<Exchange {self.call.operation} attempt={self.attempt}>"


Next = Callable[[Exchange], Awaitable[Response]]


class Layer(Protocol):
    """One concern around the sending of a request: it may change the exchange, call `next` often, raise."""

    async def __call__(self, exchange: Exchange, next: Next) -> Response: ...


class Observer(Protocol):
    """Stands around whole calls, decoding included, and flows of several. It must not change what becomes of them."""

    def call(self, exchange: Exchange) -> AbstractContextManager[object]:
        """Around one call, before its first layer; leaves with the error as the caller gets it."""
        ...

    def flow(self, operation: str) -> AbstractContextManager[object]:
        """Around the calls of one flow."""
        ...


_NOTHING: Final = nullcontext()


class Unobserved:
    """The observer of a client whose application wants none."""

    def call(self, exchange: Exchange) -> AbstractContextManager[object]:
        return _NOTHING

    def flow(self, operation: str) -> AbstractContextManager[object]:
        return _NOTHING
