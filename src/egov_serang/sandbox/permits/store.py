"""Reading and writing permits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session

from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.permits.actions import futures, settle
from egov_serang.sandbox.permits.case import Case
from egov_serang.sandbox.permits.catalogue import CatalogueType
from egov_serang.sandbox.permits.tables import ApplicationRow, ApplicationStateRow, TypeRow


def seed(session: Session, city: Municipality) -> None:
    """Put the city's permit types into an empty database."""
    for entry in city.permit_types:
        session.add(
            TypeRow(
                code=entry.code,
                version=entry.version,
                published=entry.published,
                body=entry.model_dump(mode="json"),
            )
        )


def find_type(session: Session, code: str, version: int | None = None) -> CatalogueType | None:
    """A version of a permit type; without a version the newest published one."""
    rows = select(TypeRow).where(TypeRow.code == code).order_by(TypeRow.version.desc())
    rows = rows.where(TypeRow.published) if version is None else rows.where(TypeRow.version == version)
    row = session.scalars(rows).first()
    return None if row is None else CatalogueType.model_validate(row.body)


def read_case(row: ApplicationRow, now: datetime) -> Case:
    """The application as it is now, with all that time has brought since it was written."""
    return settle(Case.model_validate(row.body), now)


def write_case(session: Session, row: ApplicationRow, case: Case, now: datetime) -> None:
    """Put an application into its row, and what will become of it by itself into the spans beside it."""
    row.body = case.model_dump(mode="json")
    session.execute(delete(ApplicationStateRow).where(ApplicationStateRow.application == row.serial))
    states = futures(case)
    ends = [at.timestamp() if at is not None else None for at, _ in states[1:]] + [None]
    for (at, state), end in zip(states, ends, strict=True):
        session.add(
            ApplicationStateRow(
                application=row.serial,
                begins=0.0 if at is None else at.timestamp(),
                ends=end,
                updated_at=(at or now).timestamp(),
                stage=state.stage.value,
                status=state.status.value,
            )
        )


def applications_at(
    now: datetime,
    *,
    status: str | None,
    stage: str | None,
    permit_type_code: str | None,
    updated_after: datetime | None,
    client_reference: str | None,
    client_id: str | None,
) -> Select[ApplicationRow]:
    """The applications whose state now answers these filters; None does not filter."""
    at, state = now.timestamp(), ApplicationStateRow
    found = (
        select(ApplicationRow)
        .join(state, state.application == ApplicationRow.serial)
        .where(state.begins <= at, or_(state.ends.is_(None), state.ends > at))
    )
    equal = (
        (state.status, status),
        (state.stage, stage),
        (ApplicationRow.permit_type_code, permit_type_code),
        (ApplicationRow.client_reference, client_reference),
        (ApplicationRow.client_id, client_id),
    )
    for column, wanted in equal:
        if wanted is not None:
            found = found.where(column == wanted)
    return found if updated_after is None else found.where(state.updated_at >= updated_after.timestamp())
