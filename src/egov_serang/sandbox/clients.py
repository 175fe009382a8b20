"""Registered clients: one JWKS each, where `use` tells assertion keys (`sig`) from message keys (`httpsig`)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import import_key
from sqlalchemy import JSON, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.sandbox.db import KEPT, Base
from egov_serang.sandbox.jose import JoseKey, assertion_algorithms, is_encryptable, message_algorithm
from egov_serang.sandbox.problems import FieldError, Problem

USE_ASSERTION: Final = "sig"
USE_MESSAGE: Final = "httpsig"
USE_ENCRYPTION: Final = "enc"


class ClientRow(Base):
    """A registration."""

    __tablename__ = "clients"
    __table_args__ = KEPT

    client_id: Mapped[str] = mapped_column(primary_key=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    jwks: Mapped[dict[str, Any]] = mapped_column(JSON)
    secret_hash: Mapped[str | None]
    public: Mapped[bool] = mapped_column(default=False)


@dataclass(frozen=True, slots=True)
class MessageKey:
    """A key that signs requests, with the only algorithm it may be used with."""

    algorithm: str
    key: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Client:
    """A client as registered, its keys ready for use."""

    client_id: str
    scopes: frozenset[str]
    assertion_keys: Mapping[str, JoseKey] = field(repr=False)
    message_keys: Mapping[str, MessageKey] = field(repr=False)
    secret_hash: str | None = field(repr=False)
    encryption_keys: Mapping[str, JoseKey] = field(repr=False)
    public: bool = False
    """Whether it can keep no secret, as a program on people's own machines (RFC 6749 section 2.1)."""

    def has_secret(self, secret: str) -> bool:
        """Whether this is the client's secret."""
        return self.secret_hash is not None and hmac.compare_digest(self.secret_hash, _hashed(secret))


class Clients:
    """All registrations, read once from the database and kept at hand, since every request asks.

    Args:
        algorithms: what this gateway lets requests be signed with (RFC 9421 names).
    """

    def __init__(self, session: Session, algorithms: Collection[str]) -> None:
        self._algorithms = algorithms
        self._by_id = {row.client_id: _client(row, algorithms) for row in session.scalars(select(ClientRow))}

    def get(self, client_id: str) -> Client | None:
        """The client, if registered."""
        return self._by_id.get(client_id)

    def holder_of(self, kid: str | None) -> Client | None:
        """The client with this assertion key: an assertion need not be accompanied by a `client_id`."""
        return next((client for client in self._by_id.values() if kid in client.assertion_keys), None)

    def register(
        self,
        session: Session,
        client_id: str,
        scopes: Sequence[str],
        jwks: Mapping[str, Any],
        secret: str | None,
        *,
        public: bool = False,
    ) -> None:
        """Add or replace a client. It counts at once; the caller commits.

        Raises:
            Problem: validation_failed for a JWKS that is not one of public (or, for HMAC, symmetric) usable keys.
        """
        row = ClientRow(
            client_id=client_id,
            scopes=list(scopes),
            jwks=dict(jwks),
            secret_hash=None if secret is None else _hashed(secret),
            public=public,
        )
        client = _client(row, self._algorithms)
        session.merge(row)
        self._by_id[client_id] = client


def _client(row: ClientRow, algorithms: Collection[str]) -> Client:
    assertion_keys: dict[str, JoseKey] = {}
    message_keys: dict[str, MessageKey] = {}
    encryption_keys: dict[str, JoseKey] = {}
    for index, jwk in enumerate(row.jwks.get("keys", [])):
        members = {name: value for name, value in jwk.items() if name not in {"use", "kid", "alg", "key_ops"}}
        try:
            key = import_key(members)
        except (JoseError, ValueError, KeyError, TypeError):
            raise _bad_key(index, algorithms) from None
        kid = jwk.get("kid") or key.thumbprint()
        algorithm = message_algorithm(key)
        if jwk.get("use") == USE_MESSAGE and algorithm in algorithms:
            message_keys[kid] = MessageKey(str(algorithm), key.public_key)
        elif jwk.get("use") == USE_ASSERTION and assertion_algorithms(key):
            assertion_keys[kid] = key
        elif jwk.get("use") == USE_ENCRYPTION and is_encryptable(key):
            encryption_keys[kid] = key
        else:
            raise _bad_key(index, algorithms)
    return Client(
        row.client_id,
        frozenset(row.scopes),
        assertion_keys,
        message_keys,
        row.secret_hash,
        encryption_keys,
        row.public,
    )


def _bad_key(index: int, algorithms: Collection[str]) -> Problem:
    detail = (
        f"a public key with use {USE_ASSERTION!r} (assertions), {USE_ENCRYPTION!r} (identity tokens: EC or RSA) or "
        f"{USE_MESSAGE!r} (messages: {', '.join(algorithms)}) is wanted"
    )
    return Problem("validation_failed", errors=[FieldError(f"/jwks/keys/{index}", "jwk", detail)])


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
