"""Which grants there are, and which of them a client without credentials of its own may use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from egov_serang.sandbox.oauth import device
from egov_serang.sandbox.oauth.grants import Grant, client_credentials, refresh_token

GRANTS: Final[Mapping[str, Grant]] = MappingProxyType(
    {
        "client_credentials": client_credentials,
        "refresh_token": refresh_token,
        device.GRANT: device.device_code,
    }
)
PERSONAL: Final = frozenset(GRANTS) - {"client_credentials"}
"""Grants by which a person lets a client in: the client may be one that can keep no secret (RFC 6749 section 2.1)."""
