"""The tokens of a person's kept session.

Source: layers.md 2.2 rule 13, RFC 9700 section 4.14.2.
"""

from __future__ import annotations

import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Final

from egov_serang.auth.issuer import AGAIN, Issuer, error_code
from egov_serang.auth.sessions import Place, Session, Sessions
from egov_serang.auth.tokens import Token, TokenSource
from egov_serang.core.runtime import Runtime, run_sync
from egov_serang.errors import ConfigError, ConnectionFailed, EgovError, Unauthorized

_OK: Final = 200
_LOOK: Final = 0.05
_MARGIN: Final = 30.0
_PATIENCE: Final = 5.0


class PersonTokens(TokenSource):
    """The tokens of a person's kept session, renewed once for all processes of this machine.

    A refresh token is good once, and its second use ends the login. So one process renews at a time, under a lock; and
    a renewal that has begun is carried to its end, even where its caller is interrupted: what the issuer answers is the
    only copy of the next refresh token.

    Args:
        issuer: the authorization server.
        sessions: where the session is kept.
    """

    def __init__(self, issuer: Issuer, sessions: Sessions) -> None:
        super().__init__(issuer.issuer, _Public(issuer.client_id))
        self._server, self._sessions = issuer, sessions
        self._seen: str | None = None

    async def _fetch(self, runtime: Runtime, until: float) -> Token:
        session = self._session()
        if self._is_due(session, runtime.wall()):
            try:
                session = await _to_its_end(runtime, self._renewed(runtime, until), until)
            except EgovError as error:
                error.sent = "no"  # the call that needs the token was not
                raise
        self._seen = session.access.reveal()
        return Token(self._seen, self._left(session, runtime.wall()), runtime.now())

    async def _renewed(self, runtime: Runtime, until: float) -> Session:
        """The session that follows, obtained by us or by another process meanwhile."""
        await self._server.ready(runtime, until)
        while (lock := self._sessions.locked()) is None:
            if runtime.now() >= until:
                raise _late()
            await runtime.sleep(_LOOK)
        try:
            session, wall = self._session(), runtime.wall()
            return await self._renew(runtime, session, wall, until) if self._is_due(session, wall) else session
        finally:
            lock.release()

    async def _renew(self, runtime: Runtime, session: Session, wall: float, until: float) -> Session:
        if session.refresh is None:
            raise Unauthorized("the session is over and cannot be renewed", code="not_logged_in", hint=AGAIN, sent="no")
        place: Place = self._sessions.place() or "file"
        cut_off = self._sessions.is_renewing()
        self._sessions.write_marker(session, place, renewing=True)
        fields = {"grant_type": "refresh_token", "refresh_token": session.refresh.reveal()}
        try:
            response = await self._server.tokens(runtime, fields, until)
        except ConnectionFailed as fault:
            if fault.sent == "no" and not cut_off:
                self._sessions.write_marker(session, place)
            raise
        if response.status == _OK:
            follower = self._server.session(response, wall, session)
            self._sessions.write(follower, place)
            return follower
        if error_code(response) == "invalid_grant":
            self._sessions.delete()  # it is dead for every process
            raise _over(self.issuer, response.status, cut_off=cut_off)
        if not cut_off:
            self._sessions.write_marker(session, place)
        raise self._server.refusal(response)

    def _session(self) -> Session:
        session = self._sessions.read()
        if session is None:
            raise ConfigError("nobody is logged in", code="not_logged_in", hint="Log in: egov login")
        return session

    def _is_due(self, session: Session, wall: float) -> bool:
        return session.access.reveal() == self._seen or self._left(session, wall) <= min(_MARGIN, session.lifetime / 2)

    @staticmethod
    def _left(session: Session, wall: float) -> float:
        """Seconds the access token is good for; a clock that was set back makes them no more than it had."""
        return min(session.expires_at - wall, session.lifetime)


async def _to_its_end(runtime: Runtime, work: Coroutine[Any, Any, Session], until: float) -> Session:
    """Carry out work that Ctrl-C and the end of the program do not cut off; on an event loop, its end does."""
    if runtime.flow == "tasks":
        return await work
    flight: Future[Session] = Future()

    def carry_out() -> None:
        try:
            flight.set_result(run_sync(work))
        except BaseException as error:  # it belongs to whoever waits
            flight.set_exception(error)

    try:
        # No daemon: a program that ends waits for it.
        threading.Thread(target=carry_out, name="egov-session").start()
    except RuntimeError:  # no more threads, or the interpreter ends: the caller does it
        carry_out()
    try:
        return await runtime.gate(flight, max(0.0, until - runtime.now()) + _PATIENCE)
    except TimeoutError:
        pass
    raise _late()


def _late() -> ConnectionFailed:
    return ConnectionFailed("the session has been renewed for too long already", code="timeout", sent="no")


def _over(issuer: str, status: int, *, cut_off: bool) -> Unauthorized:
    why = (
        "An earlier renewal was cut off before its answer was kept, and a refresh token is good once"
        if cut_off
        else "It is over, was ended at the issuer, or its refresh token was used elsewhere: never copy a session"
    )
    return Unauthorized(
        f"{issuer} has ended this session", status=status, code="invalid_grant", hint=f"{AGAIN}. {why}", sent="no"
    )


class _Public:
    """A client without a secret; its name is all it says."""

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id

    def prove(self, issuer: str, now: int) -> tuple[dict[str, str], dict[str, str]]:
        return {"client_id": self.client_id}, {}
