"""The grants: what each `grant_type` gives to a client that has proved itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fastapi import Request

from egov_serang.sandbox.access import issue_token
from egov_serang.sandbox.clients import Client
from egov_serang.sandbox.identity.people import residents, subject_ref
from egov_serang.sandbox.oauth.code import id_token, redeemed
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
    """

    request: Request
    form: Mapping[str, str]
    client: Client
    jkt: str | None = None

    def token(self, here: Platform, scopes: list[str], subject: str | None = None) -> dict[str, str | int]:
        """The members of an answer that grants these scopes to this client, with a token bound to its DPoP key.

        Args:
            here: the sandbox.
            scopes: what is granted.
            subject: the person it is granted for; the client itself where None.
        """
        return {
            "access_token": issue_token(here, self.client.client_id, scopes, jkt=self.jkt, subject=subject),
            "token_type": "Bearer" if self.jkt is None else "DPoP",
            "expires_in": here.settings.token_ttl_s,
            "scope": " ".join(scopes),
        }

    def scopes(self) -> list[str]:
        """The scopes asked for; all the client may have when it names none.

        Raises:
            Refused: invalid_scope.
        """
        scope = self.form.get("scope")
        granted = sorted(self.client.scopes) if scope is None else scope.split()
        if not granted or not self.client.scopes.issuperset(granted):
            raise Refused("invalid_scope", "A scope is not registered for this client.")
        return granted


Grant = Callable[[Platform, Asked], Mapping[str, str | int]]
"""Gives the members of the token answer (RFC 6749 section 5.1), or raises `Refused`."""


def client_credentials(here: Platform, asked: Asked) -> Mapping[str, str | int]:
    """RFC 6749 section 4.4."""
    if asked.client.is_public:
        raise Refused("unauthorized_client", "A public client has nothing of its own to ask for.")
    return asked.token(here, asked.scopes())


def authorization_code(here: Platform, asked: Asked) -> Mapping[str, str | int]:
    """RFC 6749 section 4.1.3, with an identity token (OpenID Connect Core section 3.1.3.3)."""
    found = redeemed(here, asked.client, asked.form)
    subject = subject_ref(here.keys, asked.client.client_id, residents()[found.session.person].nik)
    answer = asked.token(here, list(found.wish.scopes), subject)
    return {**answer, "id_token": id_token(here, asked.client, found, str(answer["access_token"]))}


GRANTS: Final[Mapping[str, Grant]] = MappingProxyType(
    {
        "client_credentials": client_credentials,
        "authorization_code": authorization_code,
    }
)
