"""A person's session at the command line: log in, look, renew, end."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

from egov_serang import Config, EgovError
from egov_serang.assembly import sync_transport
from egov_serang.assembly.authentication import session_of, token_source
from egov_serang.auth import device
from egov_serang.auth.sessions import Place, Session
from egov_serang.core.runtime import SyncRuntime, run_sync
from egov_serang.errors import ConfigError

_TIME: Final = 20.0


@dataclass(frozen=True, slots=True)
class Status:
    """What may be shown of a session.

    Attributes:
        issuer: the authorization server.
        client_id: the client that was let in.
        logged_in: whether there is a session.
        kept_in: where its tokens are.
        scope: what was allowed.
        valid_for_s: whole seconds the access token is good for; 0 when it has expired.
        renewable: whether it can be renewed without the person.
    """

    issuer: str
    client_id: str
    logged_in: bool
    kept_in: Literal["keyring", "file"] | None = None
    scope: str | None = None
    valid_for_s: int | None = None
    renewable: bool | None = None


class Person:
    """The session of a configuration with `auth = "login"`.

    Raises:
        ConfigError: the configuration is for something else.
    """

    def __init__(self, config: Config) -> None:
        if config.auth != "login":
            raise ConfigError(
                f"auth = {config.auth!r}: this profile is not for people",
                code="config_value",
                hint="Choose a profile with auth = 'login' (--profile)",
            )
        self._config = config
        self._issuer, self._sessions = session_of(config)

    def log_in(self, place: Place, show: Callable[[device.Prompt], None]) -> Status:
        """Let a person in by another device; replaces an earlier session."""
        self._sessions.probe(place)
        with self._runtime() as runtime:
            session = run_sync(device.log_in(runtime, self._issuer, self._config.scope, show))
        self._sessions.delete()
        self._sessions.write(session, place)
        return self.status()

    def log_out(self) -> EgovError | None:
        """End the session: here in any case, and at the issuer.

        Returns:
            Why the issuer could not be told; None where it was.

        Raises:
            ConfigError: nobody is logged in.
        """
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
            return Status(self._config.issuer, self._config.client_id, False)
        left = max(0, int(min(session.expires_at - time.time(), session.lifetime)))
        return Status(
            self._config.issuer,
            self._config.client_id,
            True,
            self._sessions.place(),
            session.scope,
            left,
            session.refresh is not None,
        )

    def access_token(self) -> str:
        """An access token that is valid now, renewed where it must be."""
        source = token_source(self._config)
        assert source is not None  # noqa: S101 - a profile for people has one
        with self._runtime() as runtime:
            token = run_sync(source.get(runtime, runtime.now() + self._config.deadline))
        return token.header().partition(" ")[2]

    def _session(self) -> Session:
        session = self._sessions.read()
        if session is None:
            raise ConfigError("nobody is logged in", code="not_logged_in", hint="Log in: egov login")
        return session

    @contextmanager
    def _runtime(self) -> Generator[SyncRuntime]:
        transport = sync_transport(self._config, None)
        try:
            yield SyncRuntime(transport)
        finally:
            transport.close()
