"""Public announcements over HTTP: for everybody, without a login (contract-v1 section 5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query, Request, Response
from sqlalchemy import JSON, ForeignKey, Select, exists, literal, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.models.announcements import Announcement, AnnouncementCategory, AnnouncementStatus
from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.db import Base, Db
from egov_serang.sandbox.fields import Moment
from egov_serang.sandbox.language import Language, Word, said
from egov_serang.sandbox.paging import Page, Paging
from egov_serang.sandbox.problems import Problem, responses
from egov_serang.sandbox.route import contract_router
from egov_serang.sandbox.versions import etag, unchanged

__all__ = ["router", "seed"]

router = contract_router("notifications")


class AnnouncementRow(Base):
    """An announcement in both languages; times are seconds since the epoch."""

    __tablename__ = "announcement"

    serial: Mapped[int] = mapped_column(primary_key=True)
    announcement_id: Mapped[str] = mapped_column(unique=True)
    category: Mapped[str]
    status: Mapped[str]
    begins: Mapped[float]
    ends: Mapped[float | None]
    version: Mapped[int]
    body: Mapped[dict[str, object]] = mapped_column(JSON)
    texts: Mapped[list[tuple[str, str]]] = mapped_column(JSON)
    """Titles, then bodies: Indonesian, English."""


class AnnouncementAreaRow(Base):
    """A place an announcement concerns."""

    __tablename__ = "announcement_area"

    serial: Mapped[int] = mapped_column(primary_key=True)
    announcement: Mapped[int] = mapped_column(ForeignKey(AnnouncementRow.serial), index=True)
    code: Mapped[str]


def seed(session: Session, city: Municipality) -> None:
    """Enter the announcements of the first days."""
    today = datetime.now(UTC)
    for entry in city.announcements:
        begins, ends = today + entry.begins, None if entry.ends is None else today + entry.ends
        row = AnnouncementRow(
            announcement_id=entry.code,
            category=entry.category.value,
            status=entry.status.value,
            begins=begins.timestamp(),
            ends=None if ends is None else ends.timestamp(),
            version=1,
            texts=[entry.titles, entry.bodies],
            body={"severity": entry.severity.value, "areas": list(entry.areas)},
        )
        session.add(row)
        session.flush()  # the areas name its serial
        session.add_all(AnnouncementAreaRow(announcement=row.serial, code=code) for code in entry.areas)


@router.get("/announcements", operation_id="notifications.announcements.list")
def announcements(
    *,
    page: Paging,
    db: Db,
    language: Language,
    area: Annotated[str | None, Query(pattern=r"^[0-9]{2}(\.[0-9]{2}){0,2}(\.[0-9]{4})?$")] = None,
    category: Annotated[str | None, Query(max_length=200)] = None,
    active_at: Annotated[Moment | None, Query()] = None,
) -> Page[Announcement]:
    """Published announcements, newest first: those for a place, for a part of it, and for what it lies in."""
    wanted = _published()
    if category is not None:
        wanted = wanted.where(AnnouncementRow.category == category)
    if active_at is not None:
        at = active_at.timestamp()
        wanted = wanted.where(
            AnnouncementRow.begins <= at, or_(AnnouncementRow.ends.is_(None), AnnouncementRow.ends > at)
        )
    if area is not None:
        code = AnnouncementAreaRow.code
        within = or_(code == area, code.startswith(f"{area}."), literal(area).startswith(code + "."))
        wanted = wanted.where(exists().where(AnnouncementAreaRow.announcement == AnnouncementRow.serial, within))
    rows, cursor = page.rows(db, wanted, AnnouncementRow.serial, newest_first=True)
    return Page(data=[_view(row, language) for row in rows], next_cursor=cursor)


@router.get(
    "/announcements/{announcement_id}",
    operation_id="notifications.announcements.get",
    response_model=Announcement,
    responses={**responses(404), 304: {"description": "The caller holds this version"}},
)
def announcement(
    announcement_id: str, request: Request, response: Response, db: Db, language: Language
) -> Response | Announcement:
    """One published announcement."""
    row = db.scalar(_published().where(AnnouncementRow.announcement_id == announcement_id))
    if row is None:
        raise Problem("not_found")
    same = unchanged(request, row.version)
    if same is not None:
        return same
    response.headers["ETag"] = etag(row.version)
    return _view(row, language)


def _published() -> Select[AnnouncementRow]:
    return select(AnnouncementRow).where(AnnouncementRow.status == AnnouncementStatus.PUBLISHED.value)


def _view(row: AnnouncementRow, language: Word) -> Announcement:
    title, body = (said((id_, en), language) for id_, en in row.texts)
    return Announcement.model_validate(
        {
            **row.body,
            "announcement_id": row.announcement_id,
            "title": title,
            "body": body,
            "language": language,
            "category": AnnouncementCategory(row.category),
            "valid_from": _time(row.begins),
            "valid_until": _time(row.ends),
            "status": AnnouncementStatus(row.status),
            "version": row.version,
        }
    )


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
