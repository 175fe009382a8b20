"""Logging in on another device (RFC 8628): the person types a code elsewhere, and we ask until they did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from egov_serang.auth.issuer import Issuer, error_code
from egov_serang.auth.sessions import Session
from egov_serang.core.runtime import Runtime
from egov_serang.errors import ConnectionFailed, DeadlineExceeded, UnexpectedReply

_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_OK: Final = 200
_SLOWER: Final = 5.0
_REQUEST: Final = 20.0
_SLOWEST: Final = 60.0


class _Begun(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    device_code: SecretStr
    user_code: str = Field(pattern=r"^[\x20-\x7e]{1,64}$")
    verification_uri: str = Field(pattern=r"^https?://[\x21-\x7e]{1,2000}$")
    verification_uri_complete: str | None = Field(default=None, pattern=r"^https?://[\x21-\x7e]{1,2000}$")
    expires_in: float = Field(gt=0, allow_inf_nan=False)
    interval: float = Field(default=5, ge=1, le=300)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the person is shown.

    Attributes:
        address: to open on any device.
        code: to type there.
        expires_in: seconds until it counts no more.
        complete: the address with the code in it, where the issuer gives one.
    """

    address: str
    code: str = field(repr=False)
    expires_in: float
    complete: str | None = field(default=None, repr=False)


async def log_in(runtime: Runtime, issuer: Issuer, scope: str | None, show: Callable[[Prompt], None]) -> Session:
    """Let a person in.

    Args:
        runtime: sends, sleeps and tells the time.
        issuer: the authorization server.
        scope: what is asked for; all the client may have when None.
        show: tells the person what to do.

    Raises:
        Unauthorized: the person said no, or the client may not ask.
        DeadlineExceeded: nobody came in time.
        ConnectionFailed, ServerFault, UnexpectedReply: the issuer does not answer as one.
    """
    begun_at = runtime.now()
    response = await issuer.begin(runtime, scope, begun_at + _REQUEST)
    try:
        begun = _Begun.model_validate_json(response.body)
    except ValidationError:
        begun = None
    if begun is None:
        raise UnexpectedReply(
            f"{issuer.issuer} answered without a code for the person",
            code="device_shape",
            hint="Check the setting issuer",
            sent="no",
        )
    until, interval = begun_at + begun.expires_in, begun.interval
    show(Prompt(begun.verification_uri, begun.user_code, begun.expires_in, begun.verification_uri_complete))
    fields = {"grant_type": _GRANT, "device_code": begun.device_code.get_secret_value()}
    while True:
        await runtime.sleep(interval)
        now, wall = runtime.now(), runtime.wall()
        if now >= until:
            break
        try:
            response = await issuer.tokens(runtime, fields, now + _REQUEST)
        except ConnectionFailed:
            interval = min(interval * 2, max(interval, _SLOWEST))  # RFC 8628 section 3.5: ask less often
            continue
        if response.status == _OK:
            return issuer.session(response, wall)
        named = error_code(response)
        if named == "expired_token":
            break
        if named == "slow_down":
            interval += _SLOWER
        elif named != "authorization_pending":
            raise issuer.refusal(response)
    raise DeadlineExceeded(
        "nobody answered the login in time", code="expired_token", hint="Begin again: egov login", sent="no"
    )
