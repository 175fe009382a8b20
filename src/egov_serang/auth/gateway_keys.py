"""The gateway's public keys, by which its answers are checked (contract-v1 section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from egov_serang.core.kept import Kept
from egov_serang.core.message import Limits, Request, TransportFault
from egov_serang.core.runtime import Runtime
from egov_serang.errors import ConfigError, ConnectionFailed, EgovError, UnexpectedReply
from egov_serang.signing.algorithms import VerifyKey, key_from_jwk

_FRESH: Final = 300.0
_COOLDOWN: Final = 30.0
_OK: Final = 200
_PRIVATE: Final = frozenset({"d", "k"})  # whoever may read such a key could sign with it


class _KeySet(BaseModel):
    keys: list[dict[str, Any]]


class GatewayKeys:
    """The keys an issuer publishes, kept for 300 s and longer while it cannot be reached.

    A key that is not among them makes it ask again, at most every 30 s: strangers name any key they like.

    Args:
        issuer: the authorization server.
    """

    def __init__(self, issuer: str) -> None:
        self._url = f"{issuer}/.well-known/jwks.json"
        self._kept: Kept[Mapping[str, VerifyKey]] = Kept(self._fetch, _FRESH)

    async def get(self, keyid: str, runtime: Runtime, deadline: float) -> VerifyKey | None:
        """The key of this name; None where the issuer has no such key.

        Raises:
            ConnectionFailed, UnexpectedReply: there are no keys, and they cannot be fetched.
            DeadlineExceeded: the call's time is over.
        """
        keys = await self._kept.get(runtime, deadline)
        if keyid not in keys and self._kept.age(runtime.now()) >= _COOLDOWN:
            self._kept.expire()
            keys = await self._kept.get(runtime, deadline)
        return keys.get(keyid)

    async def _fetch(self, runtime: Runtime, deadline: float) -> Mapping[str, VerifyKey]:
        request = Request("GET", self._url, [("accept", "application/jwk-set+json, application/json")])
        try:
            response = await runtime.send(request, Limits(deadline, max_body=64 * 1024))
        except TransportFault as fault:
            error: EgovError = ConnectionFailed(
                f"no public keys from {self._url}: {fault.reason}", code="jwks_unreached", sent="no"
            )
        else:
            keys = _read(response.body) if response.status == _OK else None
            if keys is not None:
                return keys
            error = UnexpectedReply(
                f"{self._url} does not answer with public keys",
                code="jwks_shape",
                hint="Check the issuer's address",
                sent="no",
            )
        raise error


def _read(document: bytes) -> dict[str, VerifyKey] | None:
    """Keys of a kind this version does not know are passed over: a gateway may have others for others."""
    try:
        listed = _KeySet.model_validate_json(document).keys
    except ValidationError:
        return None
    found: dict[str, VerifyKey] = {}
    for jwk in listed:
        if not _PRIVATE.isdisjoint(jwk):
            continue
        try:
            key = key_from_jwk(jwk)
        except ConfigError:
            continue
        found[key.keyid] = key
    return found
