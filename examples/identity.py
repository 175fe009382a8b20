"""Verify a resident. No data comes back, only verdicts."""

from __future__ import annotations

from datetime import date

from egov_serang import Client, Nik
from egov_serang.models.identity import Attributes, Purpose, VerificationOutcome

resident = Nik("9973010101900000")  # the sandbox's: province 99 does not exist, so it is nobody's

with Client() as client:
    verification = client.identity.verify(
        resident,
        Attributes(full_name="Warga Contoh", birth_date=date(1990, 1, 1)),
        purpose=Purpose(purpose_code="permit", legal_basis="public_task"),
    )
    print(resident, verification.outcome, verification.outcome is VerificationOutcome.MATCH)
