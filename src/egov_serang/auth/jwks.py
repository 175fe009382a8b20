"""Public keys of a server, fetched over a client's own transport and kept, once for all its threads and tasks.

Threads share a flight among threads, tasks among tasks, as in `tokens`. Source: layers.md 2.2 rule 11.
"""

from __future__ import annotations

import copy
from concurrent.futures import Future
from typing import Final, Generic

from egov_serang.core import forks
from egov_serang.core.message import Limits, Request, TransportFault
from egov_serang.core.runtime import Runtime
from egov_serang.errors import ConnectionFailed, DeadlineExceeded, EgovError, UnexpectedReply
from egov_serang.signing.algorithms import VerifyKey
from egov_serang.signing.jwks import MAX_BYTES, Cache, K, KeyCache

_FETCH_TIME: Final = 10.0
_ELECTIONS: Final = 8  # leaders that may run out of their own time, one after another, before a caller gives up
_OK: Final = 200


class KeySource(Generic[K]):
    """The keys of one JWKS address. An unknown key makes it ask again, at most once per cooldown.

    Args:
        url: of the JWKS; fetched without credentials, redirects are not followed.
        cache: what reads the set, and says when to ask again.
    """

    def __init__(self, url: str, cache: Cache[K]) -> None:
        self.url = url
        self._cache = cache
        self._lock = forks.lock()
        self._flights: dict[str, Future[bool]] = {}
        forks.watch(self)

    def after_fork(self) -> None:
        """Forget what threads were fetching that this process does not have; the keys stay."""
        self._flights = {}

    async def get(self, keyid: str, runtime: Runtime, deadline: float) -> K | None:
        """The key of this name; None where the set has no such key.

        Args:
            keyid: as the signature names it.
            runtime: of the asking call; a flight it leads is carried out on it.
            deadline: of the asking call, on the runtime's clock.

        Raises:
            ConnectionFailed, UnexpectedReply: there are no keys, and they cannot be fetched.
            DeadlineExceeded: the call's time is over. `sent` speaks of this question alone, not of the asking call.
        """
        known: K | None = None
        for _ in range(_ELECTIONS):
            now = runtime.now()
            with self._lock:
                known = self._cache.find(keyid, now)
                flight = self._flights.get(runtime.flow)
                if not self._cache.due(keyid, now) or (flight is not None and known is not None):
                    return self._answer(keyid, now)
                if now >= deadline:
                    break
                leads = flight is None
                if flight is None:
                    flight = self._flights[runtime.flow] = Future()
            until = now + _FETCH_TIME
            if leads:
                # A thread asks within its own call's time; a task's question outlives a cancelled caller.
                runtime.launch(self._fly(runtime, flight, min(until, deadline) if runtime.flow == "threads" else until))
            if not await self._landed(runtime, flight, until, deadline):
                continue
            with self._lock:
                return self._answer(keyid, runtime.now())
        if known is not None:
            return known
        raise DeadlineExceeded(f"no public keys from {self.url} within the call's deadline", code="deadline", sent="no")

    def _answer(self, keyid: str, now: float) -> K | None:
        failure = self._cache.failure(now)
        if failure is not None:
            raise copy.copy(failure)
        return self._cache.find(keyid, now)

    async def _landed(self, runtime: Runtime, flight: Future[bool], until: float, deadline: float) -> bool:
        """Whether the flight ended with an answer, or with a failure that is everybody's."""
        try:
            return await runtime.gate(flight, max(0.0, min(until, deadline) - runtime.now()))
        except TimeoutError:
            pass
        with self._lock:
            # Its leader's loop may have stopped for good: whoever still has time starts anew.
            if until < deadline and self._flights.get(runtime.flow) is flight:
                del self._flights[runtime.flow]
        return False

    async def _fly(self, runtime: Runtime, flight: Future[bool], until: float) -> None:
        counts = False
        asked_at = runtime.now()
        try:
            document = await self._fetch(runtime, until)
            with self._lock:
                self._cache.take(document, runtime.now())
            counts = True
        except EgovError as error:
            # A thread that ran out of its own call's time says nothing about the key set.
            counts = runtime.now() < until or until - asked_at >= _FETCH_TIME
            if counts:
                with self._lock:
                    self._cache.fail(error, runtime.now())
        finally:
            # Also reached by cancellation and Ctrl-C, which must not leave the others waiting.
            with self._lock:
                if self._flights.get(runtime.flow) is flight:
                    del self._flights[runtime.flow]
            flight.set_result(counts)

    async def _fetch(self, runtime: Runtime, until: float) -> bytes:
        request = Request("GET", self.url, [("accept", "application/jwk-set+json, application/json")])
        try:
            response = await runtime.send(request, Limits(until, max_body=MAX_BYTES))
        except TransportFault as fault:
            error: EgovError = ConnectionFailed(
                f"no public keys from {self.url}: {fault.reason}", code="jwks_unreached", sent="no"
            )
        else:
            if response.status == _OK:
                return response.body
            error = UnexpectedReply(
                f"{self.url} answered {response.status} instead of public keys",
                code="jwks_shape",
                hint="Check the address of the key set",
                sent="no",
            )
        raise error

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"


class JwksSource(KeySource[VerifyKey]):
    """The keys that may verify the messages of a gateway.

    Args:
        url: of the JWKS.
        fresh_s: seconds a set counts without asking again.
        cooldown_s: seconds between two questions for unknown keys.
        stale_s: seconds a set stays in use while fetching fails.
    """

    def __init__(
        self, url: str, *, fresh_s: float = 300.0, cooldown_s: float = 30.0, stale_s: float = 86_400.0
    ) -> None:
        super().__init__(url, KeyCache(fresh_s, cooldown_s, stale_s))
