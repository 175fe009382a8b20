"""Whether a failed call is repeated, when, and at which price. Pure: no clock, no sleep, no state of its own.

Source: layers.md 3.3 and contract-v1 section 1.
"""

from __future__ import annotations

import random as randomness
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from egov_serang.core.exchange import Exchange
from egov_serang.errors import (
    ConfigError,
    ConnectionFailed,
    EgovError,
    RateLimited,
    ServerFault,
    UnexpectedReply,
)

if TYPE_CHECKING:
    from tenacity.stop import StopBaseT
    from tenacity.wait import WaitBaseT

Reason = type[EgovError] | str

IN_PROGRESS: Final = "idempotency_in_progress"
LONGEST_HINT: Final = 120.0
"""Seconds of a service's hint that a call waits for; what is longer is told to the caller instead."""
_REPEATED: Final[tuple[Reason, ...]] = (
    ConnectionFailed,
    RateLimited,
    ServerFault,
    UnexpectedReply,
    IN_PROGRESS,
    # Damage on the way may be gone; who signs otherwise will do so again.
    "digest",
    "signature_missing",
    "signature_wrong",
)
_ONCE: Final = "resolve"
"""A name may be unknown for a moment; one that is unknown twice has been mistyped."""
_LASTING: Final = frozenset({"redirect", "wrong_shape"})
_UNAVAILABLE: Final = 503
_TOO_EARLY: Final = 425
_COST, _COST_BUSY = 14, 5
_SPREAD: Final = 0.2


def is_busy(outcome: EgovError) -> bool:
    """Whether the service is there and asks for time: waited for longer, and cheaper to repeat."""
    unavailable = isinstance(outcome, ServerFault) and outcome.status == _UNAVAILABLE
    return unavailable or isinstance(outcome, RateLimited) or outcome.code == IN_PROGRESS


def cost(outcome: EgovError) -> int:
    """What repeating after this outcome takes from the client's budget."""
    return _COST_BUSY if is_busy(outcome) else _COST


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a failed call is repeated, for `Client(retry=...)` and `with_options(retry=...)`.

    Whatever it says, a write is repeated only with a key the service honours or when it provably never left, within the
    call's deadline and the client's budget, and never after a cancellation. `Retry-After` is never undercut.

    Args:
        wait: a wait of tenacity's, such as `tenacity.wait_random_exponential(0.5, 10)`, in seconds; by default full
            jitter that grows from 0.2 s (1 s where the service is busy) to 20 s.
        stop: a stop of tenacity's, such as `tenacity.stop_after_delay(30)`; by default after the setting `retries`.
        on: what is repeated: classes of errors and problem codes. A class leaves out what cannot get better, such as an
            unknown certificate; a code takes in whatever has it.
        random: gives the numbers from 0 to 1 that the default waits and the time after a `Retry-After` are drawn with.

    Raises:
        ConfigError: something is none of these.
    """

    wait: WaitBaseT | None = None
    stop: StopBaseT | None = None
    on: tuple[Reason, ...] = _REPEATED
    random: Callable[[], float] = randomness.random

    def __post_init__(self) -> None:
        for name in ("wait", "stop", "random"):
            given = getattr(self, name)
            if given is not None and not callable(given):
                raise ConfigError(
                    f"{name} of a RetryPolicy must be a {'function' if name == 'random' else f'{name} of tenacity'}",
                    code="config_value",
                    hint="Such as RetryPolicy(wait=tenacity.wait_fixed(1), stop=tenacity.stop_after_attempt(3))",
                )
        on: object = self.on  # the annotation is a promise of the caller's, not a fact
        if not isinstance(on, tuple) or not all(map(_is_reason, cast("tuple[object, ...]", on))):
            raise ConfigError(
                "on of a RetryPolicy must be a tuple of error classes of egov_serang and of problem codes",
                code="config_value",
                hint="Such as on=(ConnectionFailed, RateLimited, 'upstream_timeout'). Cancellations and bugs, which"
                " Exception would take in, are never repeated",
            )

    def delay(self, exchange: Exchange, outcome: EgovError) -> float | None:
        """Seconds to wait before the call is repeated, or None where it is not.

        A pure function of its arguments and of what `random` gives.

        Args:
            exchange: the call, with the trail of what became of its attempts.
            outcome: how the last of them failed.
        """
        hint = outcome.retry_after
        if not self._may_repeat(exchange, outcome) or (hint is not None and hint > LONGEST_HINT):
            return None
        from egov_serang.layers.schedule import Schedule  # noqa: PLC0415 - loads tenacity, which a success never needs

        polls = sum(one.code == IN_PROGRESS for one in exchange.trail)
        # Asking how far the service is with this very write is no repetition of it.
        number = max(1, exchange.repeated + 1 - polls)
        schedule = Schedule(exchange, outcome, number)
        if outcome.code == IN_PROGRESS:
            wait = schedule.poll(polls, self.random())
        elif outcome.code == "closed" and exchange.repeated == 0:
            wait = 0.0  # the idle connection had ended: nobody is in trouble, and nobody was asked yet
        elif self.wait is None:
            wait = schedule.jitter(self.random(), busy=is_busy(outcome))
        else:
            wait = schedule.waits(self.wait)
        if hint is not None:
            wait = max(wait, hint + _SPREAD * self.random())
        return None if schedule.over(self.stop, wait) else wait

    def _may_repeat(self, exchange: Exchange, outcome: EgovError) -> bool:
        code = outcome.code or ""
        if code not in self.on:
            classes = tuple(one for one in self.on if isinstance(one, type))
            if code.startswith("permanent_") or code in _LASTING or not isinstance(outcome, classes):
                return False
        if code == _ONCE and sum(one.code == _ONCE for one in exchange.trail) > 1:
            return False
        if getattr(outcome, "status", None) == _TOO_EARLY:  # once: whoever says it again means something else
            return sum(one.status == _TOO_EARLY for one in exchange.trail) <= 1 and self._is_safe(exchange, outcome)
        return self._is_safe(exchange, outcome)

    @staticmethod
    def _is_safe(exchange: Exchange, outcome: EgovError) -> bool:
        """Whether repeating has no second effect: throttled means not executed, and so does a key in progress."""
        unexecuted = isinstance(outcome, RateLimited) or outcome.code == IN_PROGRESS
        return unexecuted or exchange.call.safety != "never_repeat" or exchange.sent == "no"


def _is_reason(given: object) -> bool:
    return (isinstance(given, str) and bool(given)) or (isinstance(given, type) and issubclass(given, EgovError))


DEFAULT: Final = RetryPolicy()
