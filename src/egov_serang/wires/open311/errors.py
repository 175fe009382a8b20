"""From an Open311 refusal to the error it means, in all the shapes servers give it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, cast

from egov_serang.core.message import Response
from egov_serang.errors import (
    ApiError,
    Conflict,
    EgovError,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    ServerFault,
    Unauthorized,
    UnexpectedReply,
)
from egov_serang.wires.open311.documents import listed, plain

_BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    408: ServerFault,
    409: Conflict,
    410: NotFound,
    425: ServerFault,
    429: RateLimited,
}
_BAD_REQUEST: Final = 400
_SERVER: Final = 500
_LAST: Final = 599
_LONGEST: Final = 500
_SECONDS: Final = re.compile("[0-9]{1,9}")
_MARKUP: Final = re.compile(r"<[^>]{0,200}>")
_HINTS: Final[Mapping[type[ApiError], str]] = {
    Forbidden: "Open311 asks for an API key to submit: set open311_key_file",
    NotFound: "Check the id, and open311_jurisdiction",
    Invalid: "Open311 says 400 to whatever goes wrong, also behind it: if the request is right, try again later",
}


def read_error(response: Response) -> EgovError:
    """The error a refusal means: by the code in its document where that is a status, else by the status itself.

    A page of HTML under a 4xx is not the service's own answer; under a 5xx it is a fault like any other.
    """
    refusals: list[tuple[int | None, str]] = []
    unread: UnexpectedReply | None = None
    try:
        refusals = refusals_in(plain(response))
    except UnexpectedReply as error:
        unread = error
    if not refusals and response.status < _SERVER and response.status not in _BY_STATUS:
        return unread or UnexpectedReply(
            f"status {response.status} without an Open311 error",
            code="not_open311",
            hint="Check open311_url",
            sent="yes",
        )
    return _error(response, refusals)


def refuse_hidden(response: Response, document: object) -> None:
    """Raise what an answer of status 200 refuses all the same.

    Raises:
        ApiError: the errors it holds in place of a result.
    """
    if refusals := refusals_in(document):
        raise _error(response, refusals)


def refusals_in(document: object) -> list[tuple[int | None, str]]:
    """The codes and texts of a list of errors; empty where the document is something else.

    Read are Open311's array, a lone object, either inside `errors` or `error`, and frameworks' `detail` and `message`.
    """
    try:
        items = listed(document, "errors", "error")
    except UnexpectedReply:
        return []
    found: list[tuple[int | None, str]] = []
    for item in items:
        if isinstance(item, str) and isinstance(document, Mapping):
            found.append((None, _words(item)))
            continue
        if not isinstance(item, Mapping):
            return []
        one = cast("Mapping[str, object]", item)
        if not (one.keys() & {"code", "description", "detail", "message"}) or _is_result(one):
            return []
        text = one.get("description") or one.get("detail") or one.get("message") or ""
        found.append((_status(one.get("code")), _words(str(text))))
    return found


def _is_result(item: Mapping[str, object]) -> bool:
    return any(name in item for name in ("service_code", "service_request_id", "token", "datatype", "update_id"))


def _status(code: object) -> int | None:
    text = str(code).strip()
    number = int(text) if text.isascii() and text.isdecimal() and len(text) == len("400") else 0
    return number if _BAD_REQUEST <= number <= _LAST else None


def _words(text: str) -> str:
    return " ".join(_MARKUP.sub(" ", text).split())[:_LONGEST]


def _error(response: Response, refusals: list[tuple[int | None, str]]) -> ApiError:
    named = next((code for code, _ in refusals if code is not None), None)
    status = named or (response.status if response.status >= _BAD_REQUEST else _BAD_REQUEST)
    kind = _BY_STATUS.get(status) or (Invalid if status < _SERVER else ServerFault)
    said = "; ".join(text for _, text in refusals if text)
    retry_after = response.headers.get("retry-after", "").strip()
    return kind(
        said or f"status {status}",
        status=status,
        code=_code(status),
        hint=_HINTS.get(kind),
        retry_after=float(retry_after) if _SECONDS.fullmatch(retry_after) else None,
    )


def _code(status: int) -> str:
    """Of our own codes the one that says the same, so that callers need not know which wire it was."""
    return {
        HTTPStatus.BAD_REQUEST: "validation_failed",
        HTTPStatus.UNAUTHORIZED: "unauthenticated",
        HTTPStatus.FORBIDDEN: "forbidden",
        HTTPStatus.NOT_FOUND: "not_found",
        HTTPStatus.TOO_MANY_REQUESTS: "rate_limited",
    }.get(HTTPStatus(status) if status in {one.value for one in HTTPStatus} else HTTPStatus.OK, f"http_{status}")
