"""A person's session at the command line: log in, look, renew, end."""

from __future__ import annotations

import threading
import time
import webbrowser
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from egov_serang import Config, EgovError
from egov_serang.assembly import sync_transport
from egov_serang.assembly.authentication import session_of, token_source
from egov_serang.auth import code, device
from egov_serang.auth.sessions import Place, Session
from egov_serang.cli.loopback import Loopback
from egov_serang.core.runtime import SyncRuntime, run_sync
from egov_serang.errors import ConfigError, ConnectionFailed

_TIME: Final = 20.0
_BACK: Final = "http://127.0.0.1/callback"
_WAIT: Final = 600.0
_LOOK: Final = 0.05


@dataclass(frozen=True, slots=True)
class Status:
    """What may be shown of a session.

    Attributes:
        profile: the profile in effect.
        issuer: the authorization server.
        client_id: the client that was let in.
        logged_in: whether there is a session.
        kept_in: where its tokens are.
        scope: what was allowed.
        access_token: a mask.
        valid_until: when the access token expires, by this machine's clock.
        valid_for_s: whole seconds the access token is good for; 0 when it has expired.
        renewable: whether it can be renewed without the person.
    """

    profile: str
    issuer: str
    client_id: str
    logged_in: bool
    kept_in: Literal["keyring", "file"] | None = None
    scope: str | None = None
    access_token: str | None = None
    valid_until: str | None = None
    valid_for_s: int | None = None
    renewable: bool | None = None


class Person:
    """The session of a configuration with `auth = "login"`.

    Args:
        config: of the profile in effect.
        profile: its name.

    Raises:
        ConfigError: the configuration is for something else.
    """

    def __init__(self, config: Config, profile: str) -> None:
        if config.auth != "login":
            raise ConfigError(
                f"auth = {config.auth!r}: this profile is not for people",
                code="config_value",
                hint="Choose a profile with auth = 'login' (--profile)",
            )
        self._config, self._profile = config, profile
        self._issuer, self._sessions = session_of(config)

    def log_in(self, place: Place, show: Callable[[device.Prompt], None]) -> Status:
        """Let a person in by another device; replaces an earlier session."""
        self._sessions.probe(place)
        with self._runtime() as runtime:
            session = run_sync(device.log_in(runtime, self._issuer, self._config.scope, show))
        return self._keep(session, place)

    def log_in_here(
        self, place: Place, show: Callable[[str], None], visit: Callable[[str], object] = webbrowser.open
    ) -> Status:
        """Let a person in by a browser on this machine; replaces an earlier session.

        Args:
            place: where the session is to be kept.
            show: tells the person the address.
            visit: opens it; in a thread of its own, since some browsers return only when they are closed.
        """
        self._sessions.probe(place)
        with Loopback(self._config.redirect_uri or _BACK) as loopback, self._runtime() as runtime:
            begun = run_sync(code.begin(runtime, self._issuer, self._config.scope, loopback.back))
            loopback.expect(begun.is_of_this_login)
            show(begun.address)
            threading.Thread(target=_visit, args=(visit, begun.address), daemon=True).start()
            query = loopback.wait(_WAIT)
            session = run_sync(begun.finish(runtime, begun.code(query)))
        return self._keep(session, place)

    def log_out(self) -> EgovError | None:
        """End the session: here in any case, and at the issuer.

        Returns:
            Why the issuer could not be told; None where it was.

        Raises:
            ConfigError: nobody is logged in.
        """
        self._session()
        with self._alone():
            session = self._session()
            error: EgovError | None = None
            try:
                with self._runtime() as runtime:
                    token = session.refresh or session.access
                    run_sync(self._issuer.revoke(runtime, token, runtime.now() + _TIME))
            except EgovError as caught:
                error = caught
            self._sessions.delete()
            return error

    def status(self) -> Status:
        """What there is."""
        session = self._sessions.read()
        if session is None:
            return Status(self._profile, self._config.issuer, self._config.client_id, False)
        return Status(
            self._profile,
            self._config.issuer,
            self._config.client_id,
            True,
            self._sessions.place(),
            session.scope,
            "•" * 12,
            datetime.fromtimestamp(session.expires_at, UTC).isoformat(timespec="seconds"),
            max(0, int(min(session.expires_at - time.time(), session.lifetime))),
            session.refresh is not None,
        )

    def access_token(self) -> str:
        """An access token that is valid now, renewed where it must be."""
        source = token_source(self._config)
        assert source is not None  # noqa: S101 - a profile for people has one
        with self._runtime() as runtime:
            token = run_sync(source.get(runtime, runtime.now() + self._config.deadline))
        return token.header().partition(" ")[2]

    def _keep(self, session: Session, place: Place) -> Status:
        with self._alone():
            self._sessions.replace(session, place)
        return self.status()

    def _session(self) -> Session:
        session = self._sessions.read()
        if session is None:
            raise ConfigError("nobody is logged in", code="not_logged_in", hint="Log in: egov login")
        return session

    @contextmanager
    def _alone(self) -> Generator[None]:
        """No process renews meanwhile: it would write its old session over ours, or bring back what was ended."""
        until = time.monotonic() + 2 * _TIME
        while (lock := self._sessions.locked()) is None:
            if time.monotonic() >= until:
                raise ConnectionFailed("another process has been renewing the session for too long", code="timeout")
            time.sleep(_LOOK)
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _runtime(self) -> Generator[SyncRuntime]:
        transport = sync_transport(self._config, None)
        try:
            yield SyncRuntime(transport)
        finally:
            transport.close()


def _visit(visit: Callable[[str], object], address: str) -> None:
    with suppress(webbrowser.Error, OSError):  # there is the address that was shown
        visit(address)
