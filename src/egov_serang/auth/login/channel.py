"""The requests an application makes to a provider itself: metadata, pushed request, token, userinfo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, Field, SecretStr, ValidationError

from egov_serang.auth.credentials import Credentials
from egov_serang.auth.form import Form
from egov_serang.auth.login.addresses import with_query
from egov_serang.auth.login.provider import MAX_BYTES, Server
from egov_serang.core.clock import Clock, skew
from egov_serang.core.message import Limits, Request, Response, TransportFault
from egov_serang.core.runtime import Runtime
from egov_serang.errors import ConnectionFailed, DeadlineExceeded, EgovError, ServerFault, Unauthorized, UnexpectedReply
from egov_serang.types import Secret

_OK: Final = 200
_CREATED: Final = 201
_REFUSED: Final = frozenset({400, 401})
_SERVER_FAULT: Final = 500
_THROTTLED: Final = 429
_DISTRUST: Final = "Check the provider's certificate, your CA file and this machine's clock"
_CREDENTIALS: Final = "Check client_id, the key or secret registered with the provider, and this machine's clock"
_HINTS: Final = {
    "invalid_grant": "The code was used before, has expired, or is another application's. Let the person begin anew",
    "invalid_redirect_uri": "Set redirect_uri exactly as registered",
    "invalid_request": "Set redirect_uri exactly as registered, and ask for nothing the registration does not allow",
    "invalid_scope": "A scope is not registered for this client",
}


class _Refusal(BaseModel):
    """RFC 6749 section 5.2; its free text is not even read."""

    error: str = Field(pattern="^[a-z_]{1,64}$")


class _Pushed(BaseModel):
    """RFC 9126 section 2.2."""

    request_uri: str = Field(min_length=1, max_length=2048)


class Granted(BaseModel):
    """OpenID Connect Core section 3.1.3.3."""

    access_token: SecretStr
    token_type: str = Field(pattern="^(?i:bearer)$")
    id_token: SecretStr


class Channel:
    """One provider, and who we are to it.

    Args:
        issuer: of the provider, the only audience of assertions.
        client_id: ours.
        credentials: None for a public client.
    """

    def __init__(self, issuer: str, client_id: str, credentials: Credentials | None) -> None:
        self.issuer, self._client_id, self._credentials = issuer, client_id, credentials
        self._clock = Clock()

    async def metadata(self, runtime: Runtime, url: str, until: float) -> bytes:
        """The metadata document, as it came."""
        response = await self._send(runtime, Request("GET", url, [("accept", "application/json")]), until)
        if response.status != _OK:
            raise self._unusable(f"answered {response.status} instead of its metadata", "discovery_status")
        return response.body

    async def address(
        self, runtime: Runtime, server: Server, endpoint: str, request: Mapping[str, str], until: float
    ) -> str:
        """Where to send the browser with an authorization request; where it can be left with the server, it is.

        Raises:
            UnexpectedReply: the server demands that and names no place for it.
        """
        pushing = server.pushed_authorization_request_endpoint
        if pushing is not None:
            left = await self._push(runtime, pushing, request, until)
            request = {"client_id": self._client_id, "request_uri": left}
        elif server.require_pushed_authorization_requests:
            raise self._unusable("demands pushed requests and names no place for them", "discovery_shape")
        return with_query(endpoint, request)

    async def _push(self, runtime: Runtime, url: str, fields: Mapping[str, str], until: float) -> str:
        """Leave the authorization request with the provider (RFC 9126): its `request_uri`."""
        response = await self._prove(runtime, url, fields, until)
        if response.status not in (_OK, _CREATED):
            raise self._refusal(response)
        try:
            return _Pushed.model_validate_json(response.body).request_uri
        except ValidationError:
            pass
        raise self._unusable("took the pushed request and gave no request_uri", "pushed_shape")

    async def redeem(self, runtime: Runtime, url: str, fields: Mapping[str, str], until: float) -> Granted:
        """Exchange the code for tokens."""
        response = await self._prove(runtime, url, fields, until)
        if response.status != _OK:
            raise self._refusal(response)
        try:
            return Granted.model_validate_json(response.body)
        except ValidationError:
            pass
        raise self._unusable("answered without a usable Bearer token and identity token", "token_shape")

    async def userinfo(self, runtime: Runtime, url: str, token: SecretStr, until: float) -> tuple[Secret, bool]:
        """What the userinfo endpoint answers, and whether it is a JWT."""
        headers = [
            ("accept", "application/json, application/jwt"),
            ("authorization", f"Bearer {token.get_secret_value()}"),
        ]
        response = await self._send(runtime, Request("GET", url, headers), until)
        if response.status != _OK:
            raise self._unusable(f"answered {response.status} instead of userinfo", "userinfo_status")
        media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            return Secret(response.body.decode("utf-8").strip()), media == "application/jwt"
        except UnicodeDecodeError:
            pass
        raise self._unusable("answered userinfo that is no text", "userinfo_shape")

    async def _prove(self, runtime: Runtime, url: str, fields: Mapping[str, str], until: float) -> Response:
        """Send a form with who we are. A refused time is corrected and tried once more."""
        applied = self._clock.offset
        response, ahead = await self._ask(runtime, url, fields, until)
        again = response.status in _REFUSED and _error_code(response) == "invalid_client"
        if again and self._clock.adopt(ahead, applied):
            response, _ = await self._ask(runtime, url, fields, until)
        return response

    async def _ask(
        self, runtime: Runtime, url: str, fields: Mapping[str, str], until: float
    ) -> tuple[Response, float | None]:
        before = runtime.wall()
        proof: tuple[dict[str, str], dict[str, str]] = {"client_id": self._client_id}, {}
        if self._credentials is not None:
            proof = self._credentials.prove(self.issuer, int(before + self._clock.offset))
        form = Form({**fields, **proof[0]})
        headers = {"accept": "application/json", "content-type": form.content_type, **proof[1]}
        response = await self._send(runtime, Request("POST", url, list(headers.items()), form), until)
        after = runtime.wall()
        ahead = skew(response.headers, before, after)
        if response.status < min(_REFUSED):
            self._clock.observe(ahead, after - before)
        return response, ahead

    async def _send(self, runtime: Runtime, request: Request, until: float) -> Response:
        try:
            return await runtime.send(request, Limits(until, max_body=MAX_BYTES))
        except TransportFault as fault:
            error = self._unreached(fault, late=runtime.now() >= until)
        raise error

    def _unreached(self, fault: TransportFault, *, late: bool) -> EgovError:
        if late and fault.kind == "timeout":
            return DeadlineExceeded(f"{self.issuer} did not answer in time", code="deadline", sent=fault.sent)
        if fault.kind == "too_large":
            return self._unusable(f"answered more than {MAX_BYTES // 1024} KiB", "too_large")
        code = f"permanent_{fault.kind}" if fault.permanent else fault.kind
        hint = _DISTRUST if fault.kind == "tls" else "Check the issuer's address"
        return ConnectionFailed(
            f"{self.issuer} cannot be reached: {fault.reason}", code=code, hint=hint, sent=fault.sent
        )

    def _refusal(self, response: Response) -> EgovError:
        named = _error_code(response) or f"http_{response.status}"
        if response.status >= _SERVER_FAULT or response.status == _THROTTLED:
            after = response.headers.get("retry-after", "")
            return ServerFault(
                f"{self.issuer} cannot log anybody in now",
                status=response.status,
                code=named,
                hint="Let the person begin anew later",
                retry_after=float(after) if after.isdigit() else None,
            )
        what = "this login" if named in _HINTS else "this application"
        return Unauthorized(
            f"{self.issuer} refused {what}",
            status=response.status,
            code=named,
            hint=_HINTS.get(named, _CREDENTIALS),
        )

    def _unusable(self, how: str, code: str) -> UnexpectedReply:
        return UnexpectedReply(f"{self.issuer} {how}", code=code, hint="Check the setting issuer")


def _error_code(response: Response) -> str | None:
    try:
        return _Refusal.model_validate_json(response.body).error
    except ValidationError:
        return None
