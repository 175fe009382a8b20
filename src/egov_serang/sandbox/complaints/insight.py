"""What is learnt from many complaints: likely duplicates, and statistics."""

from __future__ import annotations

import re
import statistics as maths
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends
from sqlalchemy.orm import Session

from egov_serang.models.complaints import Candidate, Duplicates, Medians, Statistics, Tally
from egov_serang.sandbox.complaints.callers import Reader, Writer
from egov_serang.sandbox.complaints.checks import category, check_place
from egov_serang.sandbox.complaints.clocks import is_overdue
from egov_serang.sandbox.complaints.filters import distance_m, in_area, within
from egov_serang.sandbox.complaints.schemas import DuplicateCheckIn
from egov_serang.sandbox.complaints.states import OPEN
from egov_serang.sandbox.complaints.store import ComplaintRow, shown, visible
from egov_serang.sandbox.db import Db
from egov_serang.sandbox.fields import Moment
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import FieldError, Problem, responses
from egov_serang.sandbox.route import contract_router

_LOOKED_AT: Final = 200
_SHOWN: Final = 10
_WORD: Final = re.compile(r"\w{3,}")

router = contract_router("complaints")


@router.post("/duplicate-checks", operation_id="complaints.duplicates", responses=responses(404, 409))
def duplicates(body: DuplicateCheckIn, db: Db, here: Here, caller: Writer) -> Duplicates:
    """Open complaints of the same category nearby, the likeliest first: by what they say, then by how near they are."""
    category(here.city, body.service_code)
    check_place(here.city, body.lat, body.long, body.area_code)
    wanted = visible(caller).where(ComplaintRow.service_code == body.service_code, ComplaintRow.status.in_(OPEN))
    if body.lat is not None and body.long is not None:
        wanted = wanted.where(within(body.lat, body.long, body.radius))
    elif body.area_code is not None:
        wanted = wanted.where(in_area(body.area_code))
    now = here.clock.now()
    words = _words(body.description)
    rows = db.scalars(wanted.order_by(ComplaintRow.seq.desc()).limit(_LOOKED_AT)).all()
    found: list[tuple[float, float, ComplaintRow]] = []
    for row in rows:
        away = None if body.lat is None or body.long is None else distance_m(body.lat, body.long, row)
        found.append((_alike(words, _words(row.description)), float("inf") if away is None else away, row))
    found.sort(key=lambda one: (-one[0], one[1]))
    return Duplicates(
        candidates=tuple(
            Candidate(
                complaint=shown(db, row, caller, now),
                distance_m=None if away == float("inf") else round(away, 1),
                similarity=round(alike, 3),
            )
            for alike, away, row in found[:_SHOWN]
        )
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """How many of the words of two texts both have (Jaccard)."""
    return len(one & other) / len(one | other) if one and other else 0.0


async def _period(since: Moment | None = None, until: Moment | None = None) -> tuple[datetime | None, datetime | None]:
    if since is not None and until is not None and since >= until:
        raise Problem("validation_failed", errors=[FieldError("/query/until", "order", "since comes before until")])
    return since, until


@router.get("/statistics", operation_id="complaints.statistics")
def statistics(
    *,
    period: Annotated[tuple[datetime | None, datetime | None], Depends(_period)],
    service_code: str | None = None,
    area_code: str | None = None,
    db: Db,
    here: Here,
    caller: Reader,
) -> Statistics:
    """Counts and median times of the complaints this caller may see, submitted from `since` to before `until`."""
    rows = _rows(db, caller, period, service_code, area_code)
    now = here.clock.now()
    by_service: defaultdict[str, list[ComplaintRow]] = defaultdict(list)
    by_area: defaultdict[str, list[ComplaintRow]] = defaultdict(list)
    for row in rows:
        by_service[row.service_code].append(row)
        by_area[row.area_code or ""].append(row)
    return Statistics(
        **_tally(rows, now).model_dump(),
        by_status=dict(Counter(row.status for row in rows)),
        by_service={code: _tally(some, now) for code, some in sorted(by_service.items())},
        by_area={code: _tally(some, now) for code, some in sorted(by_area.items())},
    )


def _rows(
    db: Session,
    caller: Reader,
    period: tuple[datetime | None, datetime | None],
    service_code: str | None,
    area_code: str | None,
) -> Sequence[ComplaintRow]:
    since, until = period
    wanted = visible(caller)
    if since is not None:
        wanted = wanted.where(ComplaintRow.requested_at >= since.timestamp())
    if until is not None:
        wanted = wanted.where(ComplaintRow.requested_at < until.timestamp())
    if service_code is not None:
        wanted = wanted.where(ComplaintRow.service_code == service_code)
    if area_code is not None:
        wanted = wanted.where(in_area(area_code))
    return db.scalars(wanted).all()


def _tally(rows: Sequence[ComplaintRow], now: datetime) -> Tally:
    is_open = sum(row.status in OPEN for row in rows)
    return Tally(
        total=len(rows),
        open=is_open,
        closed=len(rows) - is_open,
        overdue=sum(is_overdue(row, now) for row in rows),
        median=Medians(
            verify_s=_median(row.met["verify"] - row.requested_at for row in rows if "verify" in row.met),
            respond_s=_median(row.met["respond"] - row.requested_at for row in rows if "respond" in row.met),
            resolve_s=_median(row.met["resolve"] - row.requested_at for row in rows if "resolve" in row.met),
        ),
    )


def _median(times: Iterable[float]) -> float | None:
    known = list(times)
    return round(maths.median(known), 3) if known else None
