"""Authorization requests, judged (RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core section 3.1.2.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from egov_serang.sandbox.logins import Wish
from egov_serang.sandbox.oauth.refusal import Refused
from egov_serang.sandbox.oauth.scopes import OPENID, SCOPES
from egov_serang.sandbox.platform import Platform

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_PROMPTS: Final = frozenset({"login", "consent", "select_account", "none"})
_LONGEST: Final = 1024


class Unanswerable(Exception):
    """A request whose sender must not be answered: its client or its return address is not known."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def return_address(here: Platform, fields: Mapping[str, str]) -> str:
    """Where the answer to a request goes: registered, and compared as text.

    Raises:
        Unanswerable: it is not.
    """
    client_id, redirect_uri = fields.get("client_id", ""), fields.get("redirect_uri", "")
    app = here.webapps.get(client_id)
    if app is None or here.clients.get(client_id) is None:
        raise Unanswerable("client_id is not registered, or not for logging people in.")
    if redirect_uri not in app.redirect_uris:
        raise Unanswerable("redirect_uri is not registered for this client, exactly as it was sent.")
    return redirect_uri


def judged(here: Platform, fields: Mapping[str, str]) -> Wish:
    """The request, in order. Its client and return address are known (`return_address`).

    Raises:
        Refused: what the client is told.
    """
    client_id = fields["client_id"]
    if fields.get("response_type") != "code":
        raise Refused("unsupported_response_type", "Only response_type=code.")
    if fields.get("response_mode", "query") != "query":
        raise Refused("invalid_request", "Only response_mode=query.")
    if "request" in fields:
        raise Refused("request_not_supported", "Push the request instead (RFC 9126).")
    if fields.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(fields.get("code_challenge", "")):
        raise Refused("invalid_request", "PKCE is required: code_challenge with code_challenge_method=S256.")
    client = here.clients.get(client_id)
    scopes = fields.get("scope", "").split()
    known = SCOPES.keys() | (frozenset[str]() if client is None else client.scopes)
    if OPENID not in scopes or not known >= set(scopes):
        raise Refused("invalid_scope", "openid is needed; others must be registered for this client.")
    if any(len(fields.get(name, "")) > _LONGEST for name in ("state", "nonce")):
        raise Refused("invalid_request", "state and nonce have at most 1024 characters.")
    prompt, max_age = frozenset(fields.get("prompt", "").split()), fields.get("max_age")
    if not prompt <= _PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise Refused("invalid_request", "prompt is not known, or none and something else.")
    if max_age is not None and not re.fullmatch("[0-9]{1,9}", max_age):
        raise Refused("invalid_request", "max_age is a number of seconds.")
    return Wish(
        client_id=client_id,
        redirect_uri=fields["redirect_uri"],
        scopes=tuple(dict.fromkeys(scopes)),
        challenge=fields["code_challenge"],
        state=fields.get("state"),
        nonce=fields.get("nonce"),
        prompt=prompt,
        max_age=None if max_age is None else int(max_age),
    )
