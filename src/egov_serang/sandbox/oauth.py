"""Discovery and the authorization server: client credentials with an assertion or a secret (contract-v1 section 1)."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Final
from urllib.parse import unquote_plus

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from egov_serang.sandbox.access import issue_token
from egov_serang.sandbox.clients import Client
from egov_serang.sandbox.jose import assertion_algorithms, key_id, verified_claims
from egov_serang.sandbox.metadata import Discovery, KeySet, ServerMetadata
from egov_serang.sandbox.platform import Here, Platform
from egov_serang.sandbox.problems import responses
from egov_serang.sandbox.proof import SKEW_S
from egov_serang.sandbox.route import ContractRoute

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE_MAX_S: Final = 300

router = APIRouter(route_class=ContractRoute, tags=["authorization"])


class AccessToken(BaseModel):
    """What the token endpoint grants; `expires_in` in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


class OAuthError(BaseModel):
    """What it refuses with (RFC 6749 section 5.2)."""

    error: str
    error_description: str


class _Refused(Exception):
    """An OAuth error (RFC 6749 section 5.2)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status

    def response(self) -> JSONResponse:
        headers = {"Cache-Control": "no-store"}
        if self.status == 401:  # noqa: PLR2004
            headers["WWW-Authenticate"] = "Basic"
        return JSONResponse({"error": self.error, "error_description": self.description}, self.status, headers)


@router.get("/.well-known/smartcity-gateway", operation_id="gateway.discovery", response_model=Discovery)
def discovery(here: Here) -> dict[str, Any]:
    """What this gateway can do."""
    base = here.settings.base_url
    capabilities = {
        "identity": ["verifications", "civil-services", "applications"],
        "complaints": ["services", "cases", "transitions", "media"],
        "permits": ["types", "applications", "documents", "transitions", "licences"],
        "notifications": ["templates", "messages", "announcements"],
    }
    return {
        "contract": "1.0",
        "issuer": base,
        "jurisdictions": [{"id": here.city.code, "name": here.city.name}],
        "modules": {name: {"base": f"{base}/v1/{name}", "capabilities": can} for name, can in capabilities.items()},
        "auth_profiles": ["private_key_jwt", "client_secret"],
        "signature_profiles": [
            {
                "name": "rfc9421",
                "requests": "required",
                "responses": here.settings.sign_answers,
                "algs": list(here.city.message_algorithms),
            }
        ],
        "limits": {
            "idempotency_ttl_s": here.city.limits.idempotency_ttl_s,
            "max_body_bytes": here.city.limits.max_body_bytes,
            "page_max": here.city.limits.page_max,
            "rates": [],
        },
        "request_id_echo": True,
        "sandbox": True,
    }


@router.get("/.well-known/oauth-authorization-server", operation_id="oauth.metadata", response_model=ServerMetadata)
@router.get(
    "/.well-known/openid-configuration", operation_id="oauth.openid_configuration", response_model=ServerMetadata
)
def metadata(here: Here) -> dict[str, Any]:
    """Authorization server metadata (RFC 8414)."""
    base = here.settings.base_url
    return {
        "issuer": base,
        "token_endpoint": f"{base}/oauth2/token",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "subject_types_supported": ["pairwise"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic", "client_secret_post"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "PS256", "Ed25519", "EdDSA"],
    }


@router.get("/.well-known/jwks.json", operation_id="oauth.jwks", response_model=KeySet)
def jwks(here: Here) -> dict[str, Any]:
    """The gateway's public keys."""
    return here.keys.jwks()


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
    grant_type: Annotated[str, Form()] = "",
    scope: Annotated[str | None, Form()] = None,
    client_id: Annotated[str | None, Form()] = None,
    client_secret: Annotated[str | None, Form()] = None,
    client_assertion_type: Annotated[str | None, Form()] = None,
    client_assertion: Annotated[str | None, Form()] = None,
) -> JSONResponse:
    """An access token for a client that proves who it is (RFC 6749 section 4.4)."""
    try:
        if client_assertion is not None:
            client = _by_assertion(here, client_assertion_type, client_assertion, client_id)
        else:
            client = _by_secret(here, request.headers.get("authorization", ""), client_id, client_secret)
        if grant_type != "client_credentials":
            raise _Refused("unsupported_grant_type", "Only client_credentials.")
        granted = sorted(client.scopes) if scope is None else scope.split()
        if not granted or not client.scopes.issuperset(granted):
            raise _Refused("invalid_scope", "A scope is not registered for this client.")
    except _Refused as refused:
        return refused.response()
    request.state.client_id = client.client_id
    body = {
        "access_token": issue_token(here, client.client_id, granted),
        "token_type": "Bearer",
        "expires_in": here.settings.token_ttl_s,
        "scope": " ".join(granted),
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def _by_assertion(here: Platform, kind: str | None, assertion: str, client_id: str | None) -> Client:
    wrong = _Refused("invalid_client", "The assertion does not prove a registered client.", 401)
    claims: dict[str, Any] | None = None
    kid = key_id(assertion)
    client = None if client_id is None else here.clients.get(client_id)
    if client is None:
        client = here.clients.holder_of(kid)
    key = None if client is None or kid is None else client.assertion_keys.get(kid)
    if kind == _ASSERTION_TYPE and key is not None:
        claims = verified_claims(assertion, key, assertion_algorithms(key))
    if client is None or claims is None or not claims.get("iss") == claims.get("sub") == client.client_id:
        raise wrong
    # Only the issuer itself, as one string: a list could carry the assertion on to another server (CVE-2025-27370).
    if claims.get("aud") != here.settings.base_url:
        raise _Refused("invalid_client", "The assertion's audience is not the issuer.", 401)
    now, issued, expires, jti = here.clock.wall(), claims.get("iat"), claims.get("exp"), claims.get("jti")
    if not (isinstance(issued, int | float) and isinstance(expires, int | float) and isinstance(jti, str) and jti):
        raise _Refused("invalid_client", "The assertion needs iat, exp and jti.", 401)
    if not (issued - SKEW_S <= now < expires + SKEW_S and 0 < expires - issued <= _ASSERTION_LIFE_MAX_S):
        raise _Refused("invalid_client", "The assertion is too old, too early or too long-lived.", 401)
    if not here.replays.first_time("jti", client.client_id, jti, now=now, until=expires + SKEW_S + 1):
        raise _Refused("invalid_client", "The assertion was used before.", 401)
    return client


def _by_secret(here: Platform, authorization: str, client_id: str | None, secret: str | None) -> Client:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, text = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = text = ""
        # RFC 6749 section 2.3.1: both halves are form-urlencoded before they are joined.
        client_id, secret = unquote_plus(name), unquote_plus(text)
    client = None if client_id is None else here.clients.get(client_id)
    if client is None or secret is None or not client.has_secret(secret):
        raise _Refused("invalid_client", "The client is unknown or did not prove itself.", 401)
    return client
