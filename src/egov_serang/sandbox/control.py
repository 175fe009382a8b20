"""`/__sandbox`: what tests may do to the sandbox. Loopback only, and only with the sandbox token."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.concurrency import run_in_threadpool

from egov_serang.sandbox.access import issue_token
from egov_serang.sandbox.faults import Fault
from egov_serang.sandbox.platform import Here, Platform
from egov_serang.sandbox.problems import Problem
from egov_serang.sandbox.webapps import WebApp


async def only_tests(request: Request, here: Here) -> None:
    """Let in who is on this machine and has the sandbox token.

    Raises:
        Problem: forbidden or unauthenticated.
    """
    peer = request.client
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if peer is None or not ipaddress.ip_address(peer.host).is_loopback:
        raise Problem("forbidden", "Only from this machine.")
    if not hmac.compare_digest(token.encode(), here.settings.sandbox_token.encode()):
        raise Problem("unauthenticated", "Send the sandbox token as bearer token.")


router = APIRouter(prefix="/__sandbox", tags=["sandbox"], dependencies=[Depends(only_tests)], include_in_schema=False)


ReturnAddress = Annotated[str, Field(pattern=r"^https?://[^/\s#?]+[^\s#]*$", max_length=1000)]
"""Compared as text, so it is registered exactly as it will be sent."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ClientIn(_Body):
    """A client to register; of each key `use` says what it is for: to sign assertions (`sig`) or messages (`httpsig`),
    or to encrypt identity tokens to (`enc`).

    With `redirect_uris` people can log in to it in a browser.
    """

    client_id: str = Field(min_length=1, max_length=200)
    scopes: list[str]
    jwks: dict[str, JsonValue] = {"keys": []}
    secret: str | None = None
    name: str = Field(default="", max_length=100)
    redirect_uris: list[ReturnAddress] = []
    post_logout_redirect_uris: list[ReturnAddress] = []
    public: bool = False


class ClockIn(_Body):
    """Seconds to move the city's time forward; seconds the server's wall clock shall be wrong from now on."""

    advance_s: float | None = Field(default=None, ge=0)
    skew_s: float | None = None


class FaultIn(_Body):
    """See `faults.Fault`."""

    kind: Literal["status", "lost_answer", "delay", "spoiled_answer", "unsigned_answer"]
    operation: str | None = None
    method: str | None = None
    route_prefix: str = ""
    times: int = Field(default=1, ge=1)
    status: int | None = Field(default=None, ge=400, le=599)
    code: str = "upstream_unavailable"
    retry_after_s: int | None = Field(default=None, ge=0)
    delay_s: float = Field(default=0.0, ge=0, le=300)


class TokenIn(_Body):
    """An access token to mint without the token endpoint, for tests of the gate."""

    client_id: str
    scopes: list[str]
    audience: str | None = None


@router.post("/clients", status_code=201)
async def register(body: ClientIn, here: Here) -> dict[str, str]:
    """Register or replace a client."""
    async with here.writer:
        with closing(here.database.writing()) as session:
            here.clients.register(session, body.client_id, body.scopes, body.jwks, body.secret, public=body.public)
            here.webapps.register(session, body.client_id, _app(body))
            await run_in_threadpool(session.commit)
    return {"client_id": body.client_id}


@router.post("/clock")
async def clock(body: ClockIn, here: Here) -> dict[str, str]:
    """Move the clocks; what the time brings by itself happens at once."""
    if body.advance_s is not None:
        here.clock.advance(body.advance_s)
        await _exclusively(here, here.tick)
    if body.skew_s is not None:
        here.clock.skew(body.skew_s)
    return {"now": here.clock.now().isoformat()}


@router.post("/faults", status_code=201)
async def fault(body: FaultIn, here: Here) -> dict[str, str]:
    """Ask for a fault."""
    here.faults.add(Fault(**body.model_dump()))
    return {"kind": body.kind}


@router.post("/tokens", status_code=201)
async def mint(body: TokenIn, here: Here) -> dict[str, str]:
    """Mint a token, for instance of another audience."""
    return {"access_token": issue_token(here, body.client_id, body.scopes, audience=body.audience)}


@router.post("/reset", status_code=204)
async def reset(here: Here) -> Response:
    """Empty and seed the database; forget faults, records, logins, nonces, clock changes. Registrations stay."""
    await _exclusively(here, here.reseed)
    here.replays.forget()
    here.logins.forget()
    here.clock.reset()
    here.faults.clear()
    here.records.clear()
    here.audit.clear()
    here.families.clear()
    here.devices.clear()
    return Response(status_code=204)


@router.get("/requests")
async def requests(here: Here) -> list[dict[str, Any]]:
    """What came in, oldest first: routes and verdicts only."""
    return [asdict(record) for record in here.records.last()]


@router.get("/audit")
async def audit(here: Here) -> list[dict[str, Any]]:
    """What was done for officers, oldest first."""
    return [asdict(entry) for entry in here.audit.all()]


@router.get("/counts")
def counts(here: Here) -> dict[str, int]:
    """Rows per table, and `token_calls`."""
    return {**here.database.counts(), "token_calls": here.records.calls["oauth.token"]}


def _app(body: ClientIn) -> WebApp | None:
    if not body.redirect_uris:
        return None
    return WebApp(body.name or body.client_id, tuple(body.redirect_uris), tuple(body.post_logout_redirect_uris))


async def _exclusively(here: Platform, change: Callable[[], None]) -> None:
    async with here.writer:
        await run_in_threadpool(change)
    here.committed.set()
