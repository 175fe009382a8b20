"""Population identity (*kependudukan*): is this person who they say?"""

from __future__ import annotations

from typing import Final, Protocol

from egov_serang.core.bind import M, Service, Steps, flow, operation
from egov_serang.core.call import Call
from egov_serang.models.identity import Attributes, Consent, Matching, Purpose, Verification, VerificationOutcome
from egov_serang.services.arguments import nik
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


class Identity(Service[M]):
    """Verification of persons against the population register. No registered data comes back, only verdicts."""

    wire: IdentityWire

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
        reply = await step(call, "verify")
        while reply.data.outcome is VerificationOutcome.PENDING:
            hint = reply.headers.get("retry-after", "")
            pause = float(hint) if hint.isascii() and hint.isdigit() else _PAUSE
            if pause >= step.remaining():
                break
            await step.sleep(pause)
            reply = await step(self.wire.verification(reply.data.transaction_id))
        return reply.data

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
