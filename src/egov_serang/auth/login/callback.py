"""The answer a browser brings back (RFC 6749 section 4.1.2), and whether it is the answer to this login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from egov_serang.auth.login.transaction import Transaction
from egov_serang.errors import EgovError, Forbidden, ServerFault, Unauthorized
from egov_serang.types import Secret

_KNOWN: Final = ("code", "state", "iss", "error", "response")
_LONGEST: Final = 4096
_MOST_FIELDS: Final = 50
_ANEW: Final = "Let the person begin anew"
_REFUSALS: Final = frozenset({"access_denied", "consent_required"})
_FAULTS: Final = frozenset({"server_error", "temporarily_unavailable"})
_CODES: Final = frozenset(
    {
        *("invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "login_required"),
        *("interaction_required", "account_selection_required", "invalid_request_uri", "invalid_request_object"),
        *("request_not_supported", "request_uri_not_supported", "unmet_authentication_requirements"),
    }
)


class Answer:
    """What came back, not yet believed. Nothing of it is shown."""

    __slots__ = ("_fields",)

    def __init__(self, given: str | Mapping[str, str]) -> None:
        self._fields: dict[str, str] = {}
        pairs = _pairs(given) if isinstance(given, str) else list(given.items())
        for name, value in pairs:
            if name not in _KNOWN:
                continue
            if name in self._fields or not isinstance(value, str) or len(value) > _LONGEST:
                raise _refused("is not one: a field twice, or too long", "login_answer")
            self._fields[name] = value

    @property
    def state(self) -> str:
        """Which login it claims to answer; empty where it does not say."""
        return self._fields.get("state", "")

    def code(self, transaction: Transaction, *, names_itself: bool) -> Secret:
        """The authorization code, once it is sure that this answers this login.

        Args:
            transaction: of the login.
            names_itself: whether the provider promises to say who answers (RFC 9207).

        Raises:
            Unauthorized: it answers another login, or another provider does.
            Forbidden: the person said no.
            ServerFault: the provider cannot now.
        """
        if not transaction.is_state(self.state):
            raise _refused("answers another login (state)", "login_state")
        issuer = self._fields.get("iss")
        if issuer != transaction.issuer and (names_itself or issuer is not None):
            # Mix-up: one provider's code must not be shown to another (RFC 9207 section 1).
            raise _refused("comes from another provider (iss)", "login_issuer")
        error = self._fields.get("error")
        if error is not None:
            raise _refusal(transaction.issuer, error)
        code = self._fields.get("code")
        if not code:
            raise _refused("holds no code", "login_answer")
        return Secret(code)

    def __repr__(self) -> str:
        return "<Answer>"


def _pairs(text: str) -> list[tuple[str, str]]:
    query = text.partition("#")[0]
    if "?" in query:
        query = query.partition("?")[2]
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        pass
    raise _refused("is not one: too many fields", "login_answer")


def _refused(how: str, code: str) -> Unauthorized:
    return Unauthorized(f"the answer the browser brought {how}", code=code, hint=_ANEW, sent="no")


def _refusal(issuer: str, error: str) -> EgovError:
    """The provider's own no. Its code is shown where it is a known one; its free text never is."""
    if error in _REFUSALS:
        return Forbidden("the person, or the provider, did not agree to the login", code=error, sent="no")
    if error in _FAULTS:
        return ServerFault(f"{issuer} cannot log anybody in now", code=error, hint="Try again later", sent="no")
    named = error if error in _CODES else "login_refused"
    hint = "Check client_id, redirect_uri and scopes against the registration" if "inval" in named else _ANEW
    return Unauthorized(f"{issuer} refused the login", code=named, hint=hint, sent="no")
