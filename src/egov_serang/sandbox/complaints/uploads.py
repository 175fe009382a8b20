"""Large files of complaints, part by part: opened, sent in any order, whole when all of it is there."""

from __future__ import annotations

import hashlib
from typing import Annotated, Final

from fastapi import Form, Response, UploadFile
from sqlalchemy import ForeignKey, LargeBinary, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.models.complaints import Media, MediaPart, MediaUpload, Visibility
from egov_serang.sandbox.complaints.callers import Actor, may_say, side
from egov_serang.sandbox.complaints.media import add, described, new_id
from egov_serang.sandbox.complaints.schemas import UploadIn
from egov_serang.sandbox.complaints.store import ComplaintRow, files_of, found
from egov_serang.sandbox.db import Base, Db
from egov_serang.sandbox.gate import Caller
from egov_serang.sandbox.openapi import takes_files
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import FieldError, Problem, responses
from egov_serang.sandbox.route import contract_router

_PART: Final = 4 * 1024 * 1024
_LARGEST: Final = 256 * 1024 * 1024
_PARTS: Final = "/cases/{complaint_id}/media/{media_id}/parts"

router = contract_router("complaints")


class UploadRow(Base):
    """A file that is not whole yet."""

    __tablename__ = "complaint_uploads"

    media_id: Mapped[str] = mapped_column(primary_key=True)
    complaint_seq: Mapped[int] = mapped_column(ForeignKey(ComplaintRow.seq), index=True)
    client_id: Mapped[str]
    filename: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    part_size: Mapped[int]
    visibility: Mapped[str]


class PartRow(Base):
    """A part of it."""

    __tablename__ = "complaint_upload_parts"

    media_id: Mapped[str] = mapped_column(ForeignKey(UploadRow.media_id), primary_key=True)
    start: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


@router.post(
    "/cases/{complaint_id}/uploads",
    operation_id="complaints.upload",
    status_code=201,
    responses=responses(404, 409, 415),
)
def upload(*, complaint_id: str, body: UploadIn, response: Response, db: Db, here: Here, caller: Actor) -> Media:
    """Begin to send a large file in parts."""
    row = found(db, complaint_id, caller)
    may_say(side(row, caller), Visibility(body.visibility))
    filename, media_type = described(body.filename, body.media_type)
    if body.size > _LARGEST:
        raise Problem("payload_too_large", f"A file has at most {_LARGEST} bytes.")
    opened = UploadRow(
        media_id=new_id(),
        complaint_seq=row.seq,
        client_id=caller.client_id,
        filename=filename,
        media_type=media_type,
        size=body.size,
        sha256=body.sha256.lower(),
        part_size=min(_PART, here.city.limits.max_body_bytes // 2),
        visibility=body.visibility,
    )
    db.add(opened)
    db.flush()
    response.headers["Location"] = f"/v1/complaints/cases/{complaint_id}/media/{opened.media_id}/parts"
    return _shown(db, opened)


@router.get(_PARTS, operation_id="complaints.upload_state", responses=responses(404))
def state(complaint_id: str, media_id: str, db: Db, caller: Actor) -> Media:
    """Which parts have arrived; without `upload` once the file is whole."""
    row = found(db, complaint_id, caller)
    whole = files_of(db, row, caller).get(media_id)
    return whole or _shown(db, _opened(db, row, media_id, caller))


@router.post(
    _PARTS,
    operation_id="complaints.upload_part",
    status_code=201,
    responses=responses(404, 409),
    openapi_extra=takes_files({"application/octet-stream"}),
)
def part(
    *,
    complaint_id: str,
    media_id: str,
    file: UploadFile,
    start: Annotated[int, Form(ge=0, le=_LARGEST)],
    db: Db,
    here: Here,
    caller: Actor,
) -> Media:
    """Send a part: `part_size` bytes from a multiple of it, fewer at the end. A part that is there is replaced."""
    row = found(db, complaint_id, caller)
    whole = files_of(db, row, caller).get(media_id)
    if whole is not None:
        return whole
    opened = _opened(db, row, media_id, caller)
    content = file.file.read()
    if start % opened.part_size or start >= opened.size:
        raise Problem("validation_failed", errors=[FieldError("/start", "not_a_part")])
    if len(content) != min(opened.part_size, opened.size - start):
        raise Problem("validation_failed", errors=[FieldError("/file", "size")])
    digest = hashlib.sha256(content).hexdigest()
    db.merge(PartRow(media_id=media_id, start=start, size=len(content), sha256=digest, content=content))
    db.flush()
    arrived = db.scalars(select(PartRow.size).where(PartRow.media_id == media_id)).all()
    if sum(arrived) < opened.size:
        return _shown(db, opened)
    parts = select(PartRow.content).where(PartRow.media_id == media_id).order_by(PartRow.start)
    joined = b"".join(db.scalars(parts))
    right = hashlib.sha256(joined).hexdigest() == opened.sha256
    if not right:
        # The part stays out, and so does the file: which of the parts is wrong, their digests tell the caller.
        raise Problem(
            "validation_failed", "The parts are not the file announced.", errors=[FieldError("/file", "sha256")]
        )
    db.execute(delete(PartRow).where(PartRow.media_id == media_id))
    db.delete(opened)
    return add(
        db,
        row,
        joined,
        here.clock.now(),
        number=media_id,
        filename=opened.filename,
        media_type=opened.media_type,
        visibility=opened.visibility,
    )


def _opened(session: Session, row: ComplaintRow, number: str, caller: Caller) -> UploadRow:
    """The upload, for the client that began it.

    Raises:
        Problem: not_found.
    """
    opened = session.get(UploadRow, number)
    if opened is None or (opened.complaint_seq, opened.client_id) != (row.seq, caller.client_id):
        raise Problem("not_found", "The complaint has no such upload of this client's.")
    return opened


def _shown(session: Session, opened: UploadRow) -> Media:
    rows = session.scalars(select(PartRow).where(PartRow.media_id == opened.media_id).order_by(PartRow.start))
    parts = tuple(MediaPart(start=one.start, size=one.size, sha256=one.sha256) for one in rows)
    return Media(
        media_id=opened.media_id,
        filename=opened.filename,
        media_type=opened.media_type,
        size=opened.size,
        sha256=opened.sha256,
        visibility=Visibility(opened.visibility),
        upload=MediaUpload(part_size=opened.part_size, parts=parts),
    )
