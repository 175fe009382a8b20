"""`/__sandbox/console`: what the page asks for. Behind the sandbox token, and only under the sandbox's own name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import InstrumentedAttribute

from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.civil.store import CivilRow
from egov_serang.sandbox.civil.store import Found as CivilFound
from egov_serang.sandbox.complaints.store import ComplaintRow, UpdateRow, shown
from egov_serang.sandbox.console.maps import MAPS, CityMap
from egov_serang.sandbox.console.thread import Thread, steps
from egov_serang.sandbox.console.view import (
    CIVIL_COLUMNS,
    PERMIT_COLUMNS,
    QUEUES,
    BoardCard,
    ComplaintCard,
    MessageLine,
    Names,
    civil_card,
    complaint_cards,
    message_lines,
    permit_card,
)
from egov_serang.sandbox.control import only_tests
from egov_serang.sandbox.db import Base
from egov_serang.sandbox.gate import Caller
from egov_serang.sandbox.notifications.store import MessageRow, read_message
from egov_serang.sandbox.permits.store import find_type, read_case
from egov_serang.sandbox.permits.tables import ApplicationRow
from egov_serang.sandbox.platform import Here, Platform
from egov_serang.sandbox.problems import Problem

_Row = TypeVar("_Row", bound=Base)

_REQUESTS_MAX: Final = 500
_ROWS_MAX: Final = 100
_STRANGER: Final = Caller("", frozenset(), "")
"""Sees what anybody would see."""


async def unkept(response: Response) -> None:
    """Let no browser keep what it is told here."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"


async def own_name(request: Request, here: Here) -> None:
    """Refuse a request under another name than the sandbox's own, as a page elsewhere would send by DNS rebinding.

    Raises:
        Problem: forbidden.
    """
    base = here.settings.base_url
    if request.headers.get("host", "").lower() != urlsplit(base).netloc:
        raise Problem("forbidden", f"Open {base}/console.")


router = APIRouter(
    prefix="/__sandbox/console",
    dependencies=[Depends(unkept), Depends(own_name), Depends(only_tests)],
    include_in_schema=False,
)


@dataclass(frozen=True, slots=True)
class City:
    """Which city this is, its map if we drew one, and how the page sorts what it shows."""

    code: str
    name: str
    map: CityMap | None
    complaint_columns: tuple[str, ...]
    permit_columns: tuple[str, ...]
    civil_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class News:
    """The newest requests after a place in the list; `run` says whose list it is, `seq` where it ends."""

    run: str
    seq: int
    requests: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class State:
    """The city as it is now: of each kind the newest, and how many there are."""

    now: datetime
    counts: dict[str, int]
    complaints: list[ComplaintCard]
    permits: list[BoardCard]
    civil: list[BoardCard]
    messages: list[MessageLine]


def _city(here: Platform) -> City:
    played = here.city
    return City(played.code, played.name, MAPS.get(played.code), QUEUES, PERMIT_COLUMNS, CIVIL_COLUMNS)


@router.get("/city")
async def city(here: Here) -> City:
    """What does not change while the sandbox runs."""
    return _city(here)


@router.get("/requests")
async def requests(here: Here, after: Annotated[int, Query(ge=0)] = 0, run: str = "") -> News:
    """The newest requests, newest first; all again for who asks by a run that is over."""
    records = here.records
    some = records.since(after if run == records.run else 0, _REQUESTS_MAX)
    return News(records.run, records.seq, [asdict(record) for record in some])


@router.get("/state")
def state(here: Here) -> State:
    """Complaints, applications, messages, and the city's time."""
    now = here.clock.now()
    rows = here.database.counts()
    counts = {
        "complaints": rows[ComplaintRow.__tablename__],
        "permits": rows[ApplicationRow.__tablename__],
        "civil": rows[CivilRow.__tablename__],
        "messages": rows[MessageRow.__tablename__],
        "requests": here.records.seq,
    }
    with closing(here.database.reading()) as session:
        return State(
            now=now,
            counts=counts,
            complaints=_complaints(session, now, here.city),
            permits=_permits(session, now),
            civil=_civil(session, now, here.city),
            messages=_messages(session, now),
        )


@router.get("/complaints/{complaint_id}")
def complaint(complaint_id: str, here: Here) -> Thread:
    """What happened to one complaint."""
    with closing(here.database.reading()) as session:
        row = session.scalar(select(ComplaintRow).where(ComplaintRow.complaint_id == complaint_id))
        if row is None:
            raise Problem("not_found")
        entries = session.scalars(
            select(UpdateRow).where(UpdateRow.complaint_seq == row.seq).order_by(UpdateRow.seq)
        ).all()
    return Thread(row.complaint_id, steps(row.requested_at, entries))


def _complaints(session: Session, now: datetime, played: Municipality) -> list[ComplaintCard]:
    rows = reversed(_newest(session, ComplaintRow, ComplaintRow.seq))
    names = {code: Names(**service.languages) for code, service in played.complaint_services.items()}
    named = [(shown(session, row, _STRANGER, now), names[row.service_code]) for row in rows]
    return complaint_cards(named, MAPS.get(played.code), now)[::-1]


def _permits(session: Session, now: datetime) -> list[BoardCard]:
    cases = [read_case(row, now) for row in _newest(session, ApplicationRow, ApplicationRow.serial)]
    types = {(case.permit_type_code, case.type_version) for case in cases}
    found = {key: find_type(session, *key) for key in types}
    names = {key: Names(*((key[0], key[0]) if kind is None else kind.names)) for key, kind in found.items()}
    return [permit_card(case, names[case.permit_type_code, case.type_version], now) for case in cases]


def _civil(session: Session, now: datetime, played: Municipality) -> list[BoardCard]:
    found = [CivilFound(row, _STRANGER, played.civil_services) for row in _newest(session, CivilRow, CivilRow.serial)]
    return [civil_card(one.view(), Names(*one.service.names), now) for one in found]


def _messages(session: Session, now: datetime) -> list[MessageLine]:
    records = [read_message(row) for row in _newest(session, MessageRow, MessageRow.serial)]
    return message_lines((record.view(now), record.recipient) for record in records)


def _newest(session: Session, table: type[_Row], serial: InstrumentedAttribute[int]) -> Sequence[_Row]:
    return session.scalars(select(table).order_by(serial.desc()).limit(_ROWS_MAX)).all()
