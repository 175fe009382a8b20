"""Doing a failed call again as the same call: what a client keeps of it, for as long as the error lives.

The error itself holds nothing of it, so nothing of it prints, pickles or is written to a crash report.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final

from egov_serang.core.call import Call, Safety
from egov_serang.core.engine import Engine
from egov_serang.core.exchange import surer
from egov_serang.core.reply import Reply
from egov_serang.errors import EgovError, RateLimited, Sent, UnsupportedOperation

_KEPT_FOR: Final = 24 * 3600.0
"""Seconds a gateway keeps idempotency keys at least (contract-v1 section 1)."""


class Undertaking:
    """The arguments of a public call, and what they have led to. Frames show it, never the numbers and names inside.

    Attributes:
        pos: the arguments as they were given.
        kw: those given by name.
        call: what the operation became; None before that, and for a flow, which becomes several.
        safety: how what was sent may be repeated.
        key: the idempotency key, where the call was made before.
        sent: whether the service may have seen it then.
        since: when it was first made, in seconds since the epoch.
    """

    __slots__ = ("call", "key", "kw", "pos", "safety", "sent", "since")

    def __init__(self, pos: tuple[Any, ...], kw: dict[str, Any]) -> None:
        self.pos = pos
        self.kw = kw
        self.call: Call[Any] | None = None
        self.safety: Safety = "safe"
        self.key: str | None = None
        self.sent: Sent = "no"
        self.since: float | None = None

    def __repr__(self) -> str:
        return "<arguments>"


Work = Callable[[Engine, Undertaking], Coroutine[Any, Any, Reply[Any]]]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Unfinished:
    """A public call that failed.

    Attributes:
        engine: that carried it out.
        work: carries it out.
        given: its arguments.
        raw: whether its result is a `Reply`.
    """

    engine: Engine
    work: Work
    given: Undertaking
    raw: bool

    def keep(self, error: EgovError) -> None:
        """Remember the call as what this error can be resumed to."""
        given, engine = self.given, self.engine
        given.key = error.idempotency_key or given.key
        given.sent = surer(given.sent, error.sent)
        if given.since is None:
            given.since = engine.runtime.wall() - engine.options.deadline
        engine.unfinished[error] = self

    def run(self) -> Any:
        """Carry it out from a thread; where it fails again, that error can be resumed too."""
        try:
            reply = self.engine.finish(self.work(self.engine, self.given))
        except EgovError as error:
            self.keep(error)
            raise
        return reply if self.raw else reply.data

    async def run_async(self) -> Any:
        """Carry it out from a task, likewise."""
        try:
            reply = await self.engine.finish_async(self.work(self.engine, self.given))
        except EgovError as error:
            self.keep(error)
            raise
        return reply if self.raw else reply.data

    def renewed(self, error: EgovError, engine: Engine) -> Unfinished:
        """The same call to be carried out once more, with the deadline and retries of this engine.

        Raises:
            UnsupportedOperation: repeating could have a second effect.
        """
        given = self.given
        if given.sent != "no" and given.safety == "never_repeat" and not isinstance(error, RateLimited):
            raise _refused(
                "the service may have acted on it and honours no idempotency key",
                "Look the result up first; then decide whether to make the call anew",
            )
        late = given.since is not None and self.engine.runtime.wall() - given.since > _KEPT_FOR
        if given.sent != "no" and given.safety == "keyed" and late:
            raise _refused(
                "it was made over 24 hours ago, and the service need not know its idempotency key any more",
                "Look the result up by your client_reference",
            )
        anew = Undertaking(given.pos, given.kw)
        anew.call, anew.safety, anew.key, anew.sent, anew.since = (
            given.call,
            given.safety,
            given.key,
            given.sent,
            given.since,
        )
        # The layers are the original's: they say for whom it is made.
        mine = replace(self.engine.options, deadline=engine.options.deadline, retries=engine.options.retries)
        return replace(self, engine=self.engine.with_options(mine), given=anew)


def resumable(engine: Engine, error: EgovError) -> Unfinished:
    """The call of an error, ready to be carried out again.

    Raises:
        UnsupportedOperation: it is not known, or repeating could have a second effect.
    """
    found = engine.unfinished.get(error)
    if found is None:
        raise _refused(
            "only the error itself, as a service of this client raised it, leads back to its call",
            "A copied or pickled error, or another client's: make the call again with its idempotency_key."
            " A list goes on by itself: iterate on",
        )
    return found.renewed(error, engine)


def _refused(why: str, hint: str) -> UnsupportedOperation:
    return UnsupportedOperation(f"this call cannot be resumed: {why}", code="not_resumable", hint=hint)
