"""Tokens: fetched once for everybody, renewed before they expire, dropped when refused.

Threads share a flight among threads, tasks among the tasks of all event loops. The two never wait for each other:
a synchronous call on a thread whose loop is to finish a task's flight would otherwise wait for itself.

Source: layers.md 2.2 rules 1-5.
"""

from __future__ import annotations

import copy
import random
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Literal, Never

from egov_serang.auth.credentials import Credentials
from egov_serang.auth.dpop import ProofKey
from egov_serang.auth.request import Asking, fetch
from egov_serang.core import forks
from egov_serang.core.clock import Clock
from egov_serang.core.runtime import Runtime
from egov_serang.errors import ConnectionFailed, DeadlineExceeded, EgovError, UnexpectedReply

_FETCH_TIME: Final = 20.0
_BACKOFF: Final = 5.0
_SHORT: Final = 60.0
_MARGIN: Final = 30.0
_ELECTIONS: Final = 8  # leaders that may give up, one after another, before a caller does


class Token:
    """An access token. Times in seconds on the monotonic clock, counted from before the request for it."""

    __slots__ = ("_header", "expires_at", "refresh_at")

    def __init__(
        self, value: str, lifetime: float, asked_at: float, scheme: Literal["Bearer", "DPoP"] = "Bearer"
    ) -> None:
        self._header = f"{scheme} {value}"
        self.expires_at = asked_at + lifetime
        early = lifetime * (0.5 if lifetime < _SHORT else 0.8 - random.uniform(0, 0.1))  # noqa: S311 - spreads load
        self.refresh_at = asked_at + (early if lifetime < _SHORT else min(early, lifetime - _MARGIN))

    def header(self) -> str:
        """The `Authorization` header."""
        return self._header

    def __repr__(self) -> str:
        return "<Token>"

    def __reduce__(self) -> Never:
        raise TypeError("a token cannot be pickled or copied")


@dataclass(frozen=True, slots=True)
class _Landing:
    """How a flight ended: with a token, with an error for everybody, or given up by its leader alone."""

    token: Token | None = None
    error: EgovError | None = None


class TokenSource:
    """The tokens of one client at one issuer; share it between clients that are the same application.

    Args:
        issuer: the authorization server, also the only audience of assertions.
        credentials: who we are.
        scope: scopes asked for, separated by blanks; the server's default when None.
        endpoint: where tokens are asked for; `/oauth2/token` at the issuer when None.
        audience: what they are for (RFC 8707); the server's default when empty.
        dpop: the key tokens are bound to (RFC 9449); plain Bearer tokens when None.
    """

    def __init__(
        self,
        issuer: str,
        credentials: Credentials,
        scope: str | None = None,
        *,
        endpoint: str | None = None,
        audience: str = "",
        dpop: ProofKey | None = None,
    ) -> None:
        self.issuer = issuer
        self.dpop = dpop
        """Proves to services that a token is ours; None where whoever holds it may use it."""
        self._asking = Asking(
            issuer=issuer,
            endpoint=endpoint or issuer.rstrip("/") + "/oauth2/token",
            credentials=credentials,
            scope=scope,
            audience=audience,
            dpop=dpop,
        )
        self._clock = Clock()
        self._lock = forks.lock()
        self._token: Token | None = None
        self._flights: dict[str, Future[_Landing]] = {}
        self._not_before = 0.0
        forks.watch(self)

    def after_fork(self) -> None:
        """Forget what threads were fetching that this process does not have; the token stays."""
        self._flights = {}

    @property
    def clock_offset(self) -> float:
        """Seconds added to this machine's clock in what the issuer reads; learnt as `Client.clock_offset` is."""
        return self._clock.offset

    def ready(self, now: float) -> Token | None:
        """The token in hand, where it need not be renewed yet: the way of nearly every call.

        Args:
            now: on the runtime's clock.
        """
        token = self._token  # read once: another thread may drop it meanwhile
        return token if token is not None and now < token.refresh_at else None

    async def get(self, runtime: Runtime, deadline: float) -> Token:
        """A token that is valid now.

        Args:
            runtime: of the asking call; a flight it leads is carried out on it.
            deadline: of the asking call, on the runtime's clock.

        Raises:
            Unauthorized: the issuer refuses these credentials.
            Forbidden: it grants fewer scopes than were asked for.
            ConnectionFailed, ServerFault, UnexpectedReply: the issuer does not answer as one.
            DeadlineExceeded: the call's time is over. In all cases the call itself was not sent.
        """
        for _ in range(_ELECTIONS):
            now = runtime.now()
            if now >= deadline:
                raise self._late()
            with self._lock:
                token = self._token
                if token is not None and now < token.refresh_at:
                    return token
                usable = token if token is not None and now < token.expires_at else None
                flight = self._flights.get(runtime.flow)
                if usable is not None and (self._flights or now < self._not_before):
                    return usable  # somebody, thread or task, renews it already, or a renewal has just failed
                leads = flight is None
                if flight is None:
                    flight = self._flights[runtime.flow] = Future()
            if leads:
                until = now + _FETCH_TIME
                if usable is None and runtime.flow == "threads":
                    until = min(until, deadline)  # a thread that has to wait renews within its own call's time
                # Nobody waits while a valid token lives: not even who found that it is to be renewed.
                runtime.launch(self._fly(runtime, flight, until), aside=usable is not None)
                if usable is not None and not flight.done():
                    return usable
            landing = await self._land(runtime, flight, deadline)
            if landing.token is not None:
                return landing.token
            if usable is not None:
                return usable
            if landing.error is not None:
                raise copy.copy(landing.error)
        raise self._late()

    def drop(self, token: Token) -> None:
        """Forget a token the service refused; a newer one stays, so a herd of refusals drops it once."""
        with self._lock:
            if self._token is token:
                self._token = None

    async def _land(self, runtime: Runtime, flight: Future[_Landing], deadline: float) -> _Landing:
        left = deadline - runtime.now()
        try:
            return await runtime.gate(flight, max(0.0, min(left, _FETCH_TIME + _BACKOFF)))
        except TimeoutError:
            pass
        with self._lock:
            # Its leader's loop may have stopped for good: whoever still has time starts anew.
            if left > _FETCH_TIME + _BACKOFF and self._flights.get(runtime.flow) is flight:
                del self._flights[runtime.flow]
                return _Landing()
        raise self._late()

    def _late(self) -> DeadlineExceeded:
        text = f"no token from {self.issuer} within the call's deadline"
        return DeadlineExceeded(text, code="deadline", hint="The call was not sent", sent="no")

    def _stillborn(self) -> UnexpectedReply:
        return UnexpectedReply(
            f"{self.issuer} took longer to answer than its token lives",
            code="token_expired",
            hint="Tell the issuer's operator: its tokens live too short, or it is overloaded",
            sent="no",
        )

    async def _fetch(self, runtime: Runtime, until: float) -> Token:
        """Obtain a token anew: the one step in which sources differ."""
        asked_at = runtime.now()
        answer = fetch(runtime, self._asking, until, clock=self._clock)
        return Token(*await answer, asked_at, "Bearer" if self.dpop is None else "DPoP")

    async def _fly(self, runtime: Runtime, flight: Future[_Landing], until: float) -> None:
        landing = _Landing()
        asked_at = runtime.now()
        try:
            token = await self._fetch(runtime, until)
            # A token that lives shorter than its answer took would be refused, and asked for again, for ever.
            landing = _Landing(token=token) if runtime.now() < token.expires_at else _Landing(error=self._stillborn())
        except EgovError as error:
            own_time = isinstance(error, ConnectionFailed | DeadlineExceeded) and until - asked_at < _FETCH_TIME
            # A leader out of its own time says nothing about the issuer: the others elect a new one.
            landing = _Landing() if own_time and runtime.now() >= until else _Landing(error=error)
        finally:
            # Also reached by cancellation and Ctrl-C, which must not leave the others waiting.
            with self._lock:
                if landing.token is not None:
                    self._token = landing.token
                else:
                    self._not_before = runtime.now() + _BACKOFF
                if self._flights.get(runtime.flow) is flight:
                    del self._flights[runtime.flow]
            flight.set_result(landing)

    def __repr__(self) -> str:
        return f"<TokenSource {self.issuer} {self._asking.credentials.client_id}>"

    def __reduce__(self) -> Never:
        raise TypeError("a token source cannot be pickled or copied: pass the configuration instead")
