"""How a client proves who it is: by an assertion or by its secret (contract-v1 section 1)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from urllib.parse import unquote_plus

from fastapi import Depends, Form, Request

from egov_serang.sandbox.clients import Client
from egov_serang.sandbox.jose import assertion_algorithms, key_id, verified_claims
from egov_serang.sandbox.mutual import Shown, shown
from egov_serang.sandbox.oauth.refusal import Refused
from egov_serang.sandbox.platform import Platform
from egov_serang.sandbox.proof import SKEW_S

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE_MAX_S: Final = 300
_UNKNOWN: Final = "The assertion does not prove a registered client."


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a request brings to say who its client is. Nothing of it is shown."""

    authorization: str = field(default="", repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    client_assertion_type: str | None = None
    client_assertion: str | None = field(default=None, repr=False)
    grant: str | None = field(default=None, repr=False)
    """A JWT bearer grant, which says whose it is where nothing else does (RFC 7523 section 3.1)."""
    certificate: Shown | None = None
    """What the connection shows."""

    @property
    def is_certificate(self) -> bool:
        """Whether the certificate alone is to prove the client (RFC 8705 section 2.1)."""
        others = (self.authorization, self.client_secret, self.client_assertion, self.grant)
        return self.certificate is not None and not any(others)


async def _proof(
    *,
    request: Request,
    client_id: Annotated[str | None, Form()] = None,
    client_secret: Annotated[str | None, Form()] = None,
    client_assertion_type: Annotated[str | None, Form()] = None,
    client_assertion: Annotated[str | None, Form()] = None,
) -> Proof:
    return Proof(
        authorization=request.headers.get("authorization", ""),
        client_id=client_id,
        client_secret=client_secret,
        client_assertion_type=client_assertion_type,
        client_assertion=client_assertion,
        certificate=shown(request),
    )


Brought = Annotated[Proof, Depends(_proof)]
"""What a request brings to say who its client is, in a handler's signature; the same at every endpoint."""


def proven(here: Platform, proof: Proof, *, people: bool = False) -> Client:
    """The client that proves itself.

    Args:
        here: the sandbox.
        proof: what it brings.
        people: whether a person lets it in, so that a client registered as public need not prove itself.

    Raises:
        Refused: invalid_client.
    """
    if people and proof.client_assertion is None and proof.client_secret is None and not proof.authorization:
        client = None if proof.client_id is None else here.clients.get(proof.client_id)
        if client is not None and client.public:
            return client
    if proof.client_assertion is not None:
        return _by_assertion(here, proof.client_assertion_type, proof.client_assertion, proof.client_id)
    if proof.grant is not None and not proof.authorization and proof.client_secret is None:
        signed = signer(here, proof.grant)
        if signed is None or proof.client_id not in (None, signed.client_id):
            raise Refused("invalid_grant", "The assertion is not signed with a key of a registered client.")
        return signed
    if proof.certificate is not None and proof.is_certificate:
        return _by_certificate(here, proof.certificate, proof.client_id)
    return _by_secret(here, proof.authorization, proof.client_id, proof.client_secret)


def _by_certificate(here: Platform, certificate: Shown, client_id: str | None) -> Client:
    client = here.clients.get(certificate.client_id)
    if client is None or client_id != client.client_id:
        raise Refused("invalid_client", "The certificate is not this client's, or the client is unknown.", 401)
    return client


def _by_assertion(here: Platform, kind: str | None, assertion: str, client_id: str | None) -> Client:
    client = None if client_id is None else here.clients.get(client_id)
    if client is None:
        client = signer(here, assertion)
    if client is None or kind != _ASSERTION_TYPE:
        raise Refused("invalid_client", _UNKNOWN, 401)
    accept(here, client, assertion, "invalid_client", 401)
    return client


def signer(here: Platform, assertion: str) -> Client | None:
    """The client that has the key an assertion names; nothing of it is checked yet."""
    return here.clients.holder_of(key_id(assertion))


def accept(here: Platform, client: Client, assertion: str, error: str, status: int) -> dict[str, Any]:
    """The claims of an assertion by which a client speaks for itself (RFC 7523 section 3). Its `jti` is used up.

    Args:
        here: the sandbox.
        client: whose it must be.
        assertion: the JWT.
        error: what to refuse with.
        status: of that refusal.

    Raises:
        Refused: it does not hold.
    """
    kid = key_id(assertion)
    key = None if kid is None else client.assertion_keys.get(kid)
    claims = None if key is None else verified_claims(assertion, key, assertion_algorithms(key))
    if claims is None or not claims.get("iss") == claims.get("sub") == client.client_id:
        raise Refused(error, _UNKNOWN, status)
    # Only the issuer itself, as one string: a list could carry the assertion on to another server (CVE-2025-27370).
    if claims.get("aud") != here.settings.base_url:
        raise Refused(error, "The assertion's audience is not the issuer.", status)
    now, issued, expires, jti = here.clock.wall(), claims.get("iat"), claims.get("exp"), claims.get("jti")
    if not (isinstance(issued, int | float) and isinstance(expires, int | float) and isinstance(jti, str) and jti):
        raise Refused(error, "The assertion needs iat, exp and jti.", status)
    if not (issued - SKEW_S <= now < expires + SKEW_S and 0 < expires - issued <= _ASSERTION_LIFE_MAX_S):
        raise Refused(error, "The assertion is too old, too early or too long-lived.", status)
    if not here.replays.first_time("jti", client.client_id, jti, now=now, until=expires + SKEW_S + 1):
        raise Refused(error, "The assertion was used before.", status)
    return claims


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
        raise Refused("invalid_client", "The client is unknown or did not prove itself.", 401)
    return client
