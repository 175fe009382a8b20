"""How a client proves who it is: by an assertion or by its secret (contract-v1 section 1)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_plus

from egov_serang.sandbox.clients import Client
from egov_serang.sandbox.jose import assertion_algorithms, key_id, verified_claims
from egov_serang.sandbox.oauth.refusal import Refused
from egov_serang.sandbox.platform import Platform
from egov_serang.sandbox.proof import SKEW_S

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE_MAX_S: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a request brings to say who its client is. Nothing of it is shown."""

    authorization: str = field(default="", repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    client_assertion_type: str | None = None
    client_assertion: str | None = field(default=None, repr=False)


def proven(here: Platform, proof: Proof) -> Client:
    """The client that proves itself.

    Raises:
        Refused: invalid_client.
    """
    if proof.client_assertion is not None:
        return _by_assertion(here, proof.client_assertion_type, proof.client_assertion, proof.client_id)
    return _by_secret(here, proof.authorization, proof.client_id, proof.client_secret)


def _by_assertion(here: Platform, kind: str | None, assertion: str, client_id: str | None) -> Client:
    wrong = Refused("invalid_client", "The assertion does not prove a registered client.", 401)
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
        raise Refused("invalid_client", "The assertion's audience is not the issuer.", 401)
    now, issued, expires, jti = here.clock.wall(), claims.get("iat"), claims.get("exp"), claims.get("jti")
    if not (isinstance(issued, int | float) and isinstance(expires, int | float) and isinstance(jti, str) and jti):
        raise Refused("invalid_client", "The assertion needs iat, exp and jti.", 401)
    if not (issued - SKEW_S <= now < expires + SKEW_S and 0 < expires - issued <= _ASSERTION_LIFE_MAX_S):
        raise Refused("invalid_client", "The assertion is too old, too early or too long-lived.", 401)
    if not here.replays.first_time("jti", client.client_id, jti, now=now, until=expires + SKEW_S + 1):
        raise Refused("invalid_client", "The assertion was used before.", 401)
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
    if client is not None and client.is_public and not authorization and secret is None:
        app = here.webapps.get(client.client_id)
        if app is not None:  # a public client: what it redeems proves who began (PKCE)
            return client
    if client is None or secret is None or not client.has_secret(secret):
        raise Refused("invalid_client", "The client is unknown or did not prove itself.", 401)
    return client
