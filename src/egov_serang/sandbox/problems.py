"""Refusals as `application/problem+json` (contract-v1 section 1, RFC 9457)."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, JsonValue
from starlette.exceptions import HTTPException

MEDIA_TYPE: Final = "application/problem+json"

COMMON: Final = MappingProxyType(
    {
        "validation_failed": 422,
        "unauthenticated": 401,
        "token_expired": 401,
        "use_dpop_nonce": 401,
        "clock_skew": 401,
        "signature_invalid": 401,
        "nonce_replayed": 401,
        "forbidden": 403,
        "scope_missing": 403,
        "purpose_not_allowed": 403,
        "consent_required": 403,
        "agreement_expired": 403,
        "not_found": 404,
        "method_not_allowed": 405,
        "gone": 410,
        "invalid_transition": 409,
        "version_conflict": 412,
        "precondition_required": 428,
        "idempotency_in_progress": 409,
        "idempotency_mismatch": 422,
        "idempotency_missing": 400,
        "rate_limited": 429,
        "quota_exhausted": 429,
        "daily_limit_reached": 429,
        "payload_too_large": 413,
        "unsupported_media": 415,
        "range_not_satisfiable": 416,
        "upstream_unavailable": 503,
        "upstream_timeout": 504,
        "internal": 500,
    }
)
"""What any operation may be refused with (contract section 1), and the status it comes with."""

OWN: Final = MappingProxyType(
    {
        "identity": {"subject_ambiguous": 409, "documents_incomplete": 422},
        "complaints": {
            "service_not_found": 404,
            "outside_jurisdiction": 422,
            "location_required": 422,
            "attribute_required": 422,
            "reopen_window_passed": 409,
        },
        "permits": {
            "documents_incomplete": 422,
            "fee_outstanding": 409,
            "clock_expired": 409,
            "type_version_retired": 409,
            "licence_not_active": 409,
            "qr_invalid": 422,
            "qr_revoked": 410,
        },
        "notifications": {
            "template_not_found": 404,
            "personalisation_missing": 422,
            "recipient_invalid": 422,
            "recipient_not_allowed": 403,
            "recipient_opted_out": 403,
        },
    }
)
"""What the modules add (contract sections 2 to 5)."""

STATUS: Final = MappingProxyType({**COMMON, **{code: status for own in OWN.values() for code, status in own.items()}})

_FIELD_NAME: Final = re.compile(r"\d{1,4}|[A-Za-z_]{1,40}")

_RETRYABLE: Final = frozenset(
    {"idempotency_in_progress", "rate_limited", "upstream_unavailable", "upstream_timeout", "internal"}
)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: a JSON pointer into the body (or `/query/name`), a code, a text without input."""

    pointer: str
    code: str
    detail: str = ""


class ProblemResponse(JSONResponse):
    """A refusal on its way out; the facade for other clients says `problem` in their own words."""

    def __init__(self, problem: Problem, body: dict[str, JsonValue], headers: Mapping[str, str]) -> None:
        super().__init__(body, problem.status, headers, MEDIA_TYPE)
        self.problem = problem


class Problem(Exception):
    """A refusal; raising it in a handler rolls the transaction back and answers.

    Args:
        code: contract code; the HTTP status follows from it.
        detail: a sentence for developers. It must never repeat anything that was sent.
        errors: the fields at fault.
        allowed_actions: what this caller may do instead.
        challenge: `WWW-Authenticate` of a 401, in place of `Bearer`.
        retry_after_s: seconds to wait, also sent as `Retry-After`.
        status: another status than the code's usual one.
        headers: further fields of the answer.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        allowed_actions: Iterable[str] | None = None,
        retry_after_s: int | None = None,
        status: int | None = None,
        challenge: str = "Bearer",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.allowed_actions = None if allowed_actions is None else [str(action) for action in allowed_actions]
        self.retry_after_s = retry_after_s
        self.challenge = challenge
        self.headers = headers
        self.status = STATUS[code] if status is None else status

    def response(self) -> JSONResponse:
        """The answer that says it."""
        body: dict[str, JsonValue] = {
            "type": f"urn:smartcity:problem:{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail or self.code.replace("_", " ").capitalize() + ".",
            "code": self.code,
            "errors": [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in self.errors],
            "allowed_actions": [*self.allowed_actions] if self.allowed_actions is not None else [],
            "trace_id": secrets.token_hex(16),
            "retryable": self.code in _RETRYABLE,
            "retry_after_s": self.retry_after_s,
        }
        headers = dict(self.headers)
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(self.retry_after_s)
        if self.status == STATUS["unauthenticated"]:
            headers["WWW-Authenticate"] = self.challenge
        return ProblemResponse(self, body, headers)


def from_validation(error: RequestValidationError) -> Problem:
    """A body or query that breaks its schema; a body that is not UTF-8 JSON at all is a 400."""
    found: list[FieldError] = []
    for item in error.errors():
        if item["type"] == "json_invalid":
            return Problem("validation_failed", "The body is not UTF-8 JSON.", status=400)
        found.append(FieldError(_pointer(item["loc"]), item["type"], f"breaks the rule {item['type']!r}"))
    return Problem("validation_failed", "The request breaks its schema.", errors=found)


def from_http(error: HTTPException) -> Problem:
    """What the framework itself refuses: unknown path, wrong verb, unreadable form."""
    codes = {404: "not_found", 405: "method_not_allowed", 413: "payload_too_large", 415: "unsupported_media"}
    return Problem(codes.get(error.status_code, "validation_failed"), status=error.status_code)


def _pointer(location: Sequence[int | str]) -> str:
    where, *rest = location
    parts = rest if where == "body" else [where, *rest]
    # A segment may be a key the caller invented, and so hold anything: only what looks like a field's name is repeated.
    names = itertools.takewhile(_FIELD_NAME.fullmatch, map(str, parts))
    return "".join(f"/{name}" for name in names)


class RefusedField(BaseModel):
    pointer: str
    code: str
    detail: str


class Refusal(BaseModel):
    """The shape of every refusal."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[RefusedField]
    allowed_actions: list[str]
    trace_id: str
    retryable: bool
    retry_after_s: int | None


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI declarations of problem answers."""
    return {status: {"model": Refusal, "description": "Refused"} for status in statuses}
