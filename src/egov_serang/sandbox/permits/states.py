"""The state machine of a permit application as one table (contract-v1 section 3)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Literal

from egov_serang.models.permits import ApplicationAction as Action
from egov_serang.models.permits import ApplicationStatus as Status
from egov_serang.models.permits import Stage

Actor = Literal["apply", "review", "decide", "issue", "system"]
"""Who acts; all but `system` are the last word of a scope `permits:<actor>`."""

FeeState = Literal["none", "due", "billed", "confirmed"]


@dataclass(frozen=True, slots=True)
class Situation:
    """All of an application that the rules look at."""

    status: str
    stage: str
    clock: str
    waiting_on: str
    fee: FeeState
    granted: bool
    """Decided in favour, with or without conditions, or deemed granted."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: who may do what, and when. None means "whatever it is"."""

    action: Action
    actor: Actor
    status: frozenset[Status]
    to: Status | None = None
    """The status afterwards; None keeps it."""
    stage: frozenset[Stage] | None = None
    clock: str | None = None
    waiting_on: str | None = None
    granted: bool | None = None
    fee: frozenset[FeeState] | None = None
    """What the fee must be. Kept out of `fits`: where only money is missing, the answer is fee_outstanding."""

    def fits(self, now: Situation) -> bool:
        """Whether the state, all but the fee, has room for the action."""
        return (
            now.status in self.status
            and (self.stage is None or now.stage in self.stage)
            and self.clock in (None, now.clock)
            and self.waiting_on in (None, now.waiting_on)
            and self.granted in (None, now.granted)
        )

    def settled(self, now: Situation) -> bool:
        """Whether the fee allows it too."""
        return self.fee is None or now.fee in self.fee


_DRAFT: Final = frozenset({Status.DRAFT})
_OPEN: Final = frozenset({Status.UNDETERMINED})
_DETERMINED: Final = frozenset({Status.DETERMINED})
_EXAMINED: Final = frozenset({Stage.VALIDATION, Stage.ASSESSMENT, Stage.INSPECTION})
_PAYING: Final = frozenset({Stage.PAYMENT})
_DECIDING: Final = frozenset({Stage.DECISION})
_PAID: Final[frozenset[FeeState]] = frozenset({"none", "confirmed"})
_NOT_BILLED: Final[frozenset[FeeState]] = frozenset({"none", "due", "confirmed"})
_DUE: Final[frozenset[FeeState]] = frozenset({"due"})
_BILLED: Final[frozenset[FeeState]] = frozenset({"billed"})

RULES: Final = (
    Rule(Action.SUBMIT, "apply", _DRAFT, to=Status.UNDETERMINED),
    Rule(Action.RESUBMIT, "apply", frozenset({Status.RETURNED}), to=Status.UNDETERMINED),
    Rule(Action.WITHDRAW, "apply", _DRAFT | _OPEN | {Status.RETURNED}, to=Status.WITHDRAWN),
    Rule(Action.SUPPLY, "apply", _OPEN, clock="paused", waiting_on="applicant"),
    Rule(Action.RETURN, "review", _OPEN, to=Status.RETURNED, stage=_EXAMINED, clock="running"),
    Rule(Action.ADVANCE, "review", _OPEN, stage=_EXAMINED, clock="running"),
    Rule(Action.ADVANCE, "review", _OPEN, stage=_PAYING, fee=_PAID),
    Rule(Action.PAUSE, "review", _OPEN, stage=_EXAMINED | _DECIDING, clock="running"),
    Rule(Action.RESUME, "review", _OPEN, clock="paused", fee=_NOT_BILLED),
    Rule(Action.RESTART, "review", _OPEN, clock="paused", fee=_NOT_BILLED),
    Rule(Action.ACCEPT_DOCUMENT, "review", _OPEN, stage=_EXAMINED),
    Rule(Action.REJECT_DOCUMENT, "review", _OPEN, stage=_EXAMINED),
    Rule(Action.BILL, "review", _OPEN, stage=_PAYING, clock="running", fee=_DUE),
    # A deemed grant may come before the fee was billed: it is still owed before the licence is issued.
    Rule(Action.BILL, "review", _DETERMINED, stage=_DECIDING, granted=True, fee=_DUE),
    Rule(Action.CONFIRM_PAYMENT, "review", _OPEN, stage=_PAYING, fee=_BILLED),
    Rule(Action.CONFIRM_PAYMENT, "review", _DETERMINED, stage=_DECIDING, granted=True, fee=_BILLED),
    Rule(Action.DECIDE, "decide", _OPEN, to=Status.DETERMINED, stage=_DECIDING, clock="running"),
    Rule(Action.ISSUE, "issue", _DETERMINED, stage=_DECIDING, granted=True, fee=_PAID),
    Rule(Action.DEEM_GRANT, "system", _OPEN, to=Status.DETERMINED, clock="running"),
    Rule(Action.LAPSE, "system", _OPEN, to=Status.LAPSED, stage=_PAYING, fee=_BILLED),
)


def find_rule(action: str, now: Situation) -> Rule | None:
    """The line that lets `action` happen now, whoever asks; None when the state does not allow it."""
    return next((rule for rule in RULES if rule.action == action and rule.fits(now)), None)


def allowed_actions(now: Situation, actors: AbstractSet[str]) -> tuple[Action, ...]:
    """What callers in these roles may do now, in the order of the table."""
    return tuple(rule.action for rule in RULES if rule.actor in actors and rule.fits(now) and rule.settled(now))


def actor_of(action: str) -> Actor | None:
    """The role an action belongs to; None when there is no such action."""
    return next((rule.actor for rule in RULES if rule.action == action), None)
