"""How a complaint comes in, by whichever door: checked, numbered, written down once."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from egov_serang.models.complaints import ChangeKind, ServiceDefinition, ServiceType
from egov_serang.sandbox.complaints.checks import category, check_attributes, check_place, check_placed
from egov_serang.sandbox.complaints.clocks import patience, promises
from egov_serang.sandbox.complaints.history import noted
from egov_serang.sandbox.complaints.schemas import ComplaintIn
from egov_serang.sandbox.complaints.store import ComplaintRow
from egov_serang.sandbox.platform import Platform

_KEPT_APART: Final = {"attributes", "address_string", "address_id", "reporter", "anonymous", "channel"}


def enter(
    db: Session,
    here: Platform,
    body: ComplaintIn,
    client_id: str,
    now: datetime,
    *,
    held: bool = False,
    **details: Any,
) -> tuple[ServiceDefinition, ComplaintRow]:
    """Enter a complaint.

    Args:
        db: the write transaction.
        here: the city.
        body: what was reported.
        client_id: whose it is.
        now: the city's time.
        held: whether the public sees it only once an officer has verified it.
        details: what else is kept with it, by name.

    Raises:
        Problem: service_not_found, outside_jurisdiction, location_required, attribute_required, validation_failed.
    """
    definition = category(here.city, body.service_code)
    check_place(here.city, body.lat, body.long, body.area_code)
    check_placed(definition, body.lat, body.address_string, body.address_id, body.area_code)
    check_attributes(definition, body.attributes)
    boxed = definition.type is ServiceType.BLACKBOX
    row = ComplaintRow(
        complaint_id=f"cmp_{secrets.token_hex(10)}",
        client_id="" if boxed else client_id,
        reference="",  # made from the row's own number, which it gets below
        token=f"tok_{secrets.token_hex(10)}" if definition.type is ServiceType.BATCH else None,
        service_code=body.service_code,
        due=promises(definition.sla, now, here.city.calendar),
        met={},
        breached=[],
        status="submitted",
        waits_until=patience(now, here.city.calendar),
        reopen_until=0.0,
        lat=body.lat,
        long=body.long,
        area_code=body.area_code,
        visibility="confidential" if boxed else body.visibility,
        held=held,
        description=body.description,
        client_reference=body.client_reference,
        requested_at=now.timestamp(),
        updated_at=now.timestamp(),
        version=1,
        details={
            **body.model_dump(mode="json", include=_KEPT_APART),
            "agency_responsible": definition.agency_responsible,
            **details,
        },
    )
    db.add(row)
    db.flush()
    row.reference = f"{here.city.prefix}-{now.year}-{row.seq:06}"
    noted(db, row, now, ChangeKind.CREATED)
    return definition, row
