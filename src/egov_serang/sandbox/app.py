"""The application: every module of the contract behind one gate.

A module has a `router` (made by `route.contract_router`); see `gate` for how to write one. It may have a
`seed(session, city)`, which runs, in the order of `MODULES`, on an empty database and after every reset, and a
`tick(session, now)`, which runs whenever the city's clock is moved, for what time brings by itself.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Final, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from egov_serang.sandbox import control
from egov_serang.sandbox.announcements import routes as announcements
from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.civil import routes as civil
from egov_serang.sandbox.clients import Clients
from egov_serang.sandbox.complaints import feed, insight, offers, thread, uploads
from egov_serang.sandbox.complaints import routes as complaints
from egov_serang.sandbox.console import data as console_data
from egov_serang.sandbox.console import routes as console
from egov_serang.sandbox.db import Database
from egov_serang.sandbox.events import routes as events
from egov_serang.sandbox.exchange import Exchange
from egov_serang.sandbox.identity import routes as identity
from egov_serang.sandbox.keys import SecretRow, ServerKeys
from egov_serang.sandbox.notifications import routes as notifications
from egov_serang.sandbox.oauth.routers import ROUTERS
from egov_serang.sandbox.open311 import routes as open311
from egov_serang.sandbox.open311.route import BASE, refusal
from egov_serang.sandbox.openapi import describe
from egov_serang.sandbox.permits import routes as permits
from egov_serang.sandbox.platform import Platform
from egov_serang.sandbox.problems import Problem, from_http, from_validation
from egov_serang.sandbox.replays import Replays
from egov_serang.sandbox.route import ContractRoute
from egov_serang.sandbox.settings import Settings
from egov_serang.sandbox.webapps import EXAMPLE, EXAMPLE_ID, EXAMPLE_SECRET, WebApps

MODULES: Final[tuple[ModuleType, ...]] = (
    identity,
    civil,
    offers,
    complaints,
    thread,
    uploads,
    feed,
    insight,
    permits,
    notifications,
    announcements,
    events,
)


def open_platform(
    database_file: Path,
    base_url: str,
    city: Municipality,
    *,
    durable: bool,
    token_ttl_s: int | None = None,
    sign_answers: bool = True,
    dpop_nonces: bool = False,
) -> Platform:
    """Open (or make and seed) the stores of a sandbox.

    Raises:
        ValueError: the database is another city's.
    """
    database = Database(database_file, durable=durable)
    try:
        with closing(database.writing()) as session:
            fresh = session.scalar(select(SecretRow).limit(1)) is None
            keys = ServerKeys(session, city)
            if keys.city != city.code:
                raise ValueError(f"{database_file} is the database of another city, {keys.city}")
            ttl_s = token_ttl_s or city.limits.token_ttl_s
            settings = Settings(base_url, city, ttl_s, keys.sandbox_token, sign_answers, dpop_nonces)
            replays = Replays(database_file.with_name(database_file.name + "-seen"))
            clients = Clients(session, city.message_algorithms)
            platform = Platform(settings, database, clients, keys, replays, MODULES, WebApps(session))
            if fresh:
                platform.seed(session)
                register_example(platform, session)
            session.commit()
    except BaseException:
        database.close()
        raise
    return platform


def register_example(platform: Platform, session: Session) -> None:
    """Register the application of the examples, whose secret everybody may know. The caller commits."""
    platform.clients.register(session, EXAMPLE_ID, [], {"keys": []}, EXAMPLE_SECRET)
    platform.webapps.register(session, EXAMPLE_ID, EXAMPLE)


def create_app(platform: Platform) -> FastAPI:
    """The sandbox as an ASGI application."""
    app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.platform = platform
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(control.router)
    app.include_router(console_data.router)
    app.include_router(console.router)
    for module in MODULES:
        app.include_router(module.router)
    app.include_router(open311.router)
    app.state.scopes = {
        route.operation_id: route.guard.scopes
        for module in MODULES
        for route in module.router.routes
        if isinstance(route, ContractRoute) and route.guard is not None
    }
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(Exchange, platform=platform)
    describe(app)
    return app


async def _problem(request: Request, error: Exception) -> Response:
    return cast("Problem", error).response()


async def _validation(request: Request, error: Exception) -> Response:
    return from_validation(cast("RequestValidationError", error)).response()


async def _http(request: Request, error: Exception) -> Response:
    problem, path = from_http(cast("HTTPException", error)), request.url.path
    return refusal(path, problem) if path.startswith(f"{BASE}/") else problem.response()
