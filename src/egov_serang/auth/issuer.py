"""The requests of a client that a person lets in, at the addresses its issuer names.

Source: RFC 8414, RFC 8628, RFC 6749 section 6, RFC 7009, layers.md 2.2 rules 11 and 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from egov_serang.auth.form import Form
from egov_serang.auth.login.addresses import origin_of
from egov_serang.auth.login.channel import Channel
from egov_serang.auth.login.provider import (
    Server,
    demand_pkce,
    metadata_address,
    oauth_metadata_address,
    read_server,
)
from egov_serang.auth.sessions import Session
from egov_serang.core.kept import Kept
from egov_serang.core.message import Limits, Request, Response, TransportFault
from egov_serang.core.runtime import Runtime
from egov_serang.errors import (
    ConnectionFailed,
    EgovError,
    ServerFault,
    Unauthorized,
    UnexpectedReply,
    UnsupportedOperation,
)
from egov_serang.types import Secret

_OK: Final = 200
_SERVER_FAULT: Final = 500
_THROTTLED: Final = 429
_MAX: Final = 64 * 1024
_FRESH: Final = 300.0
AGAIN: Final = "Log in again: egov login"


class PeopleServer(Server):
    """The metadata of a server, as far as a program needs it that people let in."""

    origins_setting: ClassVar[str] = "issuer_origins"

    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    revocation_endpoint: str | None = None


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
    """An authorization server, as a client without a secret speaks to it. Shared by threads and tasks.

    Args:
        issuer: its identifier, exactly as it writes itself; named in every error.
        client_id: ours.
        token_endpoint: where tokens are asked for; where its metadata says, when empty.
        origins: origins besides its own that its addresses may be on.
        audience: what tokens are for, as the parameter `resource` (RFC 8707); the server's default when empty.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        token_endpoint: str = "",
        origins: tuple[str, ...] = (),
        audience: str = "",
    ) -> None:
        self.issuer, self.client_id = issuer, client_id
        self._token = token_endpoint
        self._wish = {"resource": audience} if audience else {}
        self._origins = (*origins, *((origin_of(token_endpoint),) if token_endpoint else ()))
        self._channel = Channel(issuer, client_id, None)
        self._server = Kept(self._discover, _FRESH)

    async def begin(self, runtime: Runtime, scope: str | None, until: float) -> Response:
        """Begin a login on another device (RFC 8628 section 3.1).

        Raises:
            UnsupportedOperation: the issuer has no such logins.
            EgovError: it is refused.
        """
        place = (await self._server.get(runtime, until)).device_authorization_endpoint
        if place is None:
            raise self._lacks("logging in on another device", "device_login", "egov login --browser")
        asked = self._wish if scope is None else {"scope": scope, **self._wish}
        response = await self._post(runtime, place, asked, until)
        if response.status != _OK:
            raise self.refusal(response)
        return response

    async def authorization(self, runtime: Runtime, request: Mapping[str, str], until: float) -> tuple[str, bool]:
        """Where to send a browser with an authorization request, and whether the answer names its issuer (RFC 9207).

        Raises:
            UnsupportedOperation: the issuer has no such logins.
            EgovError: it cannot be asked, or cannot do PKCE with S256.
        """
        server = await self._server.get(runtime, until)
        if server.authorization_endpoint is None:
            raise self._lacks("logging in with a browser", "browser_login", "egov login")
        demand_pkce(server)
        asked = {**request, **self._wish}
        address = self._channel.address(runtime, server, server.authorization_endpoint, asked, until)
        return await address, server.authorization_response_iss_parameter_supported

    async def tokens(self, runtime: Runtime, fields: Mapping[str, str], until: float) -> Response:
        """Ask for tokens; the answer may be a refusal.

        Raises:
            ConnectionFailed: there is no answer; `sent` says whether the issuer may have acted.
            EgovError: the issuer does not say where.
        """
        place = await self._token_endpoint(runtime, until)
        return await self._post(runtime, place, {**fields, **self._wish}, until)

    async def ready(self, runtime: Runtime, until: float) -> None:
        """Learn the issuer's addresses, so that what follows is one request.

        Raises:
            EgovError: the issuer does not say them.
        """
        await self._token_endpoint(runtime, until)

    async def revoke(self, runtime: Runtime, token: Secret, until: float) -> None:
        """End a login (RFC 7009).

        Raises:
            UnsupportedOperation: the issuer has no way to.
            EgovError: the issuer did not do it.
        """
        place = (await self._server.get(runtime, until)).revocation_endpoint
        if place is None:
            raise self._lacks("ending a login", "revocation", "where you manage your account there")
        response = await self._post(runtime, place, {"token": token.reveal()}, until)
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
                hint="Check the issuer's address, and that the client is registered for plain Bearer tokens",
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
            "invalid_target": "The issuer gives no tokens for this audience: check the setting audience",
            "access_denied": "The person said no; nothing is kept. To begin again: egov login",
            "expired_token": "Nobody came in time. Begin again: egov login",
        }.get(named, AGAIN)
        return Unauthorized(
            f"{self.issuer} refuses this login", status=response.status, code=named, hint=hint, sent="no"
        )

    async def _token_endpoint(self, runtime: Runtime, until: float) -> str:
        if self._token:
            return self._token
        place = (await self._server.get(runtime, until)).token_endpoint
        if place is None:
            raise self._lacks("giving tokens", "discovery_shape", "the setting token_endpoint")
        return place

    async def _discover(self, runtime: Runtime, until: float) -> PeopleServer:
        """Its metadata: as an OpenID provider's, else as that of a plain authorization server (RFC 8414)."""
        try:
            document = await self._channel.metadata(runtime, metadata_address(self.issuer), until)
        except UnexpectedReply as error:
            if error.code != "discovery_status":
                raise
            document = b""
        if not document:
            document = await self._channel.metadata(runtime, oauth_metadata_address(self.issuer), until)
        return read_server(PeopleServer, document, self.issuer, self._origins)

    async def _post(self, runtime: Runtime, url: str, fields: Mapping[str, str], until: float) -> Response:
        form = Form({"client_id": self.client_id, **fields})
        headers = [("accept", "application/json"), ("content-type", form.content_type)]
        try:
            return await runtime.send(Request("POST", url, headers, form), Limits(until, max_body=_MAX))
        except TransportFault as fault:
            reason, code, sent = f"{self.issuer} cannot be reached: {fault.reason}", fault.kind, fault.sent
        raise ConnectionFailed(reason, code=code, hint="Check the issuer's address", sent=sent)

    def _lacks(self, what: str, code: str, instead: str) -> UnsupportedOperation:
        return UnsupportedOperation(f"{self.issuer} names no place for {what}", code=code, hint=f"Use {instead}")


def error_code(response: Response) -> str | None:
    """OAuth's code of a refusal."""
    try:
        return _Refusal.model_validate_json(response.body).error
    except ValidationError:
        return None
