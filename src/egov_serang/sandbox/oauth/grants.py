"""The grants: what each `grant_type` gives to a client that has proved itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Request

from egov_serang.sandbox.access import issue_token
from egov_serang.sandbox.clients import Client
from egov_serang.sandbox.oauth.families import Login
from egov_serang.sandbox.oauth.refusal import Refused
from egov_serang.sandbox.platform import Platform


@dataclass(frozen=True, slots=True)
class Asked:
    """A token request whose client has proved itself.

    Attributes:
        request: as it came.
        form: its fields, each once. Secrets are among them.
        client: who asks.
        jkt: thumbprint of the key it proves to hold (DPoP); None where it brings no proof.
        x5t: thumbprint of the certificate it has proved itself with; None where it did so otherwise.
    """

    request: Request
    form: Mapping[str, str]
    client: Client
    jkt: str | None = None
    x5t: str | None = None

    def token(self, here: Platform, scopes: list[str], subject: str | None = None) -> dict[str, str | int]:
        """The members of an answer that grants these scopes; the token is bound to the DPoP key or certificate shown.

        Args:
            here: the sandbox.
            scopes: what is granted.
            subject: the person who granted it; the client itself by default.
        """
        return {
            "access_token": issue_token(here, self.client.client_id, scopes, bound=self._bound(), subject=subject),
            "token_type": "Bearer" if self.jkt is None else "DPoP",
            "expires_in": here.settings.token_ttl_s,
            "scope": " ".join(scopes),
        }

    def _bound(self) -> dict[str, str]:
        held = {"jkt": self.jkt, "x5t#S256": self.x5t}
        return {name: thumbprint for name, thumbprint in held.items() if thumbprint is not None}

    def aim(self, here: Platform, resource: object) -> None:
        """Refuse a token for another service than this gateway (RFC 8707 section 2).

        Raises:
            Refused: invalid_target.
        """
        if resource is not None and resource != here.settings.audience:
            raise Refused("invalid_target", "There are no tokens for this resource here.")

    def scopes(self, signed: str | None = None) -> list[str]:
        """The scopes asked for; all the client may have when it names none.

        Args:
            signed: those of a signed statement, where there is one: the form cannot ask for others.

        Raises:
            Refused: invalid_scope.
        """
        scope = self.form.get("scope", signed)
        granted = granted_scopes(self.client, scope)
        if signed is not None and not set(signed.split()).issuperset(granted):
            raise Refused("invalid_scope", "A scope of the form is not in the assertion.")
        return granted


def granted_scopes(client: Client, scope: str | None) -> list[str]:
    """The scopes of this text; all the client may have where there is none.

    Raises:
        Refused: invalid_scope.
    """
    granted = sorted(client.scopes) if scope is None else scope.split()
    if not granted or not client.scopes.issuperset(granted):
        raise Refused("invalid_scope", "A scope is not registered for this client.")
    return granted


def personal(here: Platform, asked: Asked, login: Login) -> dict[str, str | int]:
    """The answer to a client a person let in: an access token for the person, and a refresh token."""
    asked.aim(here, asked.form.get("resource"))
    follower = here.families.begin(login, here.clock.timestamp())
    return {**asked.token(here, list(login.scopes), login.subject), "refresh_token": follower}


Grant = Callable[[Platform, Asked], Mapping[str, str | int]]
"""Gives the members of the token answer (RFC 6749 section 5.1), or raises `Refused`."""


def client_credentials(here: Platform, asked: Asked) -> Mapping[str, str | int]:
    """RFC 6749 section 4.4; `resource` may say what the token is for (RFC 8707)."""
    asked.aim(here, asked.form.get("resource"))
    return asked.token(here, asked.scopes())


def refresh_token(here: Platform, asked: Asked) -> Mapping[str, str | int]:
    """RFC 6749 section 6, with rotation: the refresh token is good once, and the answer has the next."""
    asked.aim(here, asked.form.get("resource"))
    token, now = asked.form.get("refresh_token", ""), here.clock.timestamp()
    login = here.families.login_of(token, asked.client.client_id)
    if login is not None and login.jkt != asked.jkt:
        raise Refused("invalid_dpop_proof", "The login is bound to another key.")
    scopes = asked.form["scope"].split() if "scope" in asked.form else list(login.scopes if login else ())
    if login is not None and (not scopes or not set(login.scopes).issuperset(scopes)):
        raise Refused("invalid_scope", "The person did not allow this scope.")
    follower = here.families.redeem(token, asked.client.client_id, now)
    if login is None or follower is None:
        raise Refused("invalid_grant", "The refresh token is unknown, over, or was used before.")
    return {**asked.token(here, scopes, login.subject), "refresh_token": follower}
