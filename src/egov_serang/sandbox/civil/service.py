"""What the civil registry does for a caller, apart from how it is asked (contract-v1 section 4)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy.orm import Session

from egov_serang.models.civil import CivilAction as Action
from egov_serang.models.civil import CivilEvent, CivilResult
from egov_serang.models.civil import CivilStatus as Status
from egov_serang.models.permits import Document
from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.civil.schemas import ChangeCivil, CivilTransition, StartCivil
from egov_serang.sandbox.civil.states import IN_HAND, MACHINE, OFFICER
from egov_serang.sandbox.civil.store import CivilCase, CivilRow, Found
from egov_serang.sandbox.forms import form_errors
from egov_serang.sandbox.gate import Caller
from egov_serang.sandbox.keys import ServerKeys
from egov_serang.sandbox.papers import AttachDocument, check_complete, take
from egov_serang.sandbox.problems import FieldError, Problem
from egov_serang.sandbox.working import WIB

_SCOPE_OF: Final[Mapping[str, str | None]] = MappingProxyType({rule.action: rule.scope for rule in MACHINE.rules})
_HANDS_IN: Final = frozenset({Action.SUBMIT, Action.RESUBMIT})
_NEEDS_A_REASON: Final = frozenset({Action.RETURN, Action.REJECT})


def start(session: Session, body: StartCivil, caller: Caller, city: Municipality, now: datetime) -> Found:
    """Begin a draft.

    Raises:
        Problem: validation_failed for an unknown service or variant.
    """
    service = city.civil_services.get(body.service_code)
    if service is None:
        raise _unfit("/service_code", "unknown")
    if service.variants and body.variant is None:
        raise _unfit("/variant", "required")
    if body.variant is not None and body.variant not in service.variants:
        raise _unfit("/variant", "unknown")
    row = CivilRow(
        application_id=f"civ_{secrets.token_hex(12)}",
        client_id=caller.client_id,
        service_code=service.code,
        status=Status.DRAFT.value,
        client_reference=body.client_reference,
        updated_at=now.timestamp(),
        version=0,
        body={},
    )
    session.add(row)
    session.flush()  # the number people read comes from the row's serial
    given = body.model_dump(include={"variant", "applicant", "subjects", "form", "delivery"})
    case = CivilCase.model_validate({**given, "reference": f"DKCS-{now.year}-{row.serial:06d}"})
    row.body = case.model_dump(mode="json")
    found = Found(row, caller, city.civil_services)
    found.write(now)
    return found


def change(found: Found, body: ChangeCivil, now: datetime) -> None:
    """Change form, persons or delivery while the applicant has it in hand.

    Raises:
        Problem: forbidden or invalid_transition.
    """
    _check_in_hand(found)
    found.write(now, **body.model_dump(include=body.model_fields_set))


def attach(session: Session, found: Found, upload: AttachDocument, now: datetime) -> Document:
    """Attach a document that the service asks for.

    Raises:
        Problem: forbidden, invalid_transition, unsupported_media or validation_failed.
    """
    _check_in_hand(found)
    case = found.case
    asked = found.service.asked(case.variant)
    papers = take(session, found.row.application_id, upload, asked=asked, held=case.papers)
    found.write(now, papers=papers)
    return papers[-1].document


def submit(found: Found, city: Municipality, keys: ServerKeys, now: datetime) -> None:
    """Hand in, for the first time or again.

    Raises:
        Problem: forbidden, or what `act` refuses.
    """
    _check_own(found)
    returned = found.row.status == Status.RETURNED
    act(found, CivilTransition(action="resubmit" if returned else "submit"), city, keys, now)


def check_scope(action: str, caller: Caller) -> None:
    """Whether the caller's token has the scope of the action.

    Raises:
        Problem: scope_missing.
    """
    if _SCOPE_OF[action] not in caller.scopes:
        raise Problem("scope_missing", "The token lacks the scope of this action.")


def act(found: Found, body: CivilTransition, city: Municipality, keys: ServerKeys, now: datetime) -> None:
    """Do an action of the state table.

    Args:
        city: the one whose registry it is.
        keys: the city's; one of them signs the QR code of what is issued.

    Raises:
        Problem: forbidden, invalid_transition, documents_incomplete or validation_failed.
    """
    action = Action(body.action)
    if _SCOPE_OF[action] != OFFICER:
        _check_own(found)
    target = MACHINE.next_state(found.row.status, action, found.roles)
    if action in _NEEDS_A_REASON and body.comment is None:
        raise _unfit("/comment", "required")
    changes: dict[str, object] = {"status_detail": body.reason_code, "status_notes": body.comment}
    if action in _HANDS_IN:
        _check_complete(found)
        changes["submitted_at"] = now
    if action == Action.ISSUE:
        changes["result"] = _issued(found, city, keys, now)
    actor = "officer" if _SCOPE_OF[action] == OFFICER else "applicant"
    event = CivilEvent(action=action, status=Status(target), actor=actor, occurred_at=now, comment=body.comment)
    found.write(now, status=target, history=(*found.case.history, event), **changes)


def _check_complete(found: Found) -> None:
    case, service = found.case, found.service
    check_complete(service.asked(case.variant), case.papers)
    wrong = form_errors(service.form_schema, case.form)
    if wrong:
        raise Problem("validation_failed", errors=wrong)


def _issued(found: Found, city: Municipality, keys: ServerKeys, now: datetime) -> CivilResult:
    service, row = found.service, found.row
    day = now.astimezone(WIB)
    number = f"{city.code.replace('.', '')}-{service.series}-{day:%d%m%Y}-{row.serial:04d}"
    claims = {"v": 1, "n": number, "t": service.code, "f": int(now.timestamp()), "j": city.code}
    return CivilResult(
        document_id=f"cdoc_{secrets.token_hex(12)}",
        kind=service.outputs[0],
        number=number,
        qr_payload=keys.sign(claims, typ="civil+jwt"),
    )


def _check_own(found: Found) -> None:
    """Only the client that began an application acts for the applicant."""
    if found.row.client_id != found.caller.client_id:
        raise Problem("forbidden")


def _check_in_hand(found: Found) -> None:
    _check_own(found)
    if found.row.status not in IN_HAND:
        raise Problem("invalid_transition", allowed_actions=found.allowed)


def _unfit(pointer: str, rule: str) -> Problem:
    return Problem("validation_failed", errors=[FieldError(pointer, rule)])
