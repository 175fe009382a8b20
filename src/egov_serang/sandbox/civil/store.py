"""Civil applications as they are kept, who finds which, and what a caller sees of them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, JsonValue
from sqlalchemy import JSON, Select, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.models.civil import (
    CivilAction,
    CivilApplicant,
    CivilApplication,
    CivilDelivery,
    CivilEvent,
    CivilResult,
    CivilStatus,
    CivilSubject,
)
from egov_serang.sandbox.civil.catalogue import Registry
from egov_serang.sandbox.civil.states import APPLICANT, AT_THE_OFFICE, IN_HAND, MACHINE, OFFICER
from egov_serang.sandbox.db import Base
from egov_serang.sandbox.gate import Caller
from egov_serang.sandbox.papers import PaperRecord
from egov_serang.sandbox.problems import Problem
from egov_serang.sandbox.working import add_working


class CivilRow(Base):
    """An application: columns for what lists search by, `body` for the record itself."""

    __tablename__ = "civil_application"

    serial: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[str] = mapped_column(index=True)
    service_code: Mapped[str]
    status: Mapped[str]
    client_reference: Mapped[str | None] = mapped_column(index=True)
    updated_at: Mapped[float]
    version: Mapped[int]
    body: Mapped[dict[str, object]] = mapped_column(JSON)


class CivilCase(BaseModel):
    """What is kept of one application, apart from the columns of its row."""

    model_config = ConfigDict(frozen=True)

    reference: str
    variant: str | None = None
    applicant: CivilApplicant
    subjects: tuple[CivilSubject, ...] = ()
    form: dict[str, JsonValue] = {}
    delivery: CivilDelivery
    papers: tuple[PaperRecord, ...] = ()
    submitted_at: datetime | None = None
    status_detail: str | None = None
    status_notes: str | None = None
    result: CivilResult | None = None
    history: tuple[CivilEvent, ...] = ()


class Found:
    """An application in the hands of a caller.

    Args:
        offered: the services of the city's registry, by code.
    """

    def __init__(self, row: CivilRow, caller: Caller, offered: Mapping[str, Registry]) -> None:
        self.row, self.caller = row, caller
        self.service = offered[row.service_code]
        """What is applied for."""
        self.case = CivilCase.model_validate(row.body)

    @property
    def roles(self) -> AbstractSet[str]:
        """The scopes that count here: only the client that began it acts as the applicant."""
        own = self.row.client_id == self.caller.client_id
        return self.caller.scopes if own else self.caller.scopes - {APPLICANT}

    @property
    def allowed(self) -> list[str]:
        """What this caller may do now."""
        return MACHINE.allowed_actions(self.row.status, self.roles)

    @property
    def waiting_on(self) -> str:
        """Whose turn it is."""
        if self.row.status in IN_HAND:
            return "applicant"
        if self.row.status in AT_THE_OFFICE:
            return "authority"
        # A printed document lies at the counter, or is on its way by post.
        waits = {"pickup": "applicant", "post": "authority"} if self.row.status == CivilStatus.ISSUED else {}
        return waits.get(self.case.delivery.mode, "none")

    def write(self, now: datetime, *, status: str | None = None, **changes: object) -> None:
        """Make these changes its next version."""
        self.case = CivilCase.model_validate({**dict(self.case), **changes})
        self.row.body = self.case.model_dump(mode="json")
        self.row.status = status or self.row.status
        self.row.updated_at = now.timestamp()
        self.row.version += 1

    def view(self) -> CivilApplication:
        """The application with the actions this caller may take now."""
        row, case = self.row, self.case
        start, days = case.submitted_at, timedelta(days=self.service.days)
        return CivilApplication(
            application_id=row.application_id,
            reference=case.reference,
            service_code=row.service_code,
            variant=case.variant,
            applicant=case.applicant,
            subjects=case.subjects,
            form=case.form,
            documents=tuple(paper.document for paper in case.papers if paper.current),
            status=CivilStatus(row.status),
            status_detail=case.status_detail,
            status_notes=case.status_notes,
            waiting_on=self.waiting_on,
            expected_at=add_working(start, days) if start and row.status in AT_THE_OFFICE else None,
            delivery=case.delivery,
            result=case.result,
            allowed_actions=tuple(map(CivilAction, self.allowed)),
            client_reference=row.client_reference,
            version=row.version,
        )


def visible(caller: Caller) -> Select[CivilRow]:
    """The applications a caller may see: its own, and as an officer everybody's."""
    wanted = select(CivilRow)
    return wanted if OFFICER in caller.scopes else wanted.where(CivilRow.client_id == caller.client_id)


def find(session: Session, application_id: str, caller: Caller, offered: Mapping[str, Registry]) -> Found:
    """An application this caller may see.

    Raises:
        Problem: not_found, also for somebody else's application.
    """
    row = session.scalar(visible(caller).where(CivilRow.application_id == application_id))
    if row is None:
        raise Problem("not_found")
    return Found(row, caller, offered)
