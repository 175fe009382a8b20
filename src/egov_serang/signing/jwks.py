"""Public keys of a JWKS (RFC 7517): reading one, and when to ask for it again. Pure: no clock, no fetching.

Source: layers.md 2.2 rule 11.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar, cast

from egov_serang.errors import ConfigError, EgovError, UnexpectedReply
from egov_serang.signing.algorithms import Algorithm, VerifyKey, key_from_jwk

K = TypeVar("K")

MAX_BYTES: Final = 64 * 1024
MAX_KEYS: Final = 100

_BACKOFF: Final = 5.0
_USES: Final = (None, "sig", "httpsig")  # tuples, here and below: a stranger's member may be of any type
PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
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
    keys: dict[str, VerifyKey] = {}
    for entry in entries_of(document):
        key = _usable(entry)
        if key is None:
            continue
        if key.keyid in keys:
            raise unusable("has two keys of one name")
        keys[key.keyid] = key
    return keys


def entries_of(document: bytes) -> list[dict[str, Any]]:
    """The members of a JWKS that are objects; nothing is said of what they hold.

    Args:
        document: its bytes, at most 64 KiB.

    Raises:
        UnexpectedReply: no JWKS, or over 100 keys.
    """
    if len(document) > MAX_BYTES:
        raise unusable(f"is over {MAX_BYTES // 1024} KiB")
    try:
        parsed: Any = json.loads(document)
    except (ValueError, RecursionError):
        parsed = None
    entries: Any = cast("dict[str, Any]", parsed).get("keys") if isinstance(parsed, dict) else None
    if not isinstance(entries, list):
        raise unusable("is not one")
    listed = cast("list[Any]", entries)
    if len(listed) > MAX_KEYS:
        raise unusable(f"has over {MAX_KEYS} keys")
    return [cast("dict[str, Any]", entry) for entry in listed if isinstance(entry, dict)]


@dataclass(frozen=True, slots=True)
class _State(Generic[K]):
    keys: Mapping[str, K]
    taken_at: float
    tried_at: float
    failure: EgovError | None


class Cache(Generic[K]):
    """Keys with the times that say when to ask for them again. All times in seconds on one monotonic clock.

    Its state changes in one assignment, so that who reads meanwhile sees it before or after, never in between.

    Args:
        read: what makes keys of a JWKS; raises `UnexpectedReply` where it is none.
        fresh_s: how long a set counts without asking again.
        cooldown_s: how long to wait before asking for another unknown key: strangers name any key they like.
        stale_s: how long a set stays in use when it cannot be fetched.
    """

    def __init__(
        self,
        read: Callable[[bytes], Mapping[str, K]],
        fresh_s: float = 300.0,
        cooldown_s: float = 30.0,
        stale_s: float = 86_400.0,
    ) -> None:
        self._read = read
        self._fresh, self._cooldown, self._stale = fresh_s, cooldown_s, stale_s
        self._state: _State[K] = _State({}, float("-inf"), float("-inf"), None)

    def find(self, keyid: str, now: float) -> K | None:
        """The key, from a set that is fresh or, where fetching fails, not too stale."""
        state = self._state
        return state.keys.get(keyid) if now - state.taken_at < self._stale else None

    def due(self, keyid: str, now: float) -> bool:
        """Whether to fetch before answering for this key."""
        state = self._state
        known = keyid in state.keys and now - state.taken_at < self._fresh
        wait = self._cooldown if state.failure is None else min(_BACKOFF, self._cooldown)
        return not known and now - state.tried_at >= wait

    def take(self, document: bytes, now: float) -> None:
        """Use what was fetched. A document that is none counts as a failure, and the keys before it stay."""
        try:
            keys = self._read(document)
        except UnexpectedReply as error:
            self.fail(error, now)
        else:
            self._state = _State(keys, now, now, None)

    def fail(self, error: EgovError, now: float) -> None:
        """Note that fetching failed."""
        self._state = replace(self._state, tried_at=now, failure=error)

    def failure(self, now: float) -> EgovError | None:
        """Why there are no keys at all; None where a key that is not found simply is not there."""
        state = self._state
        return None if now - state.taken_at < self._stale else state.failure


class KeyCache(Cache[VerifyKey]):
    """The keys that may verify messages."""

    def __init__(self, fresh_s: float = 300.0, cooldown_s: float = 30.0, stale_s: float = 86_400.0) -> None:
        super().__init__(read_keys, fresh_s, cooldown_s, stale_s)


def _usable(jwk: dict[str, Any]) -> VerifyKey | None:
    operations: object = jwk.get("key_ops", ["verify"])
    wanted = isinstance(operations, list) and "verify" in operations
    if not wanted or jwk.get("use") not in _USES or not PRIVATE.isdisjoint(jwk):
        return None
    try:
        key = key_from_jwk(jwk)
    except ConfigError:
        return None
    named: object = jwk.get("alg")
    return key if named is None or named == key.algorithm or named in _NAMES[key.algorithm] else None


def unusable(reason: str) -> UnexpectedReply:
    """What a document that cannot be used is refused with."""
    return UnexpectedReply(f"the JWKS {reason}", code="jwks_shape", hint="Check the address of the key set")
