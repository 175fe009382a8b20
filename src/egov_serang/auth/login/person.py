"""From claims to a person, by configuration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import ValidationError

from egov_serang.auth.login.id_token import seconds
from egov_serang.errors import UnexpectedReply
from egov_serang.models.login import Person


def person_of(claims: Mapping[str, Any], names: Mapping[str, str]) -> Person:
    """The person of these claims.

    Args:
        claims: of the identity token, which were judged, and of userinfo.
        names: which claim fills which field.

    Raises:
        UnexpectedReply: a claim is not of the kind its field wants; names the field, never what it holds.
    """
    found = {field: value for field, claim in names.items() if (value := claim_at(claims, claim)) is not None}
    at = seconds(claims, "auth_time")
    own = {
        "issuer": claims["iss"],
        "subject": claims["sub"],
        "acr": claims.get("acr"),
        "amr": claims.get("amr") or (),
        "authenticated_at": None if at is None else datetime.fromtimestamp(at, UTC),
    }
    try:
        return Person.model_validate(found | own)
    except ValidationError as error:
        wrong = sorted({str(one["loc"][0]) for one in error.errors(include_input=False, include_context=False)})
    raise UnexpectedReply(
        f"the provider's claims for {', '.join(wrong)} are not what these fields hold",
        code="login_claims",
        hint="Check the setting claims against what the provider documents",
    )


def claim_at(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by a JSON Pointer (RFC 6901) where the name begins with a slash; None where it is not."""
    if not name.startswith("/"):
        return claims.get(name)
    found: Any = claims
    for part in name[1:].split("/"):
        if not isinstance(found, dict):
            return None
        found = cast("dict[str, Any]", found).get(part.replace("~1", "/").replace("~0", "~"))
    return found
