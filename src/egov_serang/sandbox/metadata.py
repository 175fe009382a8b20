"""The shapes of discovery: what a gateway can do, and its authorization server's metadata (contract-v1 section 1)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, JsonValue


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Jurisdiction(_Open):
    """A city or regency the gateway serves; `id` is its code at the Ministry of Home Affairs."""

    id: str
    name: str


class ModuleInfo(_Open):
    """Where a module is, and which of its parts are there."""

    base: str
    capabilities: list[str]


class SignatureProfile(_Open):
    """A way of signing, and whether requests must be and answers are signed in it."""

    name: str
    requests: str
    responses: bool
    algs: list[str]


class Limits(_Open):
    """What the gateway bounds: seconds an answer is kept for its key, bytes of a body, entries of a page, rates."""

    idempotency_ttl_s: int
    max_body_bytes: int
    page_max: int
    rates: list[JsonValue]


class Discovery(_Open):
    """What a gateway can do. It never overrides a client's own security settings."""

    contract: str
    issuer: str
    jurisdictions: list[Jurisdiction]
    modules: dict[str, ModuleInfo]
    auth_profiles: list[str]
    signature_profiles: list[SignatureProfile]
    limits: Limits
    request_id_echo: bool
    sandbox: bool


class ServerMetadata(_Open):
    """Authorization server metadata (RFC 8414)."""

    issuer: str
    token_endpoint: str
    device_authorization_endpoint: str
    revocation_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    subject_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]
    authorization_endpoint: str
    pushed_authorization_request_endpoint: str
    userinfo_endpoint: str
    end_session_endpoint: str
    code_challenge_methods_supported: list[str]
    scopes_supported: list[str]
    id_token_signing_alg_values_supported: list[str]
    dpop_signing_alg_values_supported: list[str]
    tls_client_certificate_bound_access_tokens: bool


class Key(_Open):
    """A public key (RFC 7517); its further members depend on `kty`."""

    kty: str
    kid: str


class KeySet(_Open):
    """The gateway's public keys, for tokens, evidence and licences, and, with an `alg` of RFC 9421, for answers."""

    keys: list[Key]
