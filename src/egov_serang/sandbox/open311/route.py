"""Routes of the facade: the same faults, bounds and transactions as the contract's, refusals in Open311's own shape."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from egov_serang.sandbox.open311.writing import document
from egov_serang.sandbox.problems import Problem
from egov_serang.sandbox.route import ContractRoute

BASE: Final = "/open311/v2"
_NOT_FOUND, _FORBIDDEN, _BAD, _BUSY, _BROKEN = 404, 403, 400, 429, 500


class Open311Route(ContractRoute):
    """A route of the facade."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def answer(request: Request) -> Response:
            response = await handler(request)
            problem: Problem | None = getattr(response, "problem", None)
            return response if problem is None else refusal(request.url.path, problem)

        return answer


def open311_router() -> APIRouter:
    """The router of the facade. The contract's OpenAPI document leaves it out: Open311 has a document of its own."""
    return APIRouter(prefix=BASE, route_class=Open311Route, include_in_schema=False)


def refusal(path: str, problem: Problem) -> Response:
    """A refusal as GeoReport v2 writes it: an array of codes and descriptions; 400 for whatever has no better status.

    Being overloaded or broken keeps its own status, by which clients know that they may come again.
    """
    status = problem.status
    if status in {401, _FORBIDDEN}:
        status = _FORBIDDEN
    elif status not in {_NOT_FOUND, _BUSY} and status < _BROKEN:
        status = _BAD
    said = [f"{one.pointer.strip('/').replace('/', '.')}: {one.detail or one.code}" for one in problem.errors]
    texts = said or [problem.detail or problem.code.replace("_", " ")]
    response = document(
        path.rpartition(".")[2], "errors", [{"code": status, "description": text} for text in texts], status
    )
    if problem.retry_after_s is not None:
        response.headers["Retry-After"] = str(problem.retry_after_s)
    return response
