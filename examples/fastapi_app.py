"""A small app for residents: report a pothole with a photo, follow it, verify a person before a permit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated

from fastapi import FastAPI, Form, Header, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from egov_serang import (
    AsyncClient,
    Conflict,
    ConnectionFailed,
    DeadlineExceeded,
    EgovError,
    File,
    Invalid,
    InvalidTransition,
    Nik,
    NotFound,
    QuotaExhausted,
    RateLimited,
    ServerFault,
    UnexpectedReply,
)
from egov_serang.models.complaints import Location
from egov_serang.models.identity import Attributes, Consent, Purpose, VerificationOutcome

LARGEST_PHOTO = 5_000_000
MEANINGS = (
    (Invalid, 422),
    (NotFound, 404),
    (Conflict | InvalidTransition, 409),
    (RateLimited | QuotaExhausted, 503),
    (ConnectionFailed | ServerFault | UnexpectedReply, 502),
    (DeadlineExceeded, 504),
)


class Applicant(BaseModel):
    """Somebody who wants a permit. The number comes in a body, never in an address: addresses end up in logs."""

    nik: Nik
    full_name: str = Field(min_length=1, max_length=100)
    birth_date: date
    agrees: bool


def create_app(client: AsyncClient | None = None) -> FastAPI:
    """The app. One client serves every request: it is safe to share, and keeps connections and the token."""
    city = client or AsyncClient()  # a set-up that cannot work stops the app here, before the first resident

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await city.close()

    app = FastAPI(title="Lapor Serang", lifespan=lifespan)
    app.add_exception_handler(EgovError, answer_error)
    app.add_exception_handler(RequestValidationError, answer_malformed)

    @app.get("/categories")
    async def categories() -> dict[str, str]:
        return {category.service_code: category.service_name async for category in city.complaints.services()}

    @app.post("/complaints", status_code=201)
    async def report(
        description: Annotated[str, Form(max_length=4000)],
        lat: Annotated[float, Form()],
        long: Annotated[float, Form()],
        photo: UploadFile,
        idempotency_key: Annotated[str | None, Header(max_length=64)] = None,
    ) -> dict[str, str | None]:
        content = await photo.read(LARGEST_PHOTO + 1)
        if len(content) > LARGEST_PHOTO:
            raise Invalid("the photo is too large", code="payload_too_large", sent="no")
        # With the key of the phone, its second try after a lost answer finds the first complaint.
        sure = city.with_options(idempotency_key=idempotency_key)
        complaint = await sure.complaints.submit(
            "jalan_rusak", description, location=Location(lat=lat, long=long), photos=[File(content)]
        )
        return {"id": complaint.complaint_id, "reference": complaint.reference, "status": complaint.status}

    @app.get("/complaints/{complaint_id}")
    async def follow(complaint_id: str) -> dict[str, str | int | None]:
        complaint = await city.complaints.get(complaint_id)
        return {
            "reference": complaint.reference,
            "status": complaint.status,
            "notes": complaint.status_notes,
            "photos": len(complaint.media),
        }

    @app.post("/permit-applicants")
    async def verify(applicant: Applicant) -> JSONResponse:
        verification = await city.identity.verify(
            applicant.nik,
            Attributes(full_name=applicant.full_name, birth_date=applicant.birth_date),
            purpose=Purpose(purpose_code="permit", legal_basis="consent"),
            consent=Consent(given=applicant.agrees, method="app-form"),
        )
        if verification.outcome is not VerificationOutcome.MATCH:  # a verdict, not an error
            wrong = [name for name, verdict in verification.results.items() if verdict.result == "no_match"]
            return JSONResponse({"verified": False, "outcome": verification.outcome, "check": wrong})
        return JSONResponse({"verified": True, "subject_ref": verification.subject_ref})  # keep this, not the number

    return app


def status_of(error: EgovError) -> int:
    """The HTTP status an error of the city means for a caller of this app; 500 for a fault of our own set-up."""
    return next((status for kinds, status in MEANINGS if isinstance(error, kinds)), 500)


async def answer_error(request: Request, error: Exception) -> JSONResponse:
    """A sentence for the resident, the request id for the help desk, nothing else."""
    assert isinstance(error, EgovError)
    english = request.headers.get("accept-language", "").startswith("en")
    body = {"message": error.user_message("en" if english else "id"), "request_id": error.request_id}
    headers = {} if error.retry_after is None else {"Retry-After": f"{error.retry_after:.0f}"}
    return JSONResponse(body, status_of(error), headers)


async def answer_malformed(request: Request, error: Exception) -> JSONResponse:
    """Which fields are wrong. FastAPI's own answer would repeat what was sent, a mistyped NIK too."""
    assert isinstance(error, RequestValidationError)
    return JSONResponse({"fields": [".".join(map(str, wrong["loc"])) for wrong in error.errors()]}, 422)
