"""The public keys of somebody who publishes a JWKS, for whoever checks signatures in threads."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

from egov_serang.core import forks
from egov_serang.errors import ConnectionFailed, EgovError
from egov_serang.signing.algorithms import VerifyKey
from egov_serang.signing.jwks import KeyCache


class KeySet:
    """Keys by their `keyid`, fetched when needed and kept. `MessageVerifier(keys.get, ...)` checks with them.

    Thread-safe; threads that ask at once share one fetch. An unknown key makes it ask again, at most once per
    `cooldown_s`. What cannot be fetched does not take away keys that are known.

    Args:
        fetch: returns the JWKS document (at most 64 KiB), or raises; it should have a time limit.
        fresh_s: seconds a set counts without asking again.
        cooldown_s: seconds between two questions for unknown keys.
        stale_s: seconds a set stays in use while fetching fails.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        fetch: Callable[[], bytes],
        *,
        fresh_s: float = 300.0,
        cooldown_s: float = 30.0,
        stale_s: float = 86_400.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._clock = fetch, clock
        self._cache = KeyCache(fresh_s, cooldown_s, stale_s)
        self._flight = forks.lock()

    def get(self, keyid: str) -> VerifyKey | None:
        """The key of this name; None where its owner has no such key.

        Raises:
            ConnectionFailed: the set was never fetched, or too long ago.
            UnexpectedReply: what was fetched is no JWKS, and there is nothing from before.
        """
        now = self._clock()
        known = self._cache.find(keyid, now)
        # While one thread asks, those whose key is known go on with it; the others wait for the answer.
        if self._cache.due(keyid, now) and self._flight.acquire(blocking=known is None):
            try:
                if self._cache.due(keyid, self._clock()):
                    self._ask()
            finally:
                self._flight.release()
        now = self._clock()
        failure = self._cache.failure(now)
        if failure is not None:
            raise copy.copy(failure)
        return self._cache.find(keyid, now)

    def _ask(self) -> None:
        try:
            document = self._fetch()
        except EgovError as error:
            self._cache.fail(error, self._clock())
        except Exception as error:
            text = f"the public keys cannot be fetched: {type(error).__name__}"
            self._cache.fail(ConnectionFailed(text, code="jwks_unreached", sent="no"), self._clock())
        else:
            self._cache.take(document, self._clock())
