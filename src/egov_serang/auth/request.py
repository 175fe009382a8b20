"""The request for a token (RFC 6749 section 4.4) and the reading of its answer. Nothing of either is ever shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, Field, SecretStr, ValidationError

from egov_serang.auth.claims import confirmation, unchecked_claims
from egov_serang.auth.credentials import Credentials
from egov_serang.auth.dpop import INVALID_PROOF, USE_NONCE, ProofKey
from egov_serang.auth.form import Form
from egov_serang.core.clock import Clock, skew
from egov_serang.core.message import Limits, Request, Response, TransportFault
from egov_serang.core.runtime import Runtime
from egov_serang.errors import ConnectionFailed, EgovError, Forbidden, ServerFault, Unauthorized, UnexpectedReply

_OK: Final = 200
_REFUSED: Final = frozenset({400, 401})
_VISIBLE: Final = re.compile("[\x21-\x7e]+")
_SERVER_FAULT: Final = 500
_THROTTLED: Final = 429
_TOLERATED: Final = 30.0  # contract-v1 section 1
_SUPPORTED: Final = "Check which kinds of tokens the issuer supports"
_CREDENTIALS: Final = (
    "Check client_id, the assertion key registered with the gateway, the scopes, and this machine's clock"
)
_HINTS: Final[Mapping[str, str]] = {
    "invalid_scope": "A scope is not registered for this client: check the setting scope, or ask the operator for it",
    "invalid_target": "The issuer gives no tokens for this audience: check the setting audience with the operator",
    "unauthorized_client": "This client may not ask for tokens this way: check the setting auth with the operator",
    "unsupported_grant_type": "This issuer does not know the way tokens are asked for: check the setting auth",
    INVALID_PROOF: "The issuer does not accept our DPoP proof: check this machine's clock, and that token_endpoint is "
    "the address the issuer knows itself by",
    USE_NONCE: "The issuer demanded a nonce again after it was sent. Tell its operator",
}
_OF_TIME: Final = frozenset({"invalid_client", "invalid_grant", INVALID_PROOF})
_DISTRUST: Final = "Check the issuer's certificate, your CA file and this machine's clock"


class _Answer(BaseModel):
    """A token as RFC 6749 section 5.1 has it; without `expires_in` it is taken to live five minutes."""

    access_token: SecretStr
    token_type: str
    expires_in: float = Field(default=300, gt=0, allow_inf_nan=False)
    scope: str | None = None


class _Refusal(BaseModel):
    """A refusal (RFC 6749 section 5.2); its free text is not even read."""

    error: str = Field(pattern="^[a-z_]{1,64}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a token is asked for with.

    Args:
        issuer: the authorization server, the only audience of assertions, named in every error.
        endpoint: where it is asked.
        credentials: who asks.
        scope: scopes asked for; the server's default when None.
        audience: what the token is for, as the parameter `resource` (RFC 8707); the server's default when empty.
        dpop: the key the token is to be bound to; a Bearer token is asked for when None.
    """

    issuer: str
    endpoint: str
    credentials: Credentials
    scope: str | None = None
    audience: str = ""
    dpop: ProofKey | None = None


async def fetch(runtime: Runtime, asking: Asking, until: float, *, clock: Clock) -> tuple[str, float]:
    """Ask for a token: its value, and its lifetime in seconds.

    A refused time is corrected, and a nonce that is demanded is sent; for each of both it is asked once more.

    Raises:
        Unauthorized, Forbidden, ServerFault, ConnectionFailed, UnexpectedReply: each names the issuer; the call was
            not sent.
    """
    causes = {"nonce", "clock"}
    while True:
        applied = clock.offset
        answer = await _ask(runtime, asking, until, clock=clock)
        response = answer.response
        if response.status == _OK:
            return _read(asking, response)
        if response.status not in _REFUSED:
            break
        # The issuer says `invalid_client` and not why; whether it can have been the time, its `Date` tells.
        demanded = answer.nonce and _error_code(response) == USE_NONCE
        cause = "nonce" if demanded else "clock"
        if cause not in causes or not (demanded or clock.adopt(answer.ahead, applied)):
            break
        causes.remove(cause)
    raise _refusal(asking.issuer, response, answer.ahead, applied)


@dataclass(frozen=True, slots=True)
class _Answered:
    response: Response
    ahead: float | None
    """Seconds its clock is ahead of ours."""
    nonce: bool
    """Whether it brought a nonce for DPoP."""


async def _ask(runtime: Runtime, asking: Asking, until: float, *, clock: Clock) -> _Answered:
    before = runtime.wall()
    request = _build(asking, before + clock.offset)
    try:
        response = await runtime.send(request, Limits(until, max_body=64 * 1024))
    except TransportFault as fault:
        code = f"permanent_{fault.kind}" if fault.permanent else fault.kind
        reason = f"no token from {asking.issuer}: {fault.reason}"
        hint = _DISTRUST if fault.kind == "tls" else "Check the issuer's address"
        error = ConnectionFailed(reason, code=code, hint=hint, sent="no")
    else:
        after = runtime.wall()
        ahead = skew(response.headers, before, after)
        if response.status == _OK:
            clock.observe(ahead, after - before)
        nonce = asking.dpop is not None and asking.dpop.learn(asking.endpoint, response.headers)
        return _Answered(response, ahead, nonce)
    raise error


def _build(asking: Asking, at: float) -> Request:
    fields, headers = asking.credentials.prove(asking.issuer, int(at))
    wishes = {name: text for name, text in (("scope", asking.scope), ("resource", asking.audience)) if text}
    form = Form({"grant_type": "client_credentials", **wishes, **fields})
    every = {"accept": "application/json", "content-type": form.content_type, **headers}
    if asking.dpop is not None:
        every["dpop"] = asking.dpop.proof("POST", asking.endpoint, at)
    return Request("POST", asking.endpoint, list(every.items()), form)


def _read(asking: Asking, response: Response) -> tuple[str, float]:
    try:
        answer = _Answer.model_validate_json(response.body)
    except ValidationError:
        answer = None
    if answer is None or not _is_sendable(answer.access_token):
        raise _unusable(asking.issuer, "without a usable token", "token_shape", "Check the issuer's address")
    kind, wanted = answer.token_type.lower(), "bearer" if asking.dpop is None else "dpop"
    if kind != wanted:
        raise _other_kind(asking, downgraded=kind == "bearer")
    contradiction = _contradiction(asking, unchecked_claims(answer.access_token.get_secret_value()))
    if contradiction is not None:
        raise contradiction
    missing = _missing(asking.scope, answer.scope)
    if missing:
        raise Forbidden(
            f"{asking.issuer} granted a token without the scopes {', '.join(missing)}",
            status=response.status,
            code="scope_missing",
            hint="Ask the gateway's operator to grant them to this client, or take them out of the setting scope",
            sent="no",
        )
    return answer.access_token.get_secret_value(), answer.expires_in


def _other_kind(asking: Asking, *, downgraded: bool) -> UnexpectedReply:
    if not downgraded:
        return _unusable(asking.issuer, "with a token of another type than asked for", "token_shape", _SUPPORTED)
    return _unusable(
        asking.issuer,
        "with a Bearer token where one bound to our key was asked for (DPoP)",
        "token_downgrade",
        "It was not used. Ask the issuer's operator to switch DPoP on for this client; if it cannot, and plain tokens "
        "will do, set auth = 'private_key_jwt'",
    )


def _contradiction(asking: Asking, claims: dict[str, object] | None) -> EgovError | None:
    """Why a JWT that says of itself that it is not what was asked for is refused (contract-v1 section 1)."""
    if claims is None:
        return None
    says = claims.get("iss")
    if isinstance(says, str) and says.rstrip("/") != asking.issuer.rstrip("/"):
        return _unusable(
            asking.issuer,
            "with a token of another issuer",
            "token_issuer",
            "It was not used. Check the settings issuer and token_endpoint: both must be of one server",
        )
    if asking.dpop is not None and confirmation(claims, "jkt") != asking.dpop.thumbprint:
        return _unusable(
            asking.issuer,
            "with a token that is not bound to our key (cnf.jkt)",
            "token_binding",
            "It was not used. Tell the issuer's operator; a proxy that replaces tokens must not stand in between",
        )
    return None


def _missing(asked: str | None, granted: str | None) -> list[str]:
    """The scopes that were asked for and not granted; an answer that names none grants all (RFC 6749 section 5.1)."""
    if asked is None or granted is None:
        return []
    return sorted(set(asked.split()) - set(granted.split()))


def _unusable(issuer: str, how: str, code: str, hint: str) -> UnexpectedReply:
    return UnexpectedReply(f"{issuer} answered {how}", code=code, hint=hint, sent="no")


def _is_sendable(token: SecretStr) -> bool:
    """Whether it can stand in a header: visible ASCII (RFC 6749 appendix A.12)."""
    return _VISIBLE.fullmatch(token.get_secret_value()) is not None


def _error_code(response: Response) -> str | None:
    try:
        return _Refusal.model_validate_json(response.body).error
    except ValidationError:
        return None


def _refusal(issuer: str, response: Response, ahead: float | None, applied: float) -> EgovError:
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
    hint = _HINTS.get(named, _CREDENTIALS)
    if ahead is not None and abs(ahead - applied) > _TOLERATED and named in _OF_TIME:
        hint = f"Set this machine's clock: the issuer's is {ahead:+.0f} s from it, too far to be corrected"
    return Unauthorized(
        f"{issuer} refuses this client's {'request' if named in _HINTS else 'credentials'}",
        status=response.status,
        code=named,
        hint=hint,
        sent="no",
    )
