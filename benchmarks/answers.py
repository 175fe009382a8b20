"""What configurations cost: A (Bearer token), B (A with answers verified), C (B with DPoP). A transport signs.

usage: python answers.py ROWS
No network: the transport signs each answer with Ed25519 in this process, for all alike, so that the differences
of CPU a call are the SDK's own. Rounds are interleaved and the median counts.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import OKPKey
from sdk import used

from egov_serang import Client, Config
from egov_serang.core.message import Headers, Response
from egov_serang.signing.algorithms import signer
from egov_serang.signing.base import Message
from egov_serang.signing.digests import content_digest
from egov_serang.signing.keys import PrivateKey
from egov_serang.signing.messages import MessageSigner

if TYPE_CHECKING:
    from egov_serang.core.message import Limits, Request

BODY = json.dumps(
    {"complaint_id": "c-1", "service_code": "sampah", "status": "submitted", "version": 1, "description": "x" * 400}
).encode()


class Signing:
    """A gateway as a transport: the same signed answer for everybody, and its key."""

    def __init__(self) -> None:
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        key = PrivateKey(pem, "gateway")
        self._signer = MessageSigner(signer(key))
        public = OKPKey.import_key(pem).as_dict(private=False)
        self._jwks = json.dumps({"keys": [{**public, "kid": "gateway"}]}).encode()

    def send(self, request: Request, limits: Limits) -> Response:
        """Answer, signed."""
        asked = dict(request.headers)
        if request.url.endswith("/oauth2/token"):
            kind = "DPoP" if "dpop" in asked else "Bearer"
            token = {"access_token": "t" * 700, "token_type": kind, "expires_in": 3600}
            return Response(200, Headers([("content-type", "application/json")]), json.dumps(token).encode())
        if request.url.endswith("/jwks.json"):
            return Response(200, Headers([("content-type", "application/json")]), self._jwks)
        fields = {"content-type": "application/json", "x-request-id": asked["x-request-id"]}
        fields["content-digest"] = content_digest([BODY])
        created = int(asked["signature-input"].partition("created=")[2].partition(";")[0])
        self._signer.sign_answer(200, fields, Message(asked, request.method, request.url), created=created)
        return Response(200, Headers(fields.items()), BODY)

    def close(self) -> None:
        """Nothing to close."""


def main(rows: int) -> None:
    """Measure and print."""
    clients = configurations()
    seen: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(5):
        for name, client in clients.items():
            client.complaints.get("c-1")
            start = used()
            for _ in range(rows):
                client.complaints.get("c-1")
            seen[name].append((used() - start) / rows * 1e6)
    a, b, c = (statistics.median(seen[name]) for name in "ABC")
    print(
        f"CPU a call without a network: A {a:.0f} us, B {b:.0f} us, C {c:.0f} us; "
        f"verifying an answer {b - a:.0f} us, proving possession {c - b:.0f} us"
    )


def configurations() -> dict[str, Client]:
    """A client of each configuration."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "message.pem").write_bytes(Ed25519PrivateKey.generate().private_bytes(*form))
        (folder / "assertion.pem").write_bytes(generate_private_key(SECP256R1()).private_bytes(*form))
        config = Config(
            gateway="https://gateway.invalid",
            client_id="bench",
            key_file=folder / "assertion.pem",
            signing_key_file=folder / "message.pem",
        )
        return {
            "A": Client(config.with_(verify_answers=False), transport=Signing()),
            "B": Client(config.with_(verify_answers=True), transport=Signing()),
            "C": Client(config.with_(verify_answers=True, auth="fapi2"), transport=Signing()),
        }


if __name__ == "__main__":
    main(int(sys.argv[1]))
