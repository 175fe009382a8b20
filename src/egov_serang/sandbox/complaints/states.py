"""The life of a complaint (contract-v1 section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from egov_serang.models.complaints import ComplaintAction as Action
from egov_serang.models.complaints import ComplaintStatus as Status
from egov_serang.sandbox.states import Rule, StateMachine

CITIZEN: Final = "complaints:write"
OFFICER: Final = "complaints:manage"

MACHINE: Final = StateMachine(
    (
        Rule(Status.SUBMITTED, Action.VERIFY, Status.VERIFIED, OFFICER),
        Rule(Status.SUBMITTED, Action.REQUEST_INFO, Status.NEEDS_INFORMATION, OFFICER),
        Rule(Status.SUBMITTED, Action.REJECT, Status.REJECTED, OFFICER),
        Rule(Status.SUBMITTED, Action.MARK_DUPLICATE, Status.DUPLICATE, OFFICER),
        Rule(Status.SUBMITTED, Action.WITHDRAW, Status.WITHDRAWN, CITIZEN),
        Rule(Status.NEEDS_INFORMATION, Action.SUPPLY_INFO, Status.SUBMITTED, CITIZEN),
        Rule(Status.NEEDS_INFORMATION, Action.WITHDRAW, Status.WITHDRAWN, CITIZEN),
        Rule(Status.NEEDS_INFORMATION, Action.EXPIRE, Status.WITHDRAWN, None),
        Rule(Status.VERIFIED, Action.ASSIGN, Status.ASSIGNED, OFFICER),
        Rule(Status.VERIFIED, Action.TRANSFER, Status.TRANSFERRED, OFFICER),
        Rule(Status.VERIFIED, Action.WITHDRAW, Status.WITHDRAWN, CITIZEN),
        Rule(Status.ASSIGNED, Action.START, Status.IN_PROGRESS, OFFICER),
        Rule(Status.ASSIGNED, Action.REASSIGN, Status.VERIFIED, OFFICER),
        Rule(Status.ASSIGNED, Action.TRANSFER, Status.TRANSFERRED, OFFICER),
        Rule(Status.IN_PROGRESS, Action.RESOLVE, Status.RESOLVED, OFFICER),
        Rule(Status.IN_PROGRESS, Action.HOLD, Status.ON_HOLD, OFFICER),
        Rule(Status.ON_HOLD, Action.RESUME, Status.IN_PROGRESS, OFFICER),
        Rule(Status.RESOLVED, Action.RATE, Status.CLOSED, CITIZEN),
        Rule(Status.RESOLVED, Action.REOPEN, Status.VERIFIED, CITIZEN),
        Rule(Status.RESOLVED, Action.AUTO_CLOSE, Status.CLOSED, None),
        Rule(Status.REJECTED, Action.REOPEN, Status.SUBMITTED, CITIZEN),
        Rule(Status.REJECTED, Action.AUTO_CLOSE, Status.CLOSED, None),
    )
)

WAITING_DAYS: Final = 10
"""Working days after which the system acts: it closes what is resolved or rejected, withdraws what stays unanswered."""

REOPEN_DAYS: Final = 5
"""Working days in which the citizen may reopen what was resolved or rejected; after them it waits to be closed."""

BATCH_S: Final = 60
"""Seconds until the number of a complaint is known whose category answers with a token."""

BY_ITSELF: Final[Mapping[str, Rule]] = MappingProxyType(
    {rule.state: rule for rule in MACHINE.rules if rule.scope is None}
)
"""What the system does to a complaint that has waited that long, by its state."""

STAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Status.SUBMITTED: "verify",
        Status.NEEDS_INFORMATION: "verify",
        Status.VERIFIED: "respond",
        Status.ASSIGNED: "resolve",
        Status.IN_PROGRESS: "resolve",
        Status.ON_HOLD: "resolve",
    }
)
"""The service level that runs in each open state."""

OPEN: Final = frozenset(STAGES)
"""The states in which somebody still has to do something."""

MILESTONES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Status.VERIFIED: "verify",
        Status.REJECTED: "verify",
        Status.DUPLICATE: "verify",
        Status.ASSIGNED: "respond",
        Status.TRANSFERRED: "respond",
        Status.RESOLVED: "resolve",
    }
)
"""Which service level is met by reaching a state; statistics count the time until then."""
