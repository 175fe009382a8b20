"""What a sandbox is told when it starts, and its identity as a city."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

JURISDICTION_ID: Final = "36.73"
JURISDICTION_NAME: Final = "Kota Serang"
EXAMPLE_URL: Final = "http://127.0.0.1"
"""Stands for the gateway where none runs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Fixed for the life of one server.

    Args:
        base_url: scheme, host and port, without a slash; also the issuer.
        sandbox_token: what `/__sandbox` asks for, as a bearer token.
        token_ttl_s: life of an access token in seconds.
        idempotency_ttl_s: how long an answer is kept for its idempotency key, in seconds (contract: at least 24 h).
        max_body_bytes: largest request body.
    """

    base_url: str
    sandbox_token: str = field(repr=False)
    token_ttl_s: int = 900
    idempotency_ttl_s: int = 24 * 3600
    max_body_bytes: int = 10 * 1024 * 1024

    @property
    def audience(self) -> str:
        """The `aud` of an access token."""
        return f"{self.base_url}/v1"
