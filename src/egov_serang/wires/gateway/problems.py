"""From problem+json to the error it means (contract-v1 section 1: by code, for an unknown code by status)."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ValidationError

from egov_serang.core.message import Response
from egov_serang.errors import (
    ApiError,
    Conflict,
    EgovError,
    FieldError,
    Forbidden,
    Invalid,
    InvalidTransition,
    NotFound,
    QuotaExhausted,
    RateLimited,
    ServerFault,
    SignatureRefused,
    Unauthorized,
    UnexpectedReply,
)

_BY_CODE: Final[Mapping[str, type[ApiError]]] = {
    "validation_failed": Invalid,
    "unauthenticated": Unauthorized,
    "token_expired": Unauthorized,
    "clock_skew": SignatureRefused,
    "signature_invalid": SignatureRefused,
    "nonce_replayed": SignatureRefused,
    "forbidden": Forbidden,
    "scope_missing": Forbidden,
    "purpose_not_allowed": Forbidden,
    "consent_required": Forbidden,
    "agreement_expired": Forbidden,
    "not_found": NotFound,
    "gone": NotFound,
    "invalid_transition": InvalidTransition,
    "version_conflict": Conflict,
    "precondition_required": Conflict,
    "idempotency_in_progress": Conflict,
    "idempotency_mismatch": Conflict,
    "idempotency_missing": Conflict,
    "rate_limited": RateLimited,
    "quota_exhausted": QuotaExhausted,
    "daily_limit_reached": QuotaExhausted,
    "payload_too_large": Invalid,
    "unsupported_media": Invalid,
    "range_not_satisfiable": Invalid,
    "upstream_unavailable": ServerFault,
    "upstream_timeout": ServerFault,
    "internal": ServerFault,
}

_BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    408: ServerFault,
    409: Conflict,
    410: NotFound,
    412: Conflict,
    413: Invalid,
    415: Invalid,
    416: Invalid,
    422: Invalid,
    425: ServerFault,
    428: Conflict,
    429: RateLimited,
}

_HINTS: Final[Mapping[str, str]] = {
    "scope_missing": "Ask the gateway's operator to grant this client the scope",
    "clock_skew": "Set this machine's clock",
    "signature_invalid": "Check that signing_key_file is the message key registered for this client",
    "version_conflict": "Reload the resource and decide again with its new version",
    "precondition_required": "Pass the resource's version",
    "idempotency_mismatch": "This key was used for another request: use a new one",
    "purpose_not_allowed": "Use a purpose_code your agreement names",
    "quota_exhausted": "Wait for the quota's reset or ask for a larger one",
}

_BEYOND: Final = 416

_SECONDS: Final = re.compile("[0-9]{1,9}")
_FAR: Final = 1e9
_WORD: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


def _word(text: str) -> str:
    """A code, or nothing: prose in its place may hold what the caller sent."""
    return text if _WORD.fullmatch(text) else ""


_Code = Annotated[str, AfterValidator(_word)]


class _Field(BaseModel):
    pointer: str = ""
    code: _Code = ""
    detail: str = ""


class _Problem(BaseModel):
    """RFC 9457 with the contract's members. Everything is optional: a refusal is read even when it is malformed."""

    title: str = ""
    detail: str = ""
    code: _Code = ""
    errors: tuple[_Field, ...] = ()
    allowed_actions: tuple[_Code, ...] = ()
    trace_id: _Code | None = None
    retry_after_s: float | None = None


def read_problem(response: Response) -> EgovError:
    """The error a gateway's refusal means.

    A 4xx that is no problem document is not the gateway's own: it becomes `UnexpectedReply`. But for 416, with which
    whatever serves files there answers a range, knowing nothing of problems.
    """
    status = response.status
    problem = _parse(response)
    kind = _BY_CODE.get(problem.code) if problem else None
    kind = kind or _BY_STATUS.get(status) or (Invalid if status < 500 else ServerFault)  # noqa: PLR2004 - HTTP classes
    if problem is None:
        if not issubclass(kind, ServerFault | RateLimited) and status != _BEYOND:
            return UnexpectedReply(
                f"status {status} without a problem document",
                code="not_a_problem",
                hint="A proxy may have answered; check the gateway's address",
                sent="yes",
            )
        problem = _Problem(title=f"status {status}", code=f"http_{status}")
    return kind(
        problem.detail or problem.title or f"status {status}",
        status=status,
        code=problem.code or f"http_{status}",
        hint=_HINTS.get(problem.code),
        retry_after=_retry_after(response, problem),
        errors=tuple(FieldError(e.pointer, e.code, e.detail) for e in problem.errors),
        trace_id=problem.trace_id,
        allowed_actions=problem.allowed_actions,
    )


def _parse(response: Response) -> _Problem | None:
    if "json" not in response.headers.get("content-type", ""):
        return None
    try:
        return _Problem.model_validate_json(response.body)
    except ValidationError:
        return None


def _retry_after(response: Response, problem: _Problem) -> float | None:
    """Seconds to wait: the header in both forms (a date counts from the answer's own `Date`), else the document.

    What makes no sense is as good as silence. A date that is past says: now.
    """
    value = response.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        then = email.utils.parsedate_to_datetime(value)
        now = email.utils.parsedate_to_datetime(response.headers.get("date", ""))
        return max(0.0, (then - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        hint = problem.retry_after_s
        return hint if hint is not None and 0 <= hint <= _FAR else None
