"""Population identity (*kependudukan*): is this person who they say? And the documents of the civil registry."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import Final, Protocol

from egov_serang.core.audit import AuditEvent
from egov_serang.core.bind import M, Service, Steps, flow, operation, paginated
from egov_serang.core.call import Call
from egov_serang.core.paging import Paged
from egov_serang.errors import EgovError
from egov_serang.models.civil import CivilService
from egov_serang.models.identity import Attributes, Consent, Matching, Purpose, Verification, VerificationOutcome
from egov_serang.services.arguments import nik
from egov_serang.services.civil import CivilApplications, CivilWire
from egov_serang.types import Nik, NoKk

_PAUSE: Final = 1.0


class IdentityWire(Protocol):
    """What a wire for identity can build."""

    def verify(
        self,
        subject: Nik | NoKk,
        attributes: Attributes | None,
        *,
        purpose: Purpose,
        consent: Consent | None,
        matching: Matching | None,
        client_reference: str | None,
    ) -> Call[Verification]: ...
    def verification(self, transaction_id: str) -> Call[Verification]: ...
    @property
    def civil(self) -> CivilWire: ...


class Identity(Service[M], path="identity"):
    """Verification of persons against the population register, where only verdicts come back; civil registration."""

    wire: IdentityWire

    @cached_property
    def applications(self) -> CivilApplications[M]:
        """Applications for documents of the civil registry."""
        return CivilApplications(self.engine, self.wire.civil, self.mode)

    @paginated
    def civil_services(self, *, limit: int | None = None, cursor: str | None = None) -> Paged[CivilService]:
        """The services of the civil registry (*layanan adminduk*), with their forms and required documents.

        Args:
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`.

        Source: contract-v1 section 4.
        """
        return self.wire.civil.services(limit, cursor)

    @flow
    async def verify(
        self,
        step: Steps,
        subject: Nik | NoKk | str,
        attributes: Attributes | None = None,
        *,
        purpose: Purpose,
        consent: Consent | None = None,
        matching: Matching | None = None,
        client_reference: str | None = None,
    ) -> Verification:
        """Verify a person (*verifikasi, padanan data*). Follows a pending answer within the deadline.

        Args:
            subject: the NIK, or the family card number as `NoKk`; text is taken as a NIK.
            attributes: the data to compare; without it only the number's standing is checked.
            purpose: why, and on which legal basis; required by law.
            consent: the person's consent, where the purpose needs it.
            matching: how to compare, per attribute: `"exact"` (default) or `{"score": n}`, n from 0 to 100.
            client_reference: your own number for this verification; echoed and checked.

        Returns:
            The verdicts. Every outcome (no match, deceased, not found ...) is a result; `pending` comes back only
            where the register needs longer than the deadline: ask `verification(transaction_id)` later.

        Raises:
            Invalid: the number has not 16 digits, or an attribute is malformed.
            Forbidden: the purpose, consent or agreement does not allow it.
            QuotaExhausted: the agreed number of verifications is used up.

        Source: contract-v1 section 4.
        """
        who = subject if isinstance(subject, NoKk) else nik(subject)
        del subject
        call = self.wire.verify(
            who,
            attributes,
            purpose=purpose,
            consent=consent,
            matching=matching,
            client_reference=client_reference,
        )
        try:
            found = await self._follow(step, call)
        except EgovError as error:
            self._audit(who, purpose, consent, reference=client_reference, outcome=error.code, request=error.request_id)
            raise
        request_id = step.last.request_id if step.last else None
        self._audit(who, purpose, consent, reference=client_reference, outcome=found, request=request_id)
        return found

    async def _follow(self, step: Steps, call: Call[Verification]) -> Verification:
        reply = await step(call, "verify")
        while reply.data.outcome is VerificationOutcome.PENDING:
            hint = reply.headers.get("retry-after", "")
            pause = float(hint) if hint.isascii() and hint.isdigit() else _PAUSE
            if pause >= step.remaining():
                break
            await step.sleep(pause)
            reply = await step(self.wire.verification(reply.data.transaction_id))
        return reply.data

    def _audit(
        self,
        who: Nik | NoKk,
        purpose: Purpose,
        consent: Consent | None,
        *,
        reference: str | None,
        outcome: Verification | str | None,
        request: str | None,
    ) -> None:
        audit = self.engine.audit
        if audit is None:
            return
        found = outcome if isinstance(outcome, Verification) else None
        audit.hook(
            AuditEvent(
                at=datetime.fromtimestamp(self.engine.runtime.wall(), UTC),
                operation="identity.verify",
                subject=audit.pseudonym(who),
                purpose_code=purpose.purpose_code,
                legal_basis=purpose.legal_basis,
                agreement_ref=purpose.agreement_ref,
                consent_ref=consent.consent_ref if consent else None,
                outcome=str(found.outcome) if found else str(outcome or "failed"),
                transaction_id=found.transaction_id if found else None,
                request_id=request,
                client_reference=reference,
            )
        )

    @operation
    def verification(self, transaction_id: str) -> Call[Verification]:
        """Read a verification again, such as one that was pending.

        Args:
            transaction_id: as `verify` returned it.

        Raises:
            NotFound: there is none, or it is another client's.

        Source: contract-v1 section 4.
        """
        return self.wire.verification(transaction_id)
