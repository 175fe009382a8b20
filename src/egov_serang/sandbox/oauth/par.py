"""Pushed authorization requests (RFC 9126): what a browser carries is a name for a request nobody else saw."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from egov_serang.sandbox.logins import PUSHED_S
from egov_serang.sandbox.oauth.clients import Brought, proven
from egov_serang.sandbox.oauth.refusal import OAuthError, Refused
from egov_serang.sandbox.oauth.wishes import Unanswerable, judged, return_address
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import responses
from egov_serang.sandbox.route import ContractRoute

PREFIX = "urn:ietf:params:oauth:request_uri:"

router = APIRouter(route_class=ContractRoute, tags=["authorization"])


class Pushed(BaseModel):
    """The name of a pushed request, and for how many seconds it counts."""

    request_uri: str
    expires_in: int


@router.post(
    "/oauth2/par",
    operation_id="oauth.par",
    status_code=201,
    response_model=Pushed,
    responses={
        **{status: {"model": OAuthError, "description": "Refused"} for status in (400, 401)},
        **responses(413, 415),
    },
)
async def push(
    *,
    request: Request,
    here: Here,
    proof: Brought,
    response_type: Annotated[str, Form()] = "",
    redirect_uri: Annotated[str, Form()] = "",
    scope: Annotated[str, Form()] = "",
    state: Annotated[str | None, Form()] = None,
    nonce: Annotated[str | None, Form()] = None,
    code_challenge: Annotated[str, Form()] = "",
    code_challenge_method: Annotated[str, Form()] = "",
) -> JSONResponse:
    """Leave an authorization request here, and send the browser with its name alone."""
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    try:
        client = proven(here, proof, people=True)
        if form.get("client_id", client.client_id) != client.client_id or "request_uri" in form:
            raise Refused("invalid_request", "The request is another client's, or names a pushed one.")
        fields = {**form, "client_id": client.client_id}
        try:
            return_address(here, fields)
        except Unanswerable as error:
            refusal = Refused("invalid_request", error.reason)
        else:
            name = here.logins.pushed.put(judged(here, fields), here.clock.timestamp())
            request.state.client_id = client.client_id
            return JSONResponse(
                {"request_uri": PREFIX + name, "expires_in": PUSHED_S}, 201, {"Cache-Control": "no-store"}
            )
        raise refusal
    except Refused as refused:
        return refused.response()
