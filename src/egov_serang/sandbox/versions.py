"""Versions as entity tags: `ETag`, `If-None-Match`, `If-Match` (contract-v1 section 1, RFC 9110 section 13)."""

from __future__ import annotations

from fastapi import Request, Response

from egov_serang.sandbox.problems import Problem


def etag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def unchanged(request: Request, version: int) -> Response | None:
    """A 304 when the caller already holds this version, else None.

    def get(...) -> Response | Thing:
        return unchanged(request, row.version) or shown(response, row)
    """
    held = request.headers.get("if-none-match")
    if held is None or not ({"*", etag(version)} & _tags(held.replace("W/", ""))):
        return None
    return Response(status_code=304, headers={"ETag": etag(version)})


def require_match(request: Request, version: int) -> None:
    """Demand that `If-Match` names the current version.

    Raises:
        Problem: precondition_required without the header, version_conflict for another version.
    """
    wanted = request.headers.get("if-match")
    if wanted is None:
        raise Problem("precondition_required", "Name the version you saw in If-Match.")
    if etag(version) not in _tags(wanted):
        raise Problem("version_conflict", "The resource has changed since; load it again.")


def _tags(header: str) -> set[str]:
    return {tag.strip() for tag in header.split(",")}
