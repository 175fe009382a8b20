"""Files of complaints: which are taken, what is found in them, and that a complaint has one more."""

from __future__ import annotations

import hashlib
import mimetypes
import secrets
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from egov_serang.models.complaints import ChangeKind, Media, Visibility
from egov_serang.sandbox.complaints.history import changed, noted
from egov_serang.sandbox.complaints.store import ComplaintRow, MediaRow
from egov_serang.sandbox.problems import Problem

MEDIA_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "video/mp4", "application/pdf"})
# In two parts: whole, the test text of virus scanners (EICAR) would make them take this very file.
_EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def new_id() -> str:
    """The id of a file to come."""
    return f"med_{secrets.token_hex(10)}"


def described(filename: str | None, media_type: str | None) -> tuple[str, str]:
    """The file's own name, and its type, guessed from the name where none was said.

    Raises:
        Problem: unsupported_media.
    """
    name = (filename or "file").replace("\\", "/").rsplit("/", 1)[-1][:200]
    kind = media_type or ""
    if kind in {"", "application/octet-stream"}:
        kind = mimetypes.guess_type(name)[0] or ""
    if kind not in MEDIA_TYPES:
        raise Problem("unsupported_media", "Send one of: " + ", ".join(sorted(MEDIA_TYPES)) + ".")
    return name, kind


def add(
    session: Session,
    row: ComplaintRow,
    content: bytes,
    now: datetime,
    *,
    number: str,
    filename: str,
    media_type: str,
    visibility: str,
) -> Media:
    """Give a complaint a file that is whole."""
    media = MediaRow(
        media_id=number,
        complaint_seq=row.seq,
        filename=filename,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        scan_status="infected" if _EICAR in content else "clean",
        visibility=visibility,
        content=content,
    )
    session.add(media)
    if visibility == Visibility.INTERNAL:
        noted(session, row, now, ChangeKind.UPDATED, Visibility.INTERNAL)
    else:
        changed(session, row, now, ChangeKind.UPDATED)
    return media.shown(row.complaint_id)
