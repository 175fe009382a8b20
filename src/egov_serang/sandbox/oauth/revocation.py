"""Ending a login, or one access token (RFC 7009)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import JSONResponse

from egov_serang.sandbox.jose import verified_claims
from egov_serang.sandbox.keys import ALGORITHM
from egov_serang.sandbox.oauth.clients import Brought, proven
from egov_serang.sandbox.oauth.refusal import OAuthError, Refused
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import responses
from egov_serang.sandbox.route import ContractRoute

router = APIRouter(route_class=ContractRoute, tags=["authorization"])


@router.post(
    "/oauth2/revoke",
    operation_id="oauth.revoke",
    responses={
        200: {"description": "It counts no more, whether it did before or not"},
        401: {"model": OAuthError, "description": "Refused"},
        **responses(413, 415),
    },
    response_class=Response,
)
async def revoke(
    *,
    here: Here,
    proof: Brought,
    token: Annotated[str, Form()],
) -> Response:
    """Revoke a token: a refresh token ends the whole login. Unknown ones are no error (RFC 7009 section 2.2)."""
    try:
        client = proven(here, proof, people=True)
    except Refused as refused:
        return refused.response()
    if not here.families.end(token, client.client_id):
        claims = verified_claims(token, here.keys.signing_key, [ALGORITHM])
        if claims is not None and claims.get("client_id") == client.client_id:
            here.families.withdraw(str(claims.get("jti")))
    return JSONResponse({}, headers={"Cache-Control": "no-store"})
