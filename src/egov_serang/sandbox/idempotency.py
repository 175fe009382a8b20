"""Idempotency records (contract-v1 section 1): the effect and its answer are committed together.

Scope = client, method and path; fingerprint = method, target URI and body digest. Kept for the ttl: 2xx, 404, 409
`invalid_transition`, 410 and 422. The key itself is stored hashed, since clients put all sorts of things in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from fastapi import Request, Response
from sqlalchemy import JSON, LargeBinary, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from egov_serang.sandbox.db import Base
from egov_serang.sandbox.platform import Platform
from egov_serang.sandbox.problems import Problem

_KEPT_STATUS: Final = frozenset({404, 410, 422})
_KEPT_HEADERS: Final = ("content-type", "etag", "location")
_KEY_MAX: Final = 255


class IdempotencyRow(Base):
    """One answered write."""

    __tablename__ = "idempotency_records"

    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[dict[str, str]] = mapped_column(JSON)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[float] = mapped_column(index=True)


class Once:
    """The idempotency of one request.

    Raises:
        Problem: idempotency_missing without a usable `Idempotency-Key`.
    """

    def __init__(self, platform: Platform, request: Request, target_uri: str, client_id: str, body: bytes) -> None:
        key = request.headers.get("idempotency-key", "")
        if not 1 <= len(key) <= _KEY_MAX:
            raise Problem("idempotency_missing", "Send an Idempotency-Key of 1 to 255 characters.")
        self._platform = platform
        self.scope = _digest(client_id, request.method, request.scope["raw_path"].decode("latin-1"), key)
        self.fingerprint = _digest(request.method, target_uri, hashlib.sha256(body).hexdigest())

    @contextmanager
    def in_flight(self) -> Generator[None]:
        """Hold the key while its call is under way.

        Raises:
            Problem: idempotency_in_progress when another call holds it.
        """
        under_way = self._platform.in_flight
        if self.scope in under_way:
            raise Problem("idempotency_in_progress", "A call with this key is still under way.", retry_after_s=1)
        under_way.add(self.scope)
        try:
            yield
        finally:
            under_way.discard(self.scope)

    def find(self, session: Session) -> Response | None:
        """The kept answer.

        Raises:
            Problem: idempotency_mismatch when the key was used for another request.
        """
        row = session.get(IdempotencyRow, self.scope)
        if row is None or row.expires_at <= self._now().timestamp():
            return None
        if row.fingerprint != self.fingerprint:
            raise Problem("idempotency_mismatch", "This key was used for a different request.")
        return Response(row.body, row.status, {**row.headers, "Idempotency-Replayed": "true"})

    def keep(self, session: Session, response: Response) -> None:
        """Keep an answer, in the transaction of its effect."""
        now = self._now()
        session.execute(delete(IdempotencyRow).where(IdempotencyRow.expires_at <= now.timestamp()))
        session.add(
            IdempotencyRow(
                scope=self.scope,
                fingerprint=self.fingerprint,
                status=response.status_code,
                headers={name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
                body=bytes(response.body),
                expires_at=(now + timedelta(seconds=self._platform.city.limits.idempotency_ttl_s)).timestamp(),
            )
        )

    def _now(self) -> datetime:
        return self._platform.clock.now()


def is_kept(status: int, code: str | None) -> bool:
    """Whether an answer of this status (and problem code) is kept for replay."""
    return 200 <= status < 300 or status in _KEPT_STATUS or code == "invalid_transition"  # noqa: PLR2004


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
