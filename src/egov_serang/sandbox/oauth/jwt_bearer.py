"""The JWT bearer grant (RFC 7523 section 2.1), in Maskinporten's style: the assertion proves the client too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from egov_serang.sandbox.oauth.clients import accept
from egov_serang.sandbox.oauth.refusal import Refused
from egov_serang.sandbox.platform import Platform

if TYPE_CHECKING:
    from egov_serang.sandbox.oauth.grants import Asked

JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def jwt_bearer(here: Platform, asked: Asked) -> Mapping[str, str | int]:
    """A token for a client that speaks for itself; `scope` and `resource` may stand in the assertion.

    Raises:
        Refused: invalid_request, invalid_grant, invalid_scope or invalid_target.
    """
    assertion = asked.form.get("assertion")
    if not assertion:
        raise Refused("invalid_request", "The grant is the parameter assertion.")
    claims = accept(here, asked.client, assertion, "invalid_grant", 400)
    asked.aim(here, claims.get("resource"))
    scope = claims.get("scope")
    scopes = asked.scopes(scope if isinstance(scope, str) else None)
    return asked.token(here, scopes)
