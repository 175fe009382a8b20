"""The requests of a client that a person lets in, and the tokens of their session.

Source: RFC 8628, RFC 6749 section 6, RFC 7009, layers.md 2.2 rule 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from egov_serang.auth.form import Form
from egov_serang.auth.sessions import Session, Sessions
from egov_serang.auth.tokens import Token, TokenSource
from egov_serang.core.message import Limits, Request, Response, TransportFault
from egov_serang.core.runtime import Runtime
from egov_serang.errors import ConfigError, ConnectionFailed, EgovError, ServerFault, Unauthorized, UnexpectedReply
from egov_serang.types import Secret

_OK: Final = 200
_SERVER_FAULT: Final = 500
_THROTTLED: Final = 429
_LOOK: Final = 0.05
_MARGIN: Final = 30.0
_MAX: Final = 64 * 1024
_AGAIN: Final = "Log in again: egov login"


class _Answer(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: SecretStr = Field(min_length=1)
    token_type: str = Field(pattern="^(?i:bearer)$")
    expires_in: float = Field(default=300, gt=0, allow_inf_nan=False)
    refresh_token: SecretStr | None = None
    scope: str | None = None


class _Refusal(BaseModel):
    """RFC 6749 section 5.2; its free text is not even read."""

    error: str = Field(pattern="^[a-z_]{1,64}$")


class Issuer:
    """An authorization server, as a client without a secret speaks to it.

    Args:
        issuer: its identifier, named in every error.
        client_id: ours.
        token_endpoint: where tokens are asked for; `/oauth2/token` at the issuer when empty.
    """

    def __init__(self, issuer: str, client_id: str, token_endpoint: str = "") -> None:
        base = issuer.rstrip("/")
        self.issuer, self.client_id = issuer, client_id
        self._token = token_endpoint or f"{base}/oauth2/token"
        self._device = f"{base}/oauth2/device_authorization"
        self._revoke = f"{base}/oauth2/revoke"

    async def begin(self, runtime: Runtime, scope: str | None, until: float) -> Response:
        """Begin a login on another device (RFC 8628 section 3.1).

        Raises:
            EgovError: it is refused.
        """
        response = await self._post(runtime, self._device, {} if scope is None else {"scope": scope}, until)
        if response.status != _OK:
            raise self.refusal(response)
        return response

    async def tokens(self, runtime: Runtime, fields: Mapping[str, str], until: float) -> Response:
        """Ask for tokens; the answer may be a refusal.

        Raises:
            ConnectionFailed: there is no answer.
        """
        return await self._post(runtime, self._token, fields, until)

    async def revoke(self, runtime: Runtime, token: Secret, until: float) -> None:
        """End a login (RFC 7009).

        Raises:
            EgovError: the issuer did not do it.
        """
        response = await self._post(runtime, self._revoke, {"token": token.reveal()}, until)
        if response.status != _OK:
            raise self.refusal(response)

    def session(self, response: Response, wall: float, before: Session | None = None) -> Session:
        """What an answer brought.

        Args:
            response: of the token endpoint, successful.
            wall: seconds since the epoch when it was asked.
            before: the session it continues: an answer need not repeat what stays (RFC 6749 section 6).

        Raises:
            UnexpectedReply: it is no answer with a usable Bearer token.
        """
        try:
            found = _Answer.model_validate_json(response.body)
        except ValidationError:
            found = None
        value = "" if found is None else found.access_token.get_secret_value()
        if found is None or not value.isascii() or not value.isprintable() or " " in value:
            raise UnexpectedReply(
                f"{self.issuer} answered without a usable Bearer token",
                code="token_shape",
                hint="Check the issuer's address",
                sent="no",
            )
        old_refresh = None if before is None else before.refresh
        new = found.refresh_token
        return Session(
            access=Secret(value),
            refresh=old_refresh if new is None else Secret(new.get_secret_value()),
            expires_at=wall + found.expires_in,
            lifetime=found.expires_in,
            scope=found.scope if found.scope is not None or before is None else before.scope,
        )

    def refusal(self, response: Response) -> EgovError:
        """What a refusal means."""
        named = error_code(response) or f"http_{response.status}"
        if response.status >= _SERVER_FAULT or response.status == _THROTTLED:
            return ServerFault(
                f"{self.issuer} cannot answer now", status=response.status, code=named, hint="Try later", sent="no"
            )
        hint = {
            "invalid_client": "Check client_id: it must be registered as a public client that people may let in",
            "invalid_scope": "A scope is not registered for this client: check the setting scope",
            "access_denied": "The person said no; nothing is kept",
            "expired_token": "Nobody came in time. Begin again: egov login",
        }.get(named, _AGAIN)
        return Unauthorized(
            f"{self.issuer} refuses this login", status=response.status, code=named, hint=hint, sent="no"
        )

    async def _post(self, runtime: Runtime, url: str, fields: Mapping[str, str], until: float) -> Response:
        form = Form({"client_id": self.client_id, **fields})
        headers = [("accept", "application/json"), ("content-type", form.content_type)]
        try:
            return await runtime.send(Request("POST", url, headers, form), Limits(until, max_body=_MAX))
        except TransportFault as fault:
            reason, code = f"{self.issuer} cannot be reached: {fault.reason}", fault.kind
        raise ConnectionFailed(reason, code=code, hint="Check the issuer's address", sent="no")


def error_code(response: Response) -> str | None:
    """OAuth's code of a refusal."""
    try:
        return _Refusal.model_validate_json(response.body).error
    except ValidationError:
        return None


class PersonTokens(TokenSource):
    """The tokens of a person's kept session, renewed once for all processes of this machine.

    Args:
        issuer: the authorization server.
        sessions: where the session is kept.

    Source: layers.md 2.2 rule 13: refresh tokens rotate, and the second use of one ends the login.
    """

    def __init__(self, issuer: Issuer, sessions: Sessions) -> None:
        super().__init__(issuer.issuer, _Public(issuer.client_id))
        self._server, self._sessions = issuer, sessions
        self._seen: str | None = None

    async def _fetch(self, runtime: Runtime, until: float) -> Token:
        self._sessions.prepare()
        # Not shared between flights: a lock object that is held lets its holder in again.
        lock = FileLock(self._sessions.lock, mode=0o600, thread_local=False)
        while True:
            try:
                lock.acquire(timeout=0)
                break
            except Timeout:
                pass
            if runtime.now() >= until:
                raise ConnectionFailed(
                    "another process has been renewing the session for too long", code="timeout", sent="no"
                )
            await runtime.sleep(_LOOK)
        try:
            return await self._renewed(runtime, until)
        finally:
            lock.release()

    async def _renewed(self, runtime: Runtime, until: float) -> Token:
        session, asked_at, wall = self._sessions.read(), runtime.now(), runtime.wall()
        place = self._sessions.place()
        if session is None or place is None:
            raise ConfigError("nobody is logged in", code="not_logged_in", hint="Log in: egov login")
        left = min(session.expires_at - wall, session.lifetime)
        if session.access.reveal() == self._seen or left <= min(_MARGIN, session.lifetime / 2):
            session = await self._renew(runtime, session, wall, until)
            self._sessions.write(session, place)
            left = session.lifetime
        self._seen = session.access.reveal()
        return Token(self._seen, left, asked_at)

    async def _renew(self, runtime: Runtime, session: Session, wall: float, until: float) -> Session:
        if session.refresh is None:
            raise Unauthorized(
                "the session is over and cannot be renewed", code="not_logged_in", hint=_AGAIN, sent="no"
            )
        fields = {"grant_type": "refresh_token", "refresh_token": session.refresh.reveal()}
        response = await self._server.tokens(runtime, fields, until)
        if response.status == _OK:
            return self._server.session(response, wall, session)
        if error_code(response) == "invalid_grant":
            self._sessions.delete()  # it is dead for every process
        raise self._server.refusal(response)


class _Public:
    """A client without a secret; its name is all it says."""

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id

    def prove(self, issuer: str, now: int) -> tuple[dict[str, str], dict[str, str]]:
        return {"client_id": self.client_id}, {}
