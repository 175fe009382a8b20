"""Which grants there are, and which of them a client without credentials of its own may use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from egov_serang.sandbox.oauth import code, device
from egov_serang.sandbox.oauth.grants import Grant, client_credentials, refresh_token
from egov_serang.sandbox.oauth.jwt_bearer import JWT_BEARER, jwt_bearer

GRANTS: Final[Mapping[str, Grant]] = MappingProxyType(
    {
        "client_credentials": client_credentials,
        "refresh_token": refresh_token,
        code.GRANT: code.authorization_code,
        device.GRANT: device.device_code,
        JWT_BEARER: jwt_bearer,
    }
)
PERSONAL: Final = frozenset({"refresh_token", code.GRANT, device.GRANT})
"""Grants by which a person lets a client in: the client may be one that can keep no secret (RFC 6749 section 2.1)."""
