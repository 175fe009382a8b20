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
_LOOPBACK: Final = re.compile(r"http://(?P<host>127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?(?P<rest>/[^#]*)")
_PROMPTS: Final = frozenset({"login", "consent", "select_account", "none"})
_LONGEST: Final = 1024


class Unanswerable(Exception):
    """A request whose sender must not be answered: its client or its return address is not known."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def return_address(here: Platform, fields: Mapping[str, str]) -> str:
    """Where the answer to a request goes: registered, and compared as text, but for a program's port on this machine.

    Raises:
        Unanswerable: it is not.
    """
    client_id, redirect_uri = fields.get("client_id", ""), fields.get("redirect_uri", "")
    app, client = here.webapps.get(client_id), here.clients.get(client_id)
    if app is None or client is None:
        raise Unanswerable("client_id is not registered, or not for logging people in.")
    known = set(app.redirect_uris)
    if client.public:
        known |= {portless for uri in known if (portless := _portless(uri)) is not None}
        if _portless(redirect_uri) in known:
            return redirect_uri
    if redirect_uri not in known:
        raise Unanswerable("redirect_uri is not registered for this client, exactly as it was sent.")
    return redirect_uri


def _portless(uri: str) -> str | None:
    """A return address on this machine without its port; None for any other (RFC 8252 section 7.3).

    A program takes the port it gets; and for names, `localhost` too, nothing is certain (section 8.3).
    """
    found = _LOOPBACK.fullmatch(uri)
    return None if found is None else f"http://{found['host']}{found['rest']}"


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
    registered = frozenset[str]() if client is None else client.scopes
    scopes = fields["scope"].split() if "scope" in fields else sorted(registered)
    # Without openid it is plain OAuth: access for the person, and no word about who they are.
    known = registered | (SCOPES.keys() if OPENID in scopes else frozenset[str]())
    if not scopes or not known >= set(scopes):
        raise Refused("invalid_scope", "A scope is not registered for this client, or is one of openid without it.")
    if any(len(fields.get(name, "")) > _LONGEST for name in ("state", "nonce")):
        raise Refused("invalid_request", "state and nonce have at most 1024 characters.")
    if fields.get("resource", here.settings.audience) != here.settings.audience:
        raise Refused("invalid_target", "There are no tokens for this resource here.")
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
