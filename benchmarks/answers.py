"""What configurations cost: A (Bearer token), B (A with answers verified), C (B with DPoP). A transport signs.

usage: python -m benchmarks.answers ROWS
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

from benchmarks.drive import used
from benchmarks.gateway import Seal, make_keys, token

from egov_serang import Client, Config
from egov_serang.core.message import Headers, Response

if TYPE_CHECKING:
    from egov_serang.core.message import Limits, Request

BODY = json.dumps(
    {"complaint_id": "c-1", "service_code": "sampah", "status": "submitted", "version": 1, "description": "x" * 400}
).encode()


class Signing:
    """A gateway as a transport: the same signed answer for everybody, and its key."""

    def __init__(self) -> None:
        self._seal = Seal()

    def send(self, request: Request, limits: Limits) -> Response:
        """Answer, signed."""
        asked = dict(request.headers)
        fields = {"content-type": "application/json"}
        if request.url.endswith("/oauth2/token"):
            body = token(bound="dpop" in asked)
        elif request.url.endswith("/jwks.json"):
            body = self._seal.jwks
        else:
            body = BODY
            fields = self._seal.sealed(asked, request.method, request.url, BODY)
        return Response(200, Headers(fields.items()), body)

    def close(self) -> None:
        """Nothing to close."""


def measured(rows: int, rounds: int = 5) -> dict[str, float]:
    """Microseconds of CPU a call in configurations A, B and C."""
    clients = configurations()
    seen: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(rounds):
        for name, client in clients.items():
            client.complaints.get("c-1")
            start = used()
            for _ in range(rows):
                client.complaints.get("c-1")
            seen[name].append((used() - start) / rows * 1e6)
    return {name: statistics.median(found) for name, found in seen.items()}


def main(rows: int) -> None:
    """Measure and print."""
    a, b, c = measured(rows).values()
    print(
        f"CPU a call without a network: A {a:.0f} us, B {b:.0f} us, C {c:.0f} us; "
        f"verifying an answer {b - a:.0f} us, proving possession {c - b:.0f} us"
    )


def configurations() -> dict[str, Client]:
    """A client of each configuration."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_keys(folder)
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
