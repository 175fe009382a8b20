"""What the page may see of the city's records: names of states, codes, times. Each field is named here, none is copied.

Nothing that somebody wrote (descriptions, notes, references of a client's own) and nothing about a person passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from egov_serang.models.civil import CivilApplication, CivilStatus
from egov_serang.models.complaints import Complaint, ComplaintStatus, Due
from egov_serang.models.notifications import Message
from egov_serang.models.permits import ApplicationStatus, Stage
from egov_serang.sandbox.console.maps import CityMap, Point, spread
from egov_serang.sandbox.permits.case import Case

Mark = Literal["new", "work", "done", "ended"]
Term = Literal["fine", "soon", "late"]
Column = Literal["applicant", "review", "payment", "decision", "approved", "issued", "ended"]

MARKS: Final[dict[ComplaintStatus, Mark]] = {
    ComplaintStatus.SUBMITTED: "new",
    ComplaintStatus.NEEDS_INFORMATION: "new",
    ComplaintStatus.VERIFIED: "new",
    ComplaintStatus.ASSIGNED: "work",
    ComplaintStatus.IN_PROGRESS: "work",
    ComplaintStatus.ON_HOLD: "work",
    ComplaintStatus.RESOLVED: "done",
    ComplaintStatus.CLOSED: "done",
    ComplaintStatus.REJECTED: "ended",
    ComplaintStatus.DUPLICATE: "ended",
    ComplaintStatus.TRANSFERRED: "ended",
    ComplaintStatus.WITHDRAWN: "ended",
}
"""The marker of each status."""

QUEUES: Final = (
    "submitted",
    "needs_information",
    "verified",
    "assigned",
    "in_progress",
    "on_hold",
    "resolved",
    "ended",
)
"""The queues of the complaints: the states in which somebody waits for something, and one for all that is over."""

SOON: Final = timedelta(days=1)
"""How long before its end a term is shown as one that will soon be over."""

PERMIT_COLUMNS: Final[tuple[Column, ...]] = ("applicant", "review", "payment", "decision", "issued", "ended")
CIVIL_COLUMNS: Final[tuple[Column, ...]] = ("applicant", "review", "approved", "issued", "ended")

_STAGES: Final[dict[Stage, Column]] = {Stage.PAYMENT: "payment", Stage.DECISION: "decision"}
_CIVIL: Final[dict[CivilStatus, Column]] = {
    CivilStatus.DRAFT: "applicant",
    CivilStatus.RETURNED: "applicant",
    CivilStatus.SUBMITTED: "review",
    CivilStatus.IN_REVIEW: "review",
    CivilStatus.APPROVED: "approved",
    CivilStatus.ISSUED: "issued",
    CivilStatus.COLLECTED: "issued",
    CivilStatus.REJECTED: "ended",
    CivilStatus.WITHDRAWN: "ended",
}


@dataclass(frozen=True, slots=True)
class Names:
    """A name in both languages of the page."""

    id: str
    en: str


@dataclass(frozen=True, slots=True)
class ComplaintCard:
    """A complaint in the list; on the map too where `at` says where."""

    key: str
    reference: str
    kind: Names
    status: str
    queue: str
    mark: Mark
    stage: str | None
    due_at: datetime | None
    term: Term | None
    requested_at: datetime | None
    files: int
    area: str | None
    at: Point | None


@dataclass(frozen=True, slots=True)
class BoardCard:
    """An application on its board."""

    key: str
    reference: str
    kind: Names
    column: Column
    stage: str | None
    status: str
    outcome: str | None
    clock: str | None
    due_at: datetime | None
    late: bool
    waiting_on: str


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A line of the message log; `recipient` as the sandbox keeps it: masked."""

    key: str
    at: datetime | None
    template: str
    channel: str | None
    status: str
    reason: str | None
    recipient: str


def complaint_cards(
    complaints: Sequence[tuple[Complaint, Names]], city: CityMap | None, now: datetime
) -> list[ComplaintCard]:
    """Complaints as a stranger may see them.

    Args:
        complaints: each with the name of its category, oldest first, so that a marker stays where it is.
        city: where to place them; None gives no places.
        now: the city's time.
    """
    places = [None if city is None else _place(complaint, city) for complaint, _ in complaints]
    spots = iter(() if city is None else spread(city, [place for place in places if place is not None]))
    return [
        ComplaintCard(
            key=complaint.complaint_id,
            reference=complaint.reference or "",
            kind=kind,
            status=complaint.status.value,
            queue=complaint.status.value if complaint.status.value in QUEUES else "ended",
            mark=MARKS.get(complaint.status, "new"),
            stage=None if complaint.due is None else complaint.due.stage,
            due_at=None if complaint.due is None else complaint.due.at,
            term=None if complaint.due is None else term(complaint.due, now),
            requested_at=complaint.requested_at,
            files=len(complaint.media),
            area=None if city is None else _area(complaint, city),
            at=None if place is None else next(spots),
        )
        for (complaint, kind), place in zip(complaints, places, strict=True)
    ]


def term(due: Due, now: datetime) -> Term:
    """How the term of a service level stands."""
    if due.breached:
        return "late"
    return "soon" if due.at - now <= SOON else "fine"


def permit_card(case: Case, kind: Names, now: datetime) -> BoardCard:
    """A permit application."""
    due_at = case.clock.due_at
    return BoardCard(
        key=case.application_id,
        reference=case.reference,
        kind=kind,
        column=_permit_column(case),
        stage=case.stage.value,
        status=case.status.value,
        outcome=None if case.decision is None else case.decision.outcome,
        clock=case.clock.state,
        due_at=due_at,
        late=due_at is not None and now > due_at,
        waiting_on=case.waiting_on,
    )


def civil_card(application: CivilApplication, kind: Names, now: datetime) -> BoardCard:
    """A civil application."""
    due_at = application.expected_at
    return BoardCard(
        key=application.application_id,
        reference=application.reference or "",
        kind=kind,
        column=_CIVIL.get(application.status, "review"),
        stage=None,
        status=application.status.value,
        outcome=None,
        clock=None,
        due_at=due_at,
        late=due_at is not None and now > due_at,
        waiting_on=application.waiting_on or "none",
    )


def message_lines(messages: Iterable[tuple[Message, str]]) -> list[MessageLine]:
    """Messages, each with its masked recipient."""
    return [
        MessageLine(
            key=message.message_id,
            at=message.created_at,
            template=message.template_id,
            channel=None if message.channel is None else message.channel.value,
            status=message.status.value,
            reason=message.failure_reason,
            recipient=recipient,
        )
        for message, recipient in messages
    ]


def _permit_column(case: Case) -> Column:
    if case.status in (ApplicationStatus.DRAFT, ApplicationStatus.RETURNED):
        return "applicant"
    if case.status == ApplicationStatus.UNDETERMINED:
        return _STAGES.get(case.stage, "review")
    if case.status == ApplicationStatus.DETERMINED and case.granted:
        return "issued" if case.licence_id else "decision"
    return "ended"


def _place(complaint: Complaint, city: CityMap) -> Point | None:
    """Its point, else the middle of its district. Of a confidential complaint the district must do."""
    if complaint.visibility == "public" and complaint.lat is not None and complaint.long is not None:
        return city.project(complaint.long, complaint.lat)
    return None if complaint.area_code is None else city.centre(complaint.area_code)


def _area(complaint: Complaint, city: CityMap) -> str | None:
    """The name of its district, as the map has it: a code of a client's own is not repeated."""
    code = complaint.area_code or ""
    return next((d.name for d in city.districts if code == d.code or code.startswith(f"{d.code}.")), None)
