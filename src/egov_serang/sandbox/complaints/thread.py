"""What belongs to a complaint: its thread of updates, and its files."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request, Response, UploadFile
from sqlalchemy import select

from egov_serang.models.complaints import ChangeKind, Media, Update, Visibility
from egov_serang.sandbox.complaints.callers import Actor, Reader, may_say, side
from egov_serang.sandbox.complaints.history import changed, noted, said
from egov_serang.sandbox.complaints.media import MEDIA_TYPES, add, described, new_id
from egov_serang.sandbox.complaints.schemas import Audience, UpdateIn
from egov_serang.sandbox.complaints.store import MediaRow, UpdateRow, audiences, files_of, found
from egov_serang.sandbox.db import Db
from egov_serang.sandbox.files import file_answer, file_responses
from egov_serang.sandbox.openapi import takes_files
from egov_serang.sandbox.paging import Page, Paging
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import FieldError, Problem, responses
from egov_serang.sandbox.route import contract_router

router = contract_router("complaints")


@router.get("/cases/{complaint_id}/updates", operation_id="complaints.updates", responses=responses(404))
def updates(complaint_id: str, page: Paging, db: Db, caller: Reader) -> Page[Update]:
    """The thread, oldest first: comments, and what transitions said."""
    row = found(db, complaint_id, caller)
    wanted = select(UpdateRow).where(
        UpdateRow.complaint_seq == row.seq, UpdateRow.visibility.in_(audiences(row, caller))
    )
    rows, cursor = page.rows(db, wanted, UpdateRow.seq)
    files = files_of(db, row, caller)
    return Page(data=[one.shown(complaint_id, files) for one in rows], next_cursor=cursor)


@router.post(
    "/cases/{complaint_id}/updates",
    operation_id="complaints.comment",
    status_code=201,
    responses=responses(404, 409),
)
def comment(complaint_id: str, body: UpdateIn, db: Db, here: Here, caller: Actor) -> Update:
    """Say something about a complaint."""
    row = found(db, complaint_id, caller)
    role, visibility = side(row, caller), Visibility(body.visibility)
    may_say(role, visibility)
    files = files_of(db, row, caller)
    unknown = [number for number, one in enumerate(body.media_ids) if one not in files]
    if unknown:
        raise Problem("validation_failed", errors=[FieldError(f"/media_ids/{n}", "unknown") for n in unknown])
    now = here.clock.now()
    entry = said(db, row, now, role, body.description, visibility=visibility, media_ids=tuple(body.media_ids))
    if visibility is Visibility.INTERNAL:
        noted(db, row, now, ChangeKind.COMMENTED, visibility)  # the complaint itself has not changed for anybody
    else:
        changed(db, row, now, ChangeKind.COMMENTED)
    return entry.shown(complaint_id, files)


@router.post(
    "/cases/{complaint_id}/media",
    operation_id="complaints.attach",
    status_code=201,
    responses=responses(404, 409, 415),
    openapi_extra=takes_files(MEDIA_TYPES),
)
def attach(
    *,
    complaint_id: str,
    file: UploadFile,
    visibility: Annotated[Audience, Form()] = "public",
    response: Response,
    db: Db,
    here: Here,
    caller: Actor,
) -> Media:
    """Add a photo or file."""
    row = found(db, complaint_id, caller)
    may_say(side(row, caller), Visibility(visibility))
    filename, media_type = described(file.filename, file.content_type)
    answer = add(
        db,
        row,
        file.file.read(),
        here.clock.now(),
        number=new_id(),
        filename=filename,
        media_type=media_type,
        visibility=visibility,
    )
    response.headers["Location"] = answer.url or ""
    return answer


@router.get(
    "/cases/{complaint_id}/media/{media_id}",
    operation_id="complaints.download",
    response_class=Response,
    responses=file_responses(MEDIA_TYPES),
)
def download(complaint_id: str, media_id: str, request: Request, db: Db, caller: Reader) -> Response:
    """The bytes of a file; `Media.url` names this path."""
    row = found(db, complaint_id, caller)
    if media_id not in files_of(db, row, caller):
        raise Problem("not_found", "The complaint has no such file.")
    media = db.scalars(select(MediaRow).where(MediaRow.media_id == media_id)).one()
    if media.scan_status == "infected":
        raise Problem("forbidden", "The file is held back: its scan found something.")
    return file_answer(request, media.content, media.media_type, media.sha256)
