"""What the sandbox keeps about one application: a frozen record, changed only by making the next one."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, JsonValue

from egov_serang.model import Money
from egov_serang.models.complaints import Location
from egov_serang.models.permits import Applicant, Decision, Stage
from egov_serang.models.permits import ApplicationAction as Action
from egov_serang.models.permits import ApplicationStatus as Status
from egov_serang.sandbox.papers import PaperRecord
from egov_serang.sandbox.permits.catalogue import Magic
from egov_serang.sandbox.permits.clock import StatutoryClock
from egov_serang.sandbox.permits.states import Situation

WaitingOn = Literal["applicant", "authority", "third_party", "payment", "none"]

GRANTED = frozenset({"granted", "granted_with_conditions", "deemed_granted"})


class FeeRecord(BaseModel):
    """The one fee (*retribusi*) of an application: assessed at the start, billed in the payment stage."""

    model_config = ConfigDict(frozen=True)

    fee_id: str
    code: str
    amount: Money
    state: Literal["due", "billed", "confirmed"] = "due"
    billing_code: str | None = None
    due_at: datetime | None = None
    receipt: str | None = None


class Case(BaseModel):
    """An application with all that drives it. The rules of its type are copied in when it begins."""

    model_config = ConfigDict(frozen=True)

    application_id: str
    reference: str
    client_id: str
    client_reference: str | None
    permit_type_code: str
    type_version: int
    stages: tuple[Stage, ...]
    deemed_approval: bool
    magic: Magic | None
    magic_at: datetime | None = None
    """When the type's magic strikes; only the first submission sets it."""
    applicant: Applicant
    agent: Applicant | None = None
    location: Location | None = None
    form: dict[str, JsonValue] = {}
    stage: Stage = Stage.PREPARATION
    status: Status = Status.DRAFT
    status_notes: str | None = None
    paused_for: WaitingOn = "none"
    decision: Decision | None = None
    clock: StatutoryClock
    fee: FeeRecord | None = None
    papers: tuple[PaperRecord, ...] = ()
    licence_id: str | None = None
    version: int = 1

    @property
    def granted(self) -> bool:
        """Decided in favour."""
        return self.decision is not None and self.decision.outcome in GRANTED

    @property
    def waiting_on(self) -> WaitingOn:
        """Whose turn it is."""
        if self.status in (Status.DRAFT, Status.RETURNED):
            return "applicant"
        if self.status == Status.UNDETERMINED:
            return self.paused_for if self.clock.state == "paused" else "authority"
        if self.granted and self.licence_id is None:
            return "payment" if self.fee is not None and self.fee.state == "billed" else "authority"
        return "none"

    @property
    def situation(self) -> Situation:
        """What the state table looks at."""
        return Situation(
            status=self.status,
            stage=self.stage,
            clock=self.clock.state,
            waiting_on=self.waiting_on,
            fee="none" if self.fee is None else self.fee.state,
            granted=self.granted,
        )

    @property
    def next_event(self) -> tuple[datetime, Action] | None:
        """The next thing that happens by itself, and when; None when only people can move the application."""
        if self.status != Status.UNDETERMINED:
            return None
        events: list[tuple[datetime, Action]] = []
        if self.magic_at is not None:
            events.append((self.magic_at, Action.PAUSE if self.magic == "pause" else Action.RETURN))
        if self.deemed_approval and self.clock.due_at is not None:
            events.append((self.clock.due_at, Action.DEEM_GRANT))
        if self.fee is not None and self.fee.state == "billed" and self.fee.due_at is not None:
            events.append((self.fee.due_at, Action.LAPSE))
        return min(events, key=lambda event: event[0], default=None)

    def changed(self, **changes: object) -> Self:
        """The record with these fields replaced; the version is the store's business."""
        return self.model_copy(update=changes)
