"""`/oauth2/userinfo`: what a person agreed to, to whoever holds their access token (OpenID Connect Core 5.3)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from egov_serang.sandbox.access import check_token
from egov_serang.sandbox.oauth.refusal import OAuthError
from egov_serang.sandbox.oauth.residents import by_mark
from egov_serang.sandbox.oauth.scopes import OPENID, claims_of
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import Problem
from egov_serang.sandbox.route import ContractRoute

router = APIRouter(route_class=ContractRoute, tags=["authorization"])


class UserInfo(BaseModel):
    """Claims about the person; which, the scopes decide."""

    model_config = ConfigDict(extra="allow")

    sub: str


async def _claims(request: Request, here: Here) -> dict[str, Any] | None:
    """What the token's holder may know; None where it is no token of a person."""
    try:
        holder = check_token(here, request)
    except Problem:
        return None
    request.state.client_id = holder.client_id
    refs = {one.subject(here.keys, holder.client_id): one for one in by_mark(here).values()}
    person = refs.get(holder.subject)
    if person is None or OPENID not in holder.scopes:
        return None
    return {"sub": holder.subject, **claims_of(person, holder.scopes)}


_REFUSALS: Any = {401: {"model": OAuthError, "description": "Refused"}}


@router.get("/oauth2/userinfo", operation_id="oauth.userinfo", response_model=UserInfo, responses=_REFUSALS)
async def userinfo(claims: Annotated[dict[str, Any] | None, Depends(_claims)]) -> JSONResponse:
    """Claims about the person whose access token this is."""
    if claims is None:
        body = {"error": "invalid_token", "error_description": "Send a valid access token of a person."}
        return JSONResponse(
            body, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"', "Cache-Control": "no-store"}
        )
    return JSONResponse(claims, headers={"Cache-Control": "no-store"})
