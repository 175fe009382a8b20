"""Refusals by their meaning: every code of the contract's table, unknown codes by status, hints to wait."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang import errors
from egov_serang.core.message import Headers, Response
from egov_serang.errors import ApiError, EgovError, UnexpectedReply
from egov_serang.wires.gateway.problems import read_problem

# contract-v1 section 1, the table of codes, row by row: (codes, statuses, class).
TABLE: list[tuple[str, str, str]] = [
    ("validation_failed", "422 400", "Invalid"),
    ("unauthenticated token_expired", "401", "Unauthorized"),
    ("clock_skew signature_invalid nonce_replayed", "401", "SignatureRefused"),
    ("forbidden scope_missing purpose_not_allowed consent_required agreement_expired", "403", "Forbidden"),
    ("not_found gone", "404 410", "NotFound"),
    ("invalid_transition", "409", "InvalidTransition"),
    ("version_conflict precondition_required", "412 428", "Conflict"),
    ("idempotency_in_progress idempotency_mismatch idempotency_missing", "409 422 400", "Conflict"),
    ("rate_limited", "429", "RateLimited"),
    ("quota_exhausted daily_limit_reached", "429", "QuotaExhausted"),
    ("payload_too_large unsupported_media range_not_satisfiable", "413 415 416", "Invalid"),
    ("upstream_unavailable upstream_timeout", "502 503 504", "ServerFault"),
    ("internal", "500", "ServerFault"),
]
ROWS = [(c, int(s), kind) for codes, statuses, kind in TABLE for c in codes.split() for s in statuses.split()]


def answer(status: int, document: Any, *, kind: str = "application/problem+json", **headers: str) -> Response:
    pairs = [("content-type", kind), *((name.replace("_", "-"), value) for name, value in headers.items())]
    return Response(status, Headers(pairs), document if isinstance(document, bytes) else json.dumps(document).encode())


def read(status: int, document: Any, **more: Any) -> Any:
    return read_problem(answer(status, document, **more))


@pytest.mark.parametrize(("code", "status", "kind"), ROWS)
def test_every_code_of_the_contract(code: str, status: int, kind: str) -> None:
    document = {
        "type": f"urn:smartcity:problem:{code}",
        "title": "t",
        "status": status,
        "detail": "what happened",
        "code": code,
        "errors": [{"pointer": "/form/x", "code": "required", "detail": "is missing"}],
        "allowed_actions": ["verify"],
        "trace_id": "tr-1",
        "retryable": False,
        "retry_after_s": None,
    }
    error = read(status, document)
    assert type(error) is getattr(errors, kind)
    assert (error.code, error.status, error.sent) == (code, status, "yes")
    assert error.message == "what happened"
    assert error.trace_id == "tr-1"
    assert error.errors == (errors.FieldError("/form/x", "required", "is missing"),)
    assert error.retry_after is None
    assert pickles(error)


def pickles(error: EgovError) -> bool:
    import pickle

    return vars(pickle.loads(pickle.dumps(error))) == vars(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "Invalid"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (405, "Invalid"),
        (409, "Conflict"),
        (410, "NotFound"),
        (412, "Conflict"),
        (413, "Invalid"),
        (415, "Invalid"),
        (418, "Invalid"),
        (422, "Invalid"),
        (428, "Conflict"),
        (429, "RateLimited"),
        (500, "ServerFault"),
        (502, "ServerFault"),
        (503, "ServerFault"),
        (599, "ServerFault"),
    ],
)
@pytest.mark.parametrize("code", ["outside_jurisdiction", ""])
def test_an_unknown_code_by_its_status(status: int, kind: str, code: str) -> None:
    error = read(status, {"code": code, "title": "the title"})
    assert type(error) is getattr(errors, kind)
    assert error.code == (code or f"http_{status}")
    assert error.message == "the title"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
@pytest.mark.parametrize("body", [b"<html>CANARY</html>", b"", b'["CANARY"]', b'{"code": 5}', b'{"title":'])
def test_a_client_error_that_is_no_problem_is_not_the_gateways(status: int, body: bytes) -> None:
    for kind in ("text/html", "application/json"):
        error = read(status, body, kind=kind)
        assert type(error) is UnexpectedReply
        assert error.code == "not_a_problem"
        assert "CANARY" not in str(error)


@pytest.mark.parametrize(("status", "kind"), [(500, "ServerFault"), (502, "ServerFault"), (429, "RateLimited")])
def test_a_proxy_may_be_busy_or_broken_in_html(status: int, kind: str) -> None:
    error = read(status, b"<html>CANARY</html>", kind="text/html", retry_after="7")
    assert type(error) is getattr(errors, kind)
    assert error.code == f"http_{status}"
    assert error.retry_after == 7.0
    assert "CANARY" not in str(error)


@pytest.mark.parametrize(
    ("header", "date", "document", "expected"),
    [
        ("7", "", None, 7.0),
        ("0", "", None, 0.0),
        ("", "", 3.5, 3.5),
        ("12", "", 3, 12.0),
        ("Mon, 23 Nov 2026 10:00:30 GMT", "Mon, 23 Nov 2026 10:00:00 GMT", None, 30.0),
        ("Mon, 23 Nov 2026 09:00:00 GMT", "Mon, 23 Nov 2026 10:00:00 GMT", None, 0.0),
        ("Mon, 23 Nov 2026 10:00:30 GMT", "", None, None),
        ("Mon, 23 Nov 2026 10:00:30 GMT", "", 4, 4.0),
        ("-1", "", None, None),
        ("inf", "", None, None),
        ("１２", "", None, None),
        ("1.5", "", None, None),
        ("9" * 400, "", None, None),
        ("864000", "", None, 864000.0),
        ("Mon, 23 Nov 99999999999 10:00:30 GMT", "Mon, 23 Nov 2026 10:00:00 GMT", None, None),
        ("Mon, 23 Nov 2026 10:00:30 -0000", "Mon, 23 Nov 2026 10:00:00 GMT", None, None),
        ("soon", "", None, None),
        ("", "", -1, None),
        ("", "", 864000, 864000.0),
    ],
)
def test_when_to_come_back(header: str, date: str, document: float | None, expected: float | None) -> None:
    error = read(429, {"code": "rate_limited", "retry_after_s": document}, retry_after=header, date=date)
    assert error.retry_after == expected


dates = st.from_regex(
    r"([A-Z][a-z]{2}, )?[0-9]{1,12} [A-Z][a-z]{2} [0-9]{1,12}"
    r"( [0-9]{1,3}:[0-9]{1,12}(:[0-9]{1,3})?)?( GMT| [+-][0-9]{1,9})?",
    fullmatch=True,
)


@given(dates | st.text(max_size=30), dates | st.text(max_size=30))
def test_no_time_breaks_the_reading(header: str, date: str) -> None:
    found = read(429, {"code": "rate_limited"}, retry_after=header, date=date).retry_after
    assert found is None or 0 <= found < float("inf")


@pytest.mark.parametrize("status", [408, 425])
def test_a_request_that_came_too_slowly_or_too_early_is_no_invalid_one(status: int) -> None:
    for error in (read(status, b"", kind="text/html"), read(status, {"title": "no"})):
        assert (type(error), error.code) == (errors.ServerFault, f"http_{status}")


@given(st.binary(max_size=200), st.sampled_from([400, 401, 404, 409, 429, 500, 503]))
def test_any_bytes_are_read_without_failing(body: bytes, status: int) -> None:
    assert isinstance(read_problem(answer(status, body)), EgovError)


members = st.sampled_from(["title", "detail", "code", "errors", "allowed_actions", "trace_id", "retry_after_s"])
values = st.none() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=3)


@given(st.dictionaries(members, values), st.sampled_from([400, 404, 422, 429, 503]))
def test_any_document_is_read_without_failing(document: dict[str, Any], status: int) -> None:
    error = read_problem(answer(status, document))
    assert isinstance(error, ApiError | UnexpectedReply)
    assert error.retry_after is None or 0 <= error.retry_after < float("inf")
    assert error.code


@pytest.mark.parametrize("prose", ["Nama Warga", "token abc", "x" * 200, "<b>"])
def test_prose_in_the_place_of_a_code_is_dropped(prose: str) -> None:
    error = read(
        422,
        {"code": prose, "trace_id": prose, "allowed_actions": [prose], "errors": [{"pointer": "/a", "code": prose}]},
    )
    assert error.code == "http_422"
    assert prose not in f"{error} {vars(error)}"


def test_hints_say_what_to_do() -> None:
    assert "scope" in str(read(403, {"code": "scope_missing", "title": "t"}).hint)
    assert "Reload" in str(read(412, {"code": "version_conflict", "title": "t"}).hint)
