"""The request for a token (RFC 6749 section 4.4) and the reading of its answer. Nothing of either is ever shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

from pydantic import BaseModel, Field, SecretStr, ValidationError

from egov_serang.auth.credentials import Credentials
from egov_serang.core.clock import Clock, skew
from egov_serang.core.message import Limits, Request, Response, TransportFault
from egov_serang.core.runtime import Runtime
from egov_serang.errors import ConnectionFailed, EgovError, ServerFault, Unauthorized, UnexpectedReply

_OK: Final = 200
_REFUSED: Final = frozenset({400, 401})
_VISIBLE: Final = re.compile("[\x21-\x7e]+")
_SERVER_FAULT: Final = 500
_THROTTLED: Final = 429
_DISTRUST: Final = "Check the issuer's certificate, your CA file and this machine's clock"


class _Answer(BaseModel):
    """A token as RFC 6749 section 5.1 has it; without `expires_in` it is taken to live five minutes."""

    access_token: SecretStr
    token_type: str
    expires_in: float = Field(default=300, gt=0, allow_inf_nan=False)


class _Refusal(BaseModel):
    """A refusal (RFC 6749 section 5.2); its free text is not even read."""

    error: str = Field(pattern="^[a-z_]{1,64}$")


class _Form:
    """The urlencoded body; its `repr` shows nothing."""

    __slots__ = ("_content",)
    content_type = "application/x-www-form-urlencoded"

    def __init__(self, fields: dict[str, str]) -> None:
        self._content = urlencode(fields).encode()

    @property
    def length(self) -> int:
        return len(self._content)

    def chunks(self) -> Iterator[bytes]:
        return iter((self._content,))


async def fetch(
    runtime: Runtime,
    issuer: str,
    credentials: Credentials,
    scope: str | None,
    until: float,
    *,
    endpoint: str,
    clock: Clock,
) -> tuple[str, float]:
    """Ask for a token: its value, and its lifetime in seconds. A refused time is corrected and tried once more.

    Raises:
        Unauthorized, ServerFault, ConnectionFailed, UnexpectedReply: each names the issuer; the call was not sent.
    """
    applied = clock.offset
    response, ahead = await _ask(runtime, issuer, credentials, scope, until, endpoint=endpoint, clock=clock)
    # The issuer says `invalid_client` and not why; whether it can have been the time, its `Date` tells.
    if response.status in _REFUSED and clock.adopt(ahead, applied):
        response, _ = await _ask(runtime, issuer, credentials, scope, until, endpoint=endpoint, clock=clock)
    if response.status == _OK:
        return _read(issuer, response)
    raise _refusal(issuer, response)


async def _ask(
    runtime: Runtime,
    issuer: str,
    credentials: Credentials,
    scope: str | None,
    until: float,
    *,
    endpoint: str,
    clock: Clock,
) -> tuple[Response, float | None]:
    """Ask once: the answer, and how far its clock is ahead of ours."""
    before = runtime.wall()
    request = _build(endpoint, issuer, credentials, scope, int(before + clock.offset))
    try:
        response = await runtime.send(request, Limits(until, max_body=64 * 1024))
    except TransportFault as fault:
        code = f"permanent_{fault.kind}" if fault.permanent else fault.kind
        reason = f"no token from {issuer}: {fault.reason}"
        hint = _DISTRUST if fault.kind == "tls" else "Check the issuer's address"
        error = ConnectionFailed(reason, code=code, hint=hint, sent="no")
    else:
        after = runtime.wall()
        ahead = skew(response.headers, before, after)
        if response.status == _OK:
            clock.observe(ahead, after - before)
        return response, ahead
    raise error


def _build(endpoint: str, issuer: str, credentials: Credentials, scope: str | None, now: int) -> Request:
    fields, headers = credentials.prove(issuer, now)
    form = _Form({"grant_type": "client_credentials", **({"scope": scope} if scope else {}), **fields})
    every = {"accept": "application/json", "content-type": form.content_type, **headers}
    return Request("POST", endpoint, list(every.items()), form)


def _read(issuer: str, response: Response) -> tuple[str, float]:
    try:
        answer = _Answer.model_validate_json(response.body)
    except ValidationError:
        answer = None
    if answer is not None and answer.token_type.lower() == "bearer" and _is_sendable(answer.access_token):
        return answer.access_token.get_secret_value(), answer.expires_in
    raise UnexpectedReply(
        f"{issuer} answered without a usable Bearer token",
        code="token_shape",
        hint="Check the issuer's address",
        sent="no",
    )


def _is_sendable(token: SecretStr) -> bool:
    """Whether it can stand in a header: visible ASCII (RFC 6749 appendix A.12)."""
    return _VISIBLE.fullmatch(token.get_secret_value()) is not None


def _error_code(response: Response) -> str | None:
    try:
        return _Refusal.model_validate_json(response.body).error
    except ValidationError:
        return None


def _refusal(issuer: str, response: Response) -> EgovError:
    """OAuth's error codes (RFC 6749 section 5.2) are shown, its free text is not."""
    named = _error_code(response) or f"http_{response.status}"
    if response.status >= _SERVER_FAULT or response.status == _THROTTLED:
        after = response.headers.get("retry-after", "")
        return ServerFault(
            f"{issuer} cannot issue tokens now",
            status=response.status,
            code=named,
            hint="The call was not sent; try again later",
            sent="no",
            retry_after=float(after) if after.isdigit() else None,
        )
    return Unauthorized(
        f"{issuer} refuses this client's credentials",
        status=response.status,
        code=named,
        hint="Check client_id, the assertion key registered with the gateway, the scopes, and this machine's clock",
        sent="no",
    )
