"""Documents attached to an application, for permits and for civil registration: what is asked for, taken and held."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Final

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict
from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.models.permits import Document, RequiredDocument
from egov_serang.sandbox.db import Base
from egov_serang.sandbox.fields import CLOSED, Short
from egov_serang.sandbox.language import Bilingual, Word, said
from egov_serang.sandbox.problems import FieldError, Problem

IMAGE_OR_PDF: Final = ("application/pdf", "image/jpeg", "image/png")


class Paper(BaseModel):
    """A document that is asked for."""

    model_config = ConfigDict(frozen=True)

    kind: str
    names: Bilingual
    required: bool = True
    media_types: tuple[str, ...] = IMAGE_OR_PDF

    def public(self, language: Word) -> RequiredDocument:
        """The document as the contract shows it, named in one language."""
        return RequiredDocument(
            kind=self.kind, name=said(self.names, language), required=self.required, media_types=self.media_types
        )


class PaperRecord(BaseModel):
    """An attached document; `current` until another one supersedes it."""

    model_config = ConfigDict(frozen=True)

    document: Document
    current: bool = True


class PaperRow(Base):
    """The content of an attached document."""

    __tablename__ = "application_document"

    document_id: Mapped[str] = mapped_column(primary_key=True)
    application_id: Mapped[str] = mapped_column(index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class AttachDocument(BaseModel):
    """A document as multipart form data."""

    model_config = CLOSED

    file: UploadFile
    kind: Short
    replaces: Short | None = None


def take(
    session: Session,
    application_id: str,
    upload: AttachDocument,
    *,
    asked: Iterable[Paper],
    held: tuple[PaperRecord, ...],
) -> tuple[PaperRecord, ...]:
    """Take a document in; one it replaces stays on file but no longer counts.

    Args:
        asked: what the application may be accompanied by.
        held: what it already has.

    Returns:
        What it has now, the new document last.

    Raises:
        Problem: unsupported_media or validation_failed.
    """
    content = upload.file.file.read()
    document = Document(
        document_id=f"doc_{secrets.token_hex(12)}",
        kind=upload.kind,
        filename=PurePosixPath(upload.file.filename or upload.kind).name[:200],
        media_type=(upload.file.content_type or "").partition(";")[0].strip().lower(),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        scan_status="not_scanned",
        supersedes=upload.replaces,
    )
    _check(document, asked, held)
    session.add(PaperRow(document_id=document.document_id, application_id=application_id, content=content))
    kept = (
        paper.model_copy(update={"current": False}) if paper.document.document_id == upload.replaces else paper
        for paper in held
    )
    return (*kept, PaperRecord(document=document))


def check_complete(asked: Iterable[Paper], held: Sequence[PaperRecord]) -> None:
    """Whether every required document is there.

    Raises:
        Problem: documents_incomplete.
    """
    usable = {p.document.kind for p in held if p.current and p.document.verification != "rejected"}
    missing = [paper.kind for paper in asked if paper.required and paper.kind not in usable]
    if missing:
        raise Problem("documents_incomplete", errors=[FieldError(f"/documents/{kind}", "required") for kind in missing])


def _check(document: Document, asked: Iterable[Paper], held: Sequence[PaperRecord]) -> None:
    paper = next((paper for paper in asked if paper.kind == document.kind), None)
    if paper is None:
        raise _refused("validation_failed", "/kind", "unknown")
    if document.media_type not in paper.media_types:
        raise _refused("unsupported_media", "/file", "media_type")
    if document.size == 0:
        raise _refused("validation_failed", "/file", "empty")
    replaced = document.supersedes
    if replaced is not None and not any(
        p.current and p.document.document_id == replaced and p.document.kind == document.kind for p in held
    ):
        raise _refused("validation_failed", "/replaces", "unknown")


def _refused(code: str, pointer: str, rule: str) -> Problem:
    return Problem(code, errors=[FieldError(pointer, rule)])
