"""The audit hook: who was looked up, why, with what outcome; by pseudonym, without the data."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from egov_serang.types import Nik, NoKk


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One processing of a person's data, for the application's own audit trail (Law 27/2022).

    Attributes:
        at: when, in UTC.
        operation: what was done, such as `identity.verify`.
        subject: HMAC-SHA256 of the number under the application's key, in hexadecimal: the same person gives the same
            text, and nobody without the key can tell who it is.
        purpose_code: for which purpose.
        legal_basis: on which basis in law.
        agreement_ref: under which agreement.
        consent_ref: by which consent.
        outcome: what came of it: the service's outcome, or the code of the error.
        transaction_id: the service's number for it.
        request_id: of the last attempt, where the service answered.
        client_reference: the application's own number for it.
    """

    at: datetime
    operation: str
    subject: str
    purpose_code: str
    legal_basis: str
    agreement_ref: str | None = None
    consent_ref: str | None = None
    outcome: str
    transaction_id: str | None = None
    request_id: str | None = None
    client_reference: str | None = None


AuditHook = Callable[[AuditEvent], None]


class Auditor:
    """Makes pseudonyms and hands events on.

    Args:
        hook: gets every event before the call returns; what it raises reaches the caller, since a lookup that cannot
            be recorded must not go unnoticed.
        key: of the pseudonyms, at least 32 bytes.
    """

    __slots__ = ("_key", "hook")

    def __init__(self, hook: AuditHook, key: bytes) -> None:
        self.hook = hook
        self._key = key

    def pseudonym(self, number: Nik | NoKk) -> str:
        """The subject of an event."""
        return hmac.new(self._key, number.reveal().encode(), hashlib.sha256).hexdigest()
