"""Looking into a JWT access token, for what it says of itself. Nothing of it is trusted: it only may be refused."""

from __future__ import annotations

import base64
import json
import re
from typing import Final, cast

_JWT: Final = re.compile(r"[\w-]+\.([\w-]+)\.[\w-]+", re.ASCII)


def unchecked_claims(token: str) -> dict[str, object] | None:
    """The claims of a JWT, its signature unchecked; None for a token of another form, which is nobody's to read."""
    found = _JWT.fullmatch(token)
    if found is None:
        return None
    try:
        claims: object = json.loads(base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, object]", claims) if isinstance(claims, dict) else None


def confirmation(claims: dict[str, object], method: str) -> object:
    """What a token is bound to: a member of its `cnf` (RFC 7800), such as `jkt`; None where it is not."""
    found = claims.get("cnf")
    return cast("dict[str, object]", found).get(method) if isinstance(found, dict) else None
