"""A person who has logged in at an identity provider (OpenID Connect Core sections 2 and 5.1)."""

from __future__ import annotations

from pydantic import AwareDatetime

from egov_serang.model import Model
from egov_serang.types import Nik


class Person(Model):
    """Who logged in, as the provider says. `repr` shows when, never who.

    Which claim fills which field is configured (`LoginConfig.claims`); a field that is configured and not declared here
    becomes an attribute of its own.
    """

    issuer: str
    """The provider. A subject means something only together with it."""
    subject: str
    """The provider's name for this person: pairwise (another one for each application) at careful providers."""
    name: str | None = None
    nik: Nik | None = None
    """The population number (*NIK*), where the provider gives it and `claims` says under which name."""
    email: str | None = None
    phone: str | None = None
    birth_date: str | None = None
    """As the provider writes it: ISO 8601 by the standard, at times the year alone."""
    acr: str | None = None
    """The level of assurance that was reached, in the provider's own words."""
    amr: tuple[str, ...] = ()
    """How the person proved who they are, such as `pwd`, `otp`, `face`."""
    authenticated_at: AwareDatetime | None = None
    """When they did."""
