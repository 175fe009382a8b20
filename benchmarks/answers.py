"""What verifying an answer costs: configuration B (answers verified) less A (not), over a transport that signs.

usage: python answers.py ROWS
No network: the transport signs each answer with Ed25519 in this process, for both alike, so that the difference
of CPU a call is the SDK's own. Rounds are interleaved and the median counts.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

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
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "message.pem"
        form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        key.write_bytes(Ed25519PrivateKey.generate().private_bytes(*form))
        config = Config(gateway="https://gateway.invalid", auth="none", signing_key_file=key)
        clients = {
            name: Client(config.with_(verify_answers=verify), transport=Signing())
            for name, verify in (("A", False), ("B", True))
        }
    seen: dict[str, list[float]] = {"A": [], "B": []}
    for _ in range(5):
        for name, client in clients.items():
            client.complaints.get("c-1")
            start = used()
            for _ in range(rows):
                client.complaints.get("c-1")
            seen[name].append((used() - start) / rows * 1e6)
    a, b = (statistics.median(seen[name]) for name in "AB")
    print(f"CPU a call without a network: A {a:.0f} us, B {b:.0f} us; verifying an answer {b - a:.0f} us")


if __name__ == "__main__":
    main(int(sys.argv[1]))
