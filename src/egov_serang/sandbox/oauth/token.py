"""The token endpoint: who asks, and what the grant gives (RFC 6749 section 3.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from egov_serang.sandbox.dpop import ProofRefused, proven_key
from egov_serang.sandbox.oauth.clients import Brought, Proof, proven
from egov_serang.sandbox.oauth.grants import Asked
from egov_serang.sandbox.oauth.jwt_bearer import JWT_BEARER
from egov_serang.sandbox.oauth.refusal import OAuthError, Refused
from egov_serang.sandbox.oauth.table import GRANTS, PERSONAL
from egov_serang.sandbox.platform import Here, Platform
from egov_serang.sandbox.problems import responses
from egov_serang.sandbox.route import ContractRoute

router = APIRouter(route_class=ContractRoute, tags=["authorization"])


class AccessToken(BaseModel):
    """What the token endpoint grants; `expires_in` in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    refresh_token: str | None = None
    id_token: str | None = None


@router.post(
    "/oauth2/token",
    operation_id="oauth.token",
    response_model=AccessToken,
    responses={
        **{status: {"model": OAuthError, "description": "Refused"} for status in (400, 401)},
        **responses(413, 415),
    },
)
async def token(
    *,
    request: Request,
    here: Here,
    proof: Brought,
    grant_type: Annotated[str, Form()] = "",
    scope: Annotated[str | None, Form()] = None,
    code: Annotated[str | None, Form()] = None,
    redirect_uri: Annotated[str | None, Form()] = None,
    code_verifier: Annotated[str | None, Form()] = None,
    assertion: Annotated[str | None, Form()] = None,
    resource: Annotated[str | None, Form()] = None,
) -> JSONResponse:
    """An access token for a client that proves who it is."""
    if grant_type == JWT_BEARER:
        proof = replace(proof, grant=assertion)
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    try:
        client = proven(here, proof, people=grant_type in PERSONAL)
        grant = GRANTS.get(grant_type)
        if grant is None:
            raise Refused("unsupported_grant_type", f"Only {', '.join(sorted(GRANTS))}.")
        granted = grant(here, Asked(request, form, client, _holder(here, request), _certified(proof)))
    except Refused as refused:
        return refused.response()
    request.state.client_id = client.client_id
    return JSONResponse(dict(granted), headers={"Cache-Control": "no-store"})


def _certified(proof: Proof) -> str | None:
    return proof.certificate.thumbprint if proof.certificate is not None and proof.is_certificate else None


def _holder(here: Platform, request: Request) -> str | None:
    try:
        return proven_key(here, request)
    except ProofRefused as refused:
        error = Refused(refused.error, refused.description)
    raise error
