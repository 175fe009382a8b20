"""Identity over the gateway (contract-v1 section 4)."""

from __future__ import annotations

from egov_serang.core.body import given
from egov_serang.core.call import Call
from egov_serang.core.decode import Decode
from egov_serang.models.identity import Attributes, Consent, Matching, Purpose, Verification
from egov_serang.types import Nik, NoKk
from egov_serang.wires.gateway.calls import get, post
from egov_serang.wires.gateway.civil import CivilGateway


class IdentityGateway:
    """Builds the calls of `client.identity`."""

    def __init__(self) -> None:
        self.civil = CivilGateway()

    def verify(
        self,
        subject: Nik | NoKk,
        attributes: Attributes | None,
        *,
        purpose: Purpose,
        consent: Consent | None,
        matching: Matching | None,
        client_reference: str | None,
    ) -> Call[Verification]:
        body = given(
            subject={"no_kk" if isinstance(subject, NoKk) else "nik": subject},
            attributes=attributes.model_dump(exclude_none=True) if attributes else None,
            matching=matching,
            purpose=purpose.model_dump(exclude_none=True),
            consent=consent.model_dump(exclude_none=True) if consent else None,
            client_reference=client_reference,
        )
        return post(
            "identity.verify",
            "/v1/identity/verifications",
            Decode(Verification, unique=True),
            body,
            client_reference=client_reference,
        )

    def verification(self, transaction_id: str) -> Call[Verification]:
        return get(
            "identity.verification",
            "/v1/identity/verifications/{transaction_id}",
            Decode(Verification, unique=True),
            {"transaction_id": transaction_id},
        )
