"""The life of a civil application (contract-v1 section 4)."""

from __future__ import annotations

from typing import Final

from egov_serang.models.civil import CivilAction as Action
from egov_serang.models.civil import CivilStatus as Status
from egov_serang.sandbox.states import Rule, StateMachine

APPLICANT: Final = "identity:apply"
OFFICER: Final = "identity:process"

MACHINE: Final = StateMachine(
    (
        Rule(Status.DRAFT, Action.SUBMIT, Status.SUBMITTED, APPLICANT),
        Rule(Status.DRAFT, Action.WITHDRAW, Status.WITHDRAWN, APPLICANT),
        Rule(Status.SUBMITTED, Action.START_REVIEW, Status.IN_REVIEW, OFFICER),
        Rule(Status.SUBMITTED, Action.WITHDRAW, Status.WITHDRAWN, APPLICANT),
        Rule(Status.IN_REVIEW, Action.RETURN, Status.RETURNED, OFFICER),
        Rule(Status.IN_REVIEW, Action.APPROVE, Status.APPROVED, OFFICER),
        Rule(Status.IN_REVIEW, Action.REJECT, Status.REJECTED, OFFICER),
        Rule(Status.RETURNED, Action.RESUBMIT, Status.IN_REVIEW, APPLICANT),
        Rule(Status.RETURNED, Action.WITHDRAW, Status.WITHDRAWN, APPLICANT),
        Rule(Status.APPROVED, Action.ISSUE, Status.ISSUED, OFFICER),
        Rule(Status.ISSUED, Action.HAND_OVER, Status.COLLECTED, OFFICER),
    )
)

IN_HAND: Final = frozenset({Status.DRAFT, Status.RETURNED})
"""Where it is the applicant's turn: to change the form, to attach, to hand in."""

AT_THE_OFFICE: Final = frozenset({Status.SUBMITTED, Status.IN_REVIEW, Status.APPROVED})
"""Where it is the registry's turn."""
