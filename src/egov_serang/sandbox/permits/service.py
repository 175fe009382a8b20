"""What the permits module does for a caller, apart from how it is asked (contract-v1 section 3)."""

from __future__ import annotations

import secrets
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from egov_serang.models.permits import ApplicationAction as Action
from egov_serang.models.permits import ApplicationStatus as Status
from egov_serang.models.permits import Document
from egov_serang.sandbox.forms import form_errors
from egov_serang.sandbox.gate import Caller
from egov_serang.sandbox.papers import AttachDocument, check_complete, take
from egov_serang.sandbox.permits.actions import Command, perform
from egov_serang.sandbox.permits.case import Case, FeeRecord
from egov_serang.sandbox.permits.catalogue import CatalogueType
from egov_serang.sandbox.permits.clock import StatutoryClock
from egov_serang.sandbox.permits.schemas import ChangeApplication, StartApplication, TransitionRequest
from egov_serang.sandbox.permits.states import actor_of, allowed_actions
from egov_serang.sandbox.permits.store import find_type, read_case, write_case
from egov_serang.sandbox.permits.tables import ApplicationRow
from egov_serang.sandbox.problems import FieldError, Problem

_MAGIC_PERIOD = timedelta(seconds=2)
_EDITABLE = frozenset({Status.DRAFT, Status.RETURNED})


@dataclass(frozen=True, slots=True)
class Party:
    """Who asks, and when on the city's clock."""

    client_id: str
    roles: AbstractSet[str]
    """The last words of the caller's `permits:` scopes."""
    now: datetime

    @classmethod
    def of(cls, caller: Caller, now: datetime) -> Party:
        """From the access token."""
        prefix = "permits:"
        roles = frozenset(scope.removeprefix(prefix) for scope in caller.scopes if scope.startswith(prefix))
        return cls(caller.client_id, roles, now)

    @property
    def is_officer(self) -> bool:
        """Sees everybody's applications."""
        return not self.roles.isdisjoint({"review", "decide", "issue"})

    def actors(self, case: Case) -> AbstractSet[str]:
        """The roles that count for this application: nobody applies for another client."""
        return self.roles if case.client_id == self.client_id else self.roles - {"apply"}


@dataclass(frozen=True, slots=True)
class Found:
    """An application in its row and as it is now."""

    row: ApplicationRow
    case: Case

    def write(self, session: Session, case: Case, now: datetime) -> Case:
        """Make `case` its next version."""
        case = case.changed(version=self.case.version + 1)
        write_case(session, self.row, case, now)
        return case


def usable_type(session: Session, code: str, version: int | None) -> CatalogueType:
    """The type an application may be made for.

    Raises:
        Problem: not_found or type_version_retired.
    """
    found = find_type(session, code, version)
    if found is None:
        raise Problem("validation_failed", errors=[FieldError("/permit_type_code", "unknown")])
    if not found.published:
        raise Problem("type_version_retired")
    return found


def find_application(session: Session, application_id: str, party: Party) -> Found:
    """An application this caller may see, brought up to now.

    Raises:
        Problem: not_found, also for somebody else's application.
    """
    row = session.scalars(select(ApplicationRow).where(ApplicationRow.application_id == application_id)).first()
    if row is None or not (party.is_officer or row.client_id == party.client_id):
        raise Problem("not_found")
    return Found(row, read_case(row, party.now))


def start(session: Session, body: StartApplication, party: Party) -> Case:
    """Begin a draft."""
    entry = usable_type(session, body.permit_type_code, body.type_version)
    row = ApplicationRow(
        application_id=f"app_{secrets.token_hex(12)}",
        client_id=party.client_id,
        client_reference=body.client_reference,
        permit_type_code=entry.code,
        body={},
    )
    session.add(row)
    session.flush()  # the number people read comes from the row's serial
    magic = entry.magic == "deem_grant"
    case = Case(
        application_id=row.application_id,
        reference=f"IZN-{party.now.year}-{row.serial:06d}",
        client_id=party.client_id,
        client_reference=body.client_reference,
        permit_type_code=entry.code,
        type_version=entry.version,
        stages=entry.stages,
        deemed_approval=entry.deemed_approval,
        magic=entry.magic,
        applicant=body.applicant,
        agent=body.agent,
        location=body.location,
        form=body.form,
        clock=StatutoryClock(period=_MAGIC_PERIOD if magic else timedelta(days=entry.days), working_days=not magic),
        fee=None
        if entry.fee is None
        else FeeRecord(fee_id=f"fee_{secrets.token_hex(8)}", code=f"RET-{entry.code}", amount=entry.fee),
    )
    write_case(session, row, case, party.now)
    return case


def change(session: Session, found: Found, body: ChangeApplication, party: Party) -> Case:
    """Change the form or the place while the applicant has it in hand.

    Raises:
        Problem: not_found for another client's application, invalid_transition when it is not the applicant's turn.
    """
    case = _applicants(found, party)
    if case.status not in _EDITABLE:
        raise _not_now(case, party)
    changes: dict[str, object] = {}
    if "form" in body.model_fields_set:
        changes["form"] = body.form or {}
    if "location" in body.model_fields_set:
        changes["location"] = body.location
    return found.write(session, case.changed(**changes), party.now)


def attach(session: Session, found: Found, upload: AttachDocument, party: Party) -> Document:
    """Attach a document; one it replaces stays on file but no longer counts.

    Raises:
        Problem: invalid_transition, unsupported_media or validation_failed.
    """
    case = _applicants(found, party)
    if case.waiting_on != "applicant":
        raise _not_now(case, party)
    entry = find_type(session, case.permit_type_code, case.type_version)
    asked = () if entry is None else entry.papers
    papers = take(session, case.application_id, upload, asked=asked, held=case.papers)
    found.write(session, case.changed(papers=papers), party.now)
    return papers[-1].document


def submit(session: Session, found: Found, party: Party, action: Action | None = None) -> Case:
    """Hand in, for the first time or again.

    Args:
        action: submit or resubmit; None takes the one the state asks for.

    Raises:
        Problem: invalid_transition, documents_incomplete, validation_failed or type_version_retired.
    """
    case = _applicants(found, party)
    if action is None:
        action = Action.RESUBMIT if case.status == Status.RETURNED else Action.SUBMIT
    handed_in = perform(case, Command(action=action, now=party.now, by=party.client_id), party.actors(case))
    _check_complete(session, case)
    return found.write(session, handed_in, party.now)


def check_role(action: str, party: Party) -> None:
    """Whether the caller's token has the scope of the action.

    Raises:
        Problem: scope_missing.
    """
    if actor_of(action) not in party.roles:
        raise Problem("scope_missing", "The token lacks the scope of this action.")


def transition(found: Found, body: TransitionRequest, party: Party) -> Case:
    """Do an action other than handing in, in the name of the caller. Issuing is completed by `issue_licence`.

    Raises:
        Problem: forbidden, or what `perform` refuses.
    """
    case = found.case
    if actor_of(body.action) == "apply":
        _applicants(found, party)
    note = body.comment or body.reason_code
    command = Command(action=body.action, now=party.now, by=party.client_id, comment=note, data=body.data)
    return perform(case, command, party.actors(case))


def _applicants(found: Found, party: Party) -> Case:
    """Only the client that began an application acts for the applicant."""
    if found.case.client_id != party.client_id:
        raise Problem("forbidden")
    return found.case


def _not_now(case: Case, party: Party) -> Problem:
    return Problem("invalid_transition", allowed_actions=allowed_actions(case.situation, party.actors(case)))


def _check_complete(session: Session, case: Case) -> None:
    entry = usable_type(session, case.permit_type_code, case.type_version)
    check_complete(entry.papers, case.papers)
    wrong = form_errors(entry.form_schema, case.form)
    if wrong:
        raise Problem("validation_failed", errors=wrong)
