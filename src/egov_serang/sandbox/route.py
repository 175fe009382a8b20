"""The route class of everything the contract serves: faults, gate, idempotency and one transaction per request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from typing import Any, Final

from fastapi import APIRouter, Request, Response, params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Message

from egov_serang.sandbox.gate import Requires
from egov_serang.sandbox.idempotency import Once, is_kept
from egov_serang.sandbox.platform import Platform, platform_of
from egov_serang.sandbox.problems import Problem, from_http, from_validation, responses
from egov_serang.sandbox.proof import target_uri

_SAFE: Final = frozenset({"GET", "HEAD"})
_Handler = Callable[[Request], Awaitable[Response]]


class ContractRoute(APIRoute):
    """A route of the contract; see `gate` for what it promises to handlers."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        guard = self.guard

        async def answer(request: Request) -> Response:
            platform = platform_of(request)
            try:
                response = await _answer(platform, handler, guard, request, self)
            except Problem as problem:
                response = problem.response()
            return response

        return answer

    @property
    def guard(self) -> Requires | None:
        """The `requires(...)` among the handler's dependencies; None on a public route."""
        found = (part.call for part in self.dependant.dependencies)
        return next((call for call in found if isinstance(call, Requires)), None)


def contract_router(module: str) -> APIRouter:
    """The router of a module under `/v1/{module}`."""
    return APIRouter(
        prefix=f"/v1/{module}",
        tags=[module],
        route_class=ContractRoute,
        responses=responses(400, 401, 403, 413, 415, 422, 429, 500, 503),
    )


async def _answer(
    platform: Platform, handler: _Handler, guard: Requires | None, request: Request, route: ContractRoute
) -> Response:
    incoming = request
    request, body = await _read(incoming, platform.city.limits.max_body_bytes)
    caller = None if guard is None else guard.admit(platform, request, body)
    if body:
        _check_media(route, request)
    platform.faults.strike(request, route.operation_id, route.path)
    if request.method in _SAFE:
        with closing(platform.database.reading()) as session:
            response, _ = await _settle(handler, request, session)
            await _delay(incoming)
        return response
    if caller is None:
        response = await _write(platform, handler, request, None)
        await _delay(incoming)
        return response
    once = Once(platform, request, target_uri(platform, request), caller.client_id, body)
    with once.in_flight():
        response = await _write(platform, handler, request, once)
        await _delay(incoming)
    return response


async def _write(platform: Platform, handler: _Handler, request: Request, once: Once | None) -> Response:
    async with platform.writer:
        with closing(platform.database.writing()) as session:
            # Before the handler looks at If-Match: a repeated transition must find its own answer, not a conflict.
            # One indexed read on the event loop: nobody else writes now, and a thread would cost more than it does.
            kept = None if once is None else once.find(session)
            if kept is not None:
                request.state.replayed = True
                return kept
            response, code = await _settle(handler, request, session)
            if once is not None and is_kept(response.status_code, code):
                once.keep(session, response)
            await run_in_threadpool(session.commit)
            platform.committed.set()
            return response


async def _settle(handler: _Handler, request: Request, session: Session) -> tuple[Response, str | None]:
    request.state.session = session
    try:
        return await handler(request), None
    except Problem as raised:
        problem = raised
    except RequestValidationError as invalid:
        problem = from_validation(invalid)
    except HTTPException as refused:
        problem = from_http(refused)
    session.rollback()
    return problem.response(), problem.code


async def _delay(request: Request) -> None:
    delay_s: float = getattr(request.state, "delay_s", 0.0)
    if delay_s:
        # The body has been read, so the next thing to be received is that the caller has gone.
        gone = asyncio.ensure_future(request.receive())
        await asyncio.wait({gone}, timeout=delay_s)
        gone.cancel()


def _check_media(route: ContractRoute, request: Request) -> None:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    takes_form = route.body_field is not None and isinstance(route.body_field.field_info, params.Form)
    forms = media in {"multipart/form-data", "application/x-www-form-urlencoded"}
    if not (forms if takes_form else media == "application/json"):
        raise Problem("unsupported_media", "Send a form." if takes_form else "Send application/json.")


async def _read(request: Request, limit: int) -> tuple[Request, bytes]:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise Problem("payload_too_large", "The body is larger than limits.max_body_bytes.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Problem("payload_too_large", "The body is larger than limits.max_body_bytes.")
    whole = bytes(body)

    async def replay() -> Message:
        return {"type": "http.request", "body": whole, "more_body": False}

    return Request(request.scope, replay), whole
