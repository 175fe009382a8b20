"""Public keys of a JWKS (RFC 7517): reading one, and when to ask for it again. Pure: no clock, no fetching.

Source: layers.md 2.2 rule 11.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from egov_serang.errors import ConfigError, EgovError, UnexpectedReply
from egov_serang.signing.algorithms import Algorithm, VerifyKey, key_from_jwk

MAX_BYTES: Final = 64 * 1024
MAX_KEYS: Final = 100

_BACKOFF: Final = 5.0
_USES: Final = (None, "sig", "httpsig")  # tuples, here and below: a stranger's member may be of any type
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_NAMES: Final[dict[Algorithm, tuple[str, ...]]] = {
    "ed25519": ("Ed25519", "EdDSA"),
    "ecdsa-p256-sha256": ("ES256",),
    "rsa-pss-sha512": ("PS512",),
}
"""The JWS names (`alg`) of what RFC 9421 names otherwise: a key for another one must not be used here."""


def read_keys(document: bytes) -> dict[str, VerifyKey]:
    """The keys of a JWKS that may verify messages, by `kid` (else thumbprint).

    Keys for other purposes, of unknown kinds, symmetric ones and private ones are left out.

    Args:
        document: its bytes, at most 64 KiB.

    Raises:
        UnexpectedReply: no JWKS, over 100 keys, or two usable keys of one name.
    """
    if len(document) > MAX_BYTES:
        raise _unusable(f"is over {MAX_BYTES // 1024} KiB")
    try:
        parsed: Any = json.loads(document)
    except (ValueError, RecursionError):
        parsed = None
    entries: Any = cast("dict[str, Any]", parsed).get("keys") if isinstance(parsed, dict) else None
    if not isinstance(entries, list):
        raise _unusable("is not one")
    listed = cast("list[Any]", entries)
    if len(listed) > MAX_KEYS:
        raise _unusable(f"has over {MAX_KEYS} keys")
    keys: dict[str, VerifyKey] = {}
    for entry in listed:
        key = _usable(cast("dict[str, Any]", entry)) if isinstance(entry, dict) else None
        if key is None:
            continue
        if key.keyid in keys:
            raise _unusable("has two keys of one name")
        keys[key.keyid] = key
    return keys


class KeyCache:
    """Keys with the times that say when to ask for them again. All times in seconds on one monotonic clock.

    Args:
        fresh_s: how long a set counts without asking again.
        cooldown_s: how long to wait before asking for another unknown key: strangers name any key they like.
        stale_s: how long a set stays in use when it cannot be fetched.
    """

    def __init__(self, fresh_s: float = 300.0, cooldown_s: float = 30.0, stale_s: float = 86_400.0) -> None:
        self._fresh, self._cooldown, self._stale = fresh_s, cooldown_s, stale_s
        self._keys: Mapping[str, VerifyKey] = {}
        self._taken_at = self._tried_at = float("-inf")
        self._failure: EgovError | None = None

    def find(self, keyid: str, now: float) -> VerifyKey | None:
        """The key, from a set that is fresh or, where fetching fails, not too stale."""
        return self._keys.get(keyid) if self._usable(now) else None

    def due(self, keyid: str, now: float) -> bool:
        """Whether to fetch before answering for this key."""
        known = keyid in self._keys and now - self._taken_at < self._fresh
        wait = self._cooldown if self._failure is None else min(_BACKOFF, self._cooldown)
        return not known and now - self._tried_at >= wait

    def take(self, document: bytes, now: float) -> None:
        """Use what was fetched. A document that is none counts as a failure, and the keys before it stay."""
        self._tried_at = now
        try:
            self._keys = read_keys(document)
        except UnexpectedReply as error:
            self._failure = error
        else:
            self._taken_at, self._failure = now, None

    def fail(self, error: EgovError, now: float) -> None:
        """Note that fetching failed."""
        self._tried_at, self._failure = now, error

    def failure(self, now: float) -> EgovError | None:
        """Why there are no keys at all; None where a key that is not found simply is not there."""
        return None if self._usable(now) else self._failure

    def _usable(self, now: float) -> bool:
        return now - self._taken_at < self._stale


def _usable(jwk: dict[str, Any]) -> VerifyKey | None:
    operations: object = jwk.get("key_ops", ["verify"])
    wanted = isinstance(operations, list) and "verify" in operations
    if not wanted or jwk.get("use") not in _USES or not _PRIVATE.isdisjoint(jwk):
        return None
    try:
        key = key_from_jwk(jwk)
    except ConfigError:
        return None
    named: object = jwk.get("alg")
    return key if named is None or named == key.algorithm or named in _NAMES[key.algorithm] else None


def _unusable(reason: str) -> UnexpectedReply:
    return UnexpectedReply(f"the JWKS {reason}", code="jwks_shape", hint="Check the address of the key set")
