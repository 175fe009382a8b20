"""What a sandbox is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from egov_serang.sandbox.cities.municipality import Municipality

EXAMPLE_URL: Final = "http://127.0.0.1"
"""Stands for the gateway where none runs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Fixed for the life of one server.

    Args:
        base_url: scheme, host and port, without a slash; also the issuer.
        city: what it is the gateway of.
        token_ttl_s: life of an access token in seconds.
        sandbox_token: what `/__sandbox` asks for, as a bearer token.
        dpop_nonces: whether DPoP proofs must carry one of this server's nonces (RFC 9449 section 8).
        sign_answers: whether answers to signed requests are signed, which discovery then promises.
    """

    base_url: str
    city: Municipality
    token_ttl_s: int
    sandbox_token: str = field(repr=False)
    sign_answers: bool = True
    dpop_nonces: bool = False

    @property
    def tls(self) -> bool:
        """Whether it speaks https, and asks clients for certificates."""
        return self.base_url.startswith("https:")

    @property
    def audience(self) -> str:
        """The `aud` of an access token."""
        return f"{self.base_url}/v1"
