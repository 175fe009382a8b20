"""What belongs to a complaint: its thread of updates, and its files."""

from __future__ import annotations

import hashlib
import mimetypes
import secrets
from typing import Annotated, Final

from fastapi import Form, Response, UploadFile
from sqlalchemy import select

from egov_serang.models.complaints import ChangeKind, Media, Update, Visibility
from egov_serang.sandbox.complaints.callers import Actor, Reader, may_say, side
from egov_serang.sandbox.complaints.history import changed, noted, said
from egov_serang.sandbox.complaints.schemas import Audience, UpdateIn
from egov_serang.sandbox.complaints.store import MediaRow, UpdateRow, audiences, files_of, found
from egov_serang.sandbox.db import Db
from egov_serang.sandbox.openapi import takes_files
from egov_serang.sandbox.paging import Page, Paging
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import FieldError, Problem, responses
from egov_serang.sandbox.route import contract_router

_MEDIA_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "video/mp4", "application/pdf"})
# In two parts: whole, the test text of virus scanners (EICAR) would make them take this very file.
_EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

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
    openapi_extra=takes_files(_MEDIA_TYPES),
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
    filename = (file.filename or "file").replace("\\", "/").rsplit("/", 1)[-1][:200]
    media_type = file.content_type or ""
    if media_type in {"", "application/octet-stream"}:
        media_type = mimetypes.guess_type(filename)[0] or ""
    if media_type not in _MEDIA_TYPES:
        raise Problem("unsupported_media", "Send one of: " + ", ".join(sorted(_MEDIA_TYPES)) + ".")
    content = file.file.read()
    media = MediaRow(
        media_id=f"med_{secrets.token_hex(10)}",
        complaint_seq=row.seq,
        filename=filename,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        scan_status="infected" if _EICAR in content else "clean",
        visibility=visibility,
        content=content,
    )
    db.add(media)
    if visibility == "internal":
        noted(db, row, here.clock.now(), ChangeKind.UPDATED, Visibility.INTERNAL)
    else:
        changed(db, row, here.clock.now(), ChangeKind.UPDATED)
    answer = media.shown(complaint_id)
    response.headers["Location"] = answer.url or ""
    return answer


@router.get(
    "/cases/{complaint_id}/media/{media_id}",
    operation_id="complaints.download",
    response_class=Response,
    responses={
        **responses(404),
        200: {"content": {kind: {} for kind in sorted(_MEDIA_TYPES)}, "description": "The file as it was sent"},
    },
)
def download(complaint_id: str, media_id: str, db: Db, caller: Reader) -> Response:
    """The bytes of a file; `Media.url` names this path."""
    row = found(db, complaint_id, caller)
    if media_id not in files_of(db, row, caller):
        raise Problem("not_found", "The complaint has no such file.")
    media = db.scalars(select(MediaRow).where(MediaRow.media_id == media_id)).one()
    if media.scan_status == "infected":
        raise Problem("forbidden", "The file is held back: its scan found something.")
    # A file somebody uploaded must never run as a page of this origin.
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff", "ETag": f'"{media.sha256}"'}
    return Response(media.content, 200, headers, media.media_type)
