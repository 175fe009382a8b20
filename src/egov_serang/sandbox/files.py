"""Files as answers: whole, or from the byte the caller names (RFC 9110 sections 13.1.5 and 14)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from fastapi import Request, Response

from egov_serang.sandbox.problems import Problem, responses

_ONE_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.IGNORECASE)


def file_answer(request: Request, content: bytes, media_type: str, sha256: str) -> Response:
    """The file, or the one range of it that was asked for.

    Several ranges, other units and malformed ones are ignored, as a server may: the whole file answers them.

    Args:
        request: perhaps with `Range` and `If-Range`.
        content: all of it.
        media_type: of it.
        sha256: hexadecimal; its entity tag.

    Raises:
        Problem: range_not_satisfiable.
    """
    # A file somebody uploaded must never run as a page of this origin.
    headers = {
        "Content-Disposition": "attachment",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{sha256}"',
        "Accept-Ranges": "bytes",
    }
    asked = _ONE_RANGE.fullmatch(request.headers.get("range", "").strip())
    same = request.headers.get("if-range", headers["ETag"]) == headers["ETag"]
    size = len(content)
    bounds = None if asked is None or not same else _bounds(asked[1], asked[2], size)
    if bounds is None:
        return Response(content, 200, headers, media_type)
    first, last = bounds
    if first > last:
        raise Problem(
            "range_not_satisfiable", "The file does not reach that far.", headers={"Content-Range": f"bytes */{size}"}
        )
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Response(content[first : last + 1], 206, headers, media_type)


def file_responses(media_types: Iterable[str]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI declarations of the answers."""
    content: dict[str, Any] = {kind: {} for kind in sorted(media_types)}
    whole = {"Accept-Ranges": "`bytes`.", "ETag": "Of this version; strong."}
    part = {**whole, "Content-Range": "Which bytes these are, of how many."}
    return {
        **responses(404, 416),
        200: {"content": content, "description": "The file as it was sent", "headers": _headers(whole)},
        206: {"content": content, "description": "The part asked for with `Range`", "headers": _headers(part)},
    }


def _bounds(first: str, last: str, size: int) -> tuple[int, int] | None:
    """First and last byte; the first behind the last where there are none, None where this is no range at all."""
    if not first:
        return (max(0, size - int(last)), size - 1 if int(last) else -1) if last else None
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last), size - 1) if last else size - 1


def _headers(texts: dict[str, str]) -> dict[str, Any]:
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in texts.items()}
