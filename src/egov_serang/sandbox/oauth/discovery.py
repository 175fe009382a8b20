"""What the gateway and its authorization server say of themselves (contract-v1 section 1)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from egov_serang.sandbox.dpop import ALGORITHMS
from egov_serang.sandbox.keys import ALGORITHM
from egov_serang.sandbox.metadata import Discovery, KeySet, ServerMetadata
from egov_serang.sandbox.oauth.code import ACR, ENCRYPTED, KEY_WRAPS
from egov_serang.sandbox.oauth.scopes import SCOPES
from egov_serang.sandbox.oauth.table import GRANTS
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.route import ContractRoute

router = APIRouter(route_class=ContractRoute, tags=["authorization"])


@router.get("/.well-known/smartcity-gateway", operation_id="gateway.discovery", response_model=Discovery)
def discovery(here: Here) -> dict[str, Any]:
    """What this gateway can do."""
    base = here.settings.base_url
    capabilities = {
        "identity": ["verifications", "civil-services", "applications"],
        "complaints": [
            *("services", "cases", "transitions", "updates", "media"),
            *("tokens", "changes", "duplicate-checks", "statistics"),
        ],
        "permits": ["types", "applications", "documents", "transitions", "licences"],
        "notifications": ["templates", "messages", "announcements"],
    }
    return {
        "contract": "1.0",
        "issuer": base,
        "jurisdictions": [{"id": here.city.code, "name": here.city.name}],
        "modules": {name: {"base": f"{base}/v1/{name}", "capabilities": can} for name, can in capabilities.items()},
        "auth_profiles": [
            "private_key_jwt",
            "client_secret",
            "fapi2",
            "jwt_grant",
            *(["mtls"] if here.settings.tls else []),
        ],
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
        "device_authorization_endpoint": f"{base}/oauth2/device_authorization",
        "revocation_endpoint": f"{base}/oauth2/revoke",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "grant_types_supported": sorted(GRANTS),
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "token_endpoint_auth_methods_supported": [
            "private_key_jwt",
            "client_secret_basic",
            "client_secret_post",
            "none",
            *(["tls_client_auth"] if here.settings.tls else []),
        ],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "PS256", "Ed25519", "EdDSA"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": here.settings.tls,
        **_people(base),
    }


def _people(base: str) -> dict[str, Any]:
    """What it says for applications that people log in to (OpenID Connect Discovery 1.0, RFC 9126, RFC 9207)."""
    return {
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "pushed_authorization_request_endpoint": f"{base}/oauth2/par",
        "require_pushed_authorization_requests": False,
        "userinfo_endpoint": f"{base}/oauth2/userinfo",
        "end_session_endpoint": f"{base}/oauth2/end_session",
        "authorization_response_iss_parameter_supported": True,
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": list(SCOPES),
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["id", "en"],
        "acr_values_supported": [ACR],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "id_token_encryption_alg_values_supported": list(KEY_WRAPS),
        "id_token_encryption_enc_values_supported": [ENCRYPTED],
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash"),
            *("name", "birthdate", "gender", "place_of_birth", "address"),
        ],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


@router.get("/.well-known/jwks.json", operation_id="oauth.jwks", response_model=KeySet)
def jwks(here: Here) -> dict[str, Any]:
    """The gateway's public keys."""
    return here.keys.jwks()
