"""Issuing a licence and reading it back, with a QR code that proves itself (contract-v1 section 3)."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from egov_serang.models.permits import Licence, LicenceVerification
from egov_serang.sandbox.keys import ServerKeys
from egov_serang.sandbox.permits.case import Case
from egov_serang.sandbox.permits.licences import as_of, new_licence, qr_claims
from egov_serang.sandbox.permits.service import Party
from egov_serang.sandbox.permits.store import find_type
from egov_serang.sandbox.permits.tables import LicenceRow
from egov_serang.sandbox.problems import Problem


def issue_licence(session: Session, case: Case, jurisdiction: str, keys: ServerKeys, now: datetime) -> Case:
    """Give a granted application its licence, valid as long as its type says.

    Args:
        case: the application, already in stage `issued`.
        jurisdiction: the city's code.
        keys: the city's keys; one of them signs the QR code.
    """
    row = LicenceRow(licence_id=f"lic_{secrets.token_hex(12)}", client_id=case.client_id, body={})
    session.add(row)
    session.flush()  # the serial is part of the licence number and its place in the status list
    entry = find_type(session, case.permit_type_code, case.type_version)
    validity = None if entry is None else entry.validity
    licence = new_licence(case, licence_id=row.licence_id, serial=row.serial, validity=validity, now=now)
    claims = qr_claims(licence, serial=row.serial, jurisdiction=jurisdiction)
    payload = keys.sign(claims, typ="licence+jwt")
    licence = licence.model_copy(update={"verification": LicenceVerification(qr_payload=payload)})
    row.body = licence.model_dump(mode="json")
    return case.changed(licence_id=row.licence_id)


def find_licence(session: Session, licence_id: str, party: Party) -> Licence:
    """A licence this caller may see, with the status it has now.

    Raises:
        Problem: not_found, also for somebody else's licence.
    """
    row = session.scalars(select(LicenceRow).where(LicenceRow.licence_id == licence_id)).first()
    if row is None or not (party.is_officer or row.client_id == party.client_id):
        raise Problem("not_found")
    return as_of(Licence.model_validate(row.body), party.now)
