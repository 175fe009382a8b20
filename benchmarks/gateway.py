"""What the benches' gateway says: one small answer for everybody, tokens, and signatures over answers.

Shared by the server and by the transport without a network, so that both say the same. It signs with the SDK's own
signer: nothing is proved here about signatures, they only have to be there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import OKPKey

from egov_serang.signing.algorithms import signer
from egov_serang.signing.base import Message
from egov_serang.signing.digests import content_digest
from egov_serang.signing.keys import PrivateKey
from egov_serang.signing.messages import MessageSigner

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VERIFICATION: Final = json.dumps(
    {
        "transaction_id": "t-0001",
        "outcome": "match",
        "results": {"full_name": "match", "birth_date": "match"},
        "subject_ref": "s-0001",
        "cost": {"amount": "1000.00", "currency": "IDR"},
        "quota_left": 700_000,
        "checked_at": "2026-11-23T10:00:00+07:00",
    }
).encode()


def make_keys(folder: Path) -> None:
    """A client's keys: `assertion.pem` (P-256) and `message.pem` (Ed25519)."""
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "assertion.pem").write_bytes(generate_private_key(SECP256R1()).private_bytes(*form))
    (folder / "message.pem").write_bytes(Ed25519PrivateKey.generate().private_bytes(*form))


def token(*, bound: bool) -> bytes:
    """The answer to a token request."""
    kind = "DPoP" if bound else "Bearer"
    return json.dumps({"access_token": "t" * 700, "token_type": kind, "expires_in": 3600}).encode()


class Seal:
    """The gateway's key: signs answers, each bound to its request."""

    def __init__(self) -> None:
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._signer = MessageSigner(signer(PrivateKey(pem, "gateway")))
        public = OKPKey.import_key(pem).as_dict(private=False)
        self.jwks = json.dumps({"keys": [{**public, "kid": "gateway"}]}).encode()

    def sealed(self, asked: Mapping[str, str], method: str, url: str, body: bytes) -> dict[str, str]:
        """The header fields of a signed answer to a signed request, whose fields are named in lower case."""
        fields = {
            "content-type": "application/json",
            "x-request-id": asked["x-request-id"],
            "content-digest": content_digest([body]),
        }
        created = int(asked["signature-input"].partition("created=")[2].partition(";")[0])
        self._signer.sign_answer(200, fields, Message(asked, method, url), created=created)
        return fields
