"""What a careful team writes without an SDK: httpx, gather, tenacity, pydantic, http-message-signatures, a token.

usage: python -m benchmarks.opponent URL ROWS IN_FLIGHT
Signs what a gateway of contract v1 demands; fetches its token once and again before it ends. It does not check that an
answer is its own, nor does it know whether a write was sent: it is the least that works.
"""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
from datetime import datetime
from decimal import Decimal

import httpx
from benchmarks.drive import body, by_gather
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from pydantic import BaseModel
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

COVERED = ("@method", "@target-uri", "content-type", "content-digest", "idempotency-key", "authorization")
EARLY = 60.0


class Cost(BaseModel):
    """Money, exact."""

    amount: Decimal
    currency: str


class Verification(BaseModel):
    """The answer."""

    transaction_id: str
    outcome: str
    results: dict[str, str]
    subject_ref: str
    cost: Cost
    quota_left: int
    checked_at: datetime


class Api:
    """The client such a team would keep in a file of its own."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        key = Ed25519PrivateKey.generate()
        keys = MappingKeyResolver(private_keys={"k": key}, public_keys={"k": key.public_key()})
        self._signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=keys)
        self._client, self._url = client, url
        self._token, self._until = "", 0.0
        self._fetching = asyncio.Lock()

    async def token(self) -> str:
        """The token, renewed a minute before it ends."""
        if time.monotonic() < self._until:
            return self._token
        async with self._fetching:
            if time.monotonic() >= self._until:
                answer = await self._client.post(self._url + "/token", data={"grant_type": "client_credentials"})
                answer.raise_for_status()
                found = answer.json()
                self._token, self._until = found["access_token"], time.monotonic() + found["expires_in"] - EARLY
        return self._token

    async def verify(self, serial: int) -> Verification:
        """One verification, at most three attempts."""
        key = str(uuid.uuid4())
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(httpx.TransportError),
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(0.2, 20),
            reraise=True,
        ):
            with attempt:
                request = self._client.build_request(
                    "POST",
                    self._url + "/v1/identity/verifications",
                    json=body(serial),
                    headers={"authorization": f"Bearer {await self.token()}", "idempotency-key": key},
                )
                nonce = uuid.uuid4().hex
                self._signer.sign(request, body=request.content, key_id="k", covered_component_ids=COVERED, nonce=nonce)
                answer = await self._client.send(request)
                answer.raise_for_status()
                return Verification.model_validate_json(answer.content)
        raise AssertionError  # tenacity raised before


async def main(url: str, rows: int, width: int) -> None:
    """All rows, gathered behind a semaphore."""
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=width)) as client:
        await by_gather("hand-written", Api(client, url).verify, rows, width)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
