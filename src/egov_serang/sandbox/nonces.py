"""The nonces DPoP proofs carry (RFC 9449 section 8)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

_PERIOD_S: Final = 300


class Nonces:
    """Nonces without a store: each is a keyed hash of its period, good for this period and the next.

    A restarted sandbox knows none of the old ones, as a server that rotates its secret does.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def current(self, now: float) -> str:
        """What clients should use now."""
        return self._of(int(now // _PERIOD_S))

    def holds(self, nonce: str, now: float) -> bool:
        """Whether it is one of ours and not too old."""
        period = int(now // _PERIOD_S)
        # Compared as bytes: text that is not ASCII would be an error instead of a refusal.
        return any(hmac.compare_digest(nonce.encode(), self._of(at).encode()) for at in (period, period - 1))

    def _of(self, period: int) -> str:
        return hmac.new(self._secret, str(period).encode(), hashlib.sha256).hexdigest()
