"""What the sandbox must still know after a restart: its keys, its pepper, the token of its control routes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, import_key
from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.db import KEPT, Base

ALGORITHM: Final = "ES256"

_MESSAGE_KEYS: Final[Mapping[str, Callable[[], ECKey | OKPKey]]] = MappingProxyType(
    {
        "ed25519": lambda: OKPKey.generate_key("Ed25519"),
        "ecdsa-p256-sha256": lambda: ECKey.generate_key("P-256"),
    }
)
"""How a key for an algorithm of RFC 9421 is made."""


class SecretRow(Base):
    """One secret of the server. The database file is 0600 for their sake."""

    __tablename__ = "server_secrets"
    __table_args__ = KEPT

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


class ServerKeys:
    """The keys of one sandbox, made on first use and kept in its database. The caller commits.

    Args:
        city: which city a new database is for; answers are signed with the algorithm it prefers.
    """

    def __init__(self, session: Session, city: Municipality) -> None:
        jwk = _kept(session, "signing_key", lambda: ECKey.generate_key("P-256").as_dict(private=True))
        self.signing_key = ECKey.import_key(jwk)
        self.kid = self.signing_key.thumbprint()
        self._message_algorithm = city.message_algorithms[0]
        make = _MESSAGE_KEYS[self._message_algorithm]
        message = import_key(_kept(session, "message_key", lambda: make().as_dict(private=True)))
        self.message_key: Any = message.private_key
        """Signs answers; another than the key of tokens, whose signatures mean something else."""
        self.message_kid = message.thumbprint()
        self._message_public = message.as_dict(private=False)
        self.sandbox_token: str = _kept(session, "sandbox_token", lambda: secrets.token_urlsafe(24))
        self.city: str = _kept(session, "city", lambda: city.code)
        """The code of the city this database is of."""
        self._pepper = bytes.fromhex(_kept(session, "pepper", lambda: secrets.token_hex(32)))

    def sign(self, claims: dict[str, Any], *, typ: str = "JWT") -> str:
        """A compact JWS by the gateway's key, checkable with `jwks()`: access tokens, evidence, licences."""
        return jwt.encode({"alg": ALGORITHM, "kid": self.kid, "typ": typ}, claims, self.signing_key, [ALGORITHM])

    def jwks(self) -> dict[str, Any]:
        """The public key set.

        `alg` tells the key of tokens and licences (a JWS name) from that of answers (an RFC 9421 name, which no JWS
        may have). `use` could not: JOSE libraries refuse a whole set in which it is neither `sig` nor `enc`.
        """
        public = self.signing_key.as_dict(private=False)
        return {
            "keys": [
                {**public, "kid": self.kid, "use": "sig", "alg": ALGORITHM},
                {**self._message_public, "kid": self.message_kid, "use": "sig", "alg": self._message_algorithm},
            ]
        }

    def pseudonym(self, *parts: str) -> str:
        """A keyed hash (hex): the same parts give the same text, and nobody without the pepper can go back."""
        return hmac.digest(self._pepper, "\n".join(parts).encode(), hashlib.sha256).hex()


def _kept(session: Session, name: str, make: Callable[[], Any]) -> Any:
    row = session.get(SecretRow, name)
    if row is None:
        row = SecretRow(name=name, value=make())
        session.add(row)
    return row.value
