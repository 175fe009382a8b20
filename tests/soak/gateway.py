"""A gateway small enough for a hundred thousand writes: it gives out tokens, checks every signature, counts effects.

It is the step and the service of a fault server, so that the network before it can fail, and shares no code of tokens
and signatures with what it tests. A write is a notification whose `client_reference` is its number. What became of it
is kept under its idempotency key, so that a repetition gets the answer and has no effect (contract-v1 section 1).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from array import array
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from http_message_signatures import HTTPMessageVerifier, algorithms
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from egov_serang import Config
from egov_serang.core.message import Headers
from egov_serang.models.notifications import Recipient
from egov_serang.signing import make_key_file
from egov_serang.testing.faults import TOKENS, Parts, Peer, SeenRequest, refuse, reply, serve

TEMPLATE: Final = "soak"
TO: Final = Recipient(email="delivered@simulator.invalid")

_CLIENT: Final = "soak"
_TOKEN_TTL: Final = 20  # seconds; short, so that tokens are renewed under load
_WRITES: Final = "/v1/notifications/messages"
_COVERED: Final = frozenset({'"@method"', '"@target-uri"', '"authorization"', '"x-request-id"'})
_COVERED_WITH_BODY: Final = _COVERED | {'"content-type"', '"content-digest"', '"idempotency-key"'}


def make_keys(folder: Path) -> None:
    """The client's assertion key and message key, in files that client and gateway read."""
    make_key_file("p256", folder / "assertion.pem")
    make_key_file("ed25519", folder / "message.pem")


def configured(url: str, folder: Path, **more: Any) -> Config:
    """The configuration of a client of the gateway at this address: Bearer token, signed requests."""
    return Config(
        gateway=url,
        client_id=_CLIENT,
        key_file=folder / "assertion.pem",
        signing_key_file=folder / "message.pem",
        request_id_echo=True,
        verify_answers=False,
        **more,
    )


class _Message(NamedTuple):
    """A request as http-message-signatures wants it."""

    method: str
    url: str
    headers: Headers


class _OneKey:
    def __init__(self, key: Any) -> None:
        self._key = key

    def resolve_public_key(self, key_id: str) -> Any:
        return self._key

    def resolve_private_key(self, key_id: str) -> Any:
        raise LookupError(key_id)


class Gateway:
    """What answers and counts: `FaultServer(default=gateway.step, service=gateway.carry_out)`.

    Args:
        folder: of `make_keys`.
        writes: how many there will be; their numbers are below this.
    """

    def __init__(self, folder: Path, writes: int) -> None:
        self.effects = bytearray(writes)
        """Of each write: how often it had an effect."""
        self.seen = array("L", [0] * writes)
        """Of each write: how often it was asked for."""
        self.counts: Counter[str] = Counter()
        """Requests, and what was special about them."""
        self._kept: dict[str, bytes] = {}
        self._tokens: dict[str, float] = {}
        self._nonces: set[str] = set()
        message_key: Any = load_pem_private_key((folder / "message.pem").read_bytes(), None)
        self._verifier = HTTPMessageVerifier(
            signature_algorithm=algorithms.ED25519, key_resolver=_OneKey(message_key.public_key())
        )
        self._assertion_key = ECKey.import_key((folder / "assertion.pem").read_text())

    async def step(self, peer: Peer) -> None:
        """Answer one request."""
        if peer.request.path == TOKENS:
            return await self._token(peer)
        refusal = self._refusal(peer.request)
        if refusal is not None:
            self.counts[f"refused: {refusal}"] += 1
            return await refuse(refusal, 401)(peer)
        self.counts["requests"] += 1
        if peer.request.path == _WRITES:
            self.seen[number_of(peer.request)] += 1
        return await self.respond(peer)

    async def respond(self, peer: Peer) -> None:
        """Answer a request whose token and signature are right; here without a fault."""
        await serve(peer)

    def carry_out(self, request: SeenRequest) -> Parts:
        """Do what is asked, unless its key says that it is done; the answer."""
        number, key = number_of(request), request.headers["idempotency-key"]
        digest = hashlib.sha256(request.body).digest()
        if key not in self._kept:
            self._kept[key] = digest
            self.effects[number] += 1
            return {"status": 201, "json": message(number)}
        if self._kept[key] != digest:
            self.counts["refused: idempotency_mismatch"] += 1
            return {"status": 422, "json": {"code": "idempotency_mismatch", "status": 422}}
        self.counts["replayed"] += 1
        return {"status": 201, "json": message(number), "headers": [("idempotency-replayed", "true")]}

    def _refusal(self, request: SeenRequest) -> str | None:
        """The code a request is refused with, where its token or its signature is not right."""
        headers = request.headers
        if self._tokens.get(headers.get("authorization", "").removeprefix("Bearer "), 0.0) < time.monotonic():
            return "token_expired"
        try:
            (found,) = self._verifier.verify(
                _Message(request.method, f"http://{headers['host']}{request.target}", headers),
                max_age=None,
                expect_tag="egov-serang",
                expect_label="egov",
                body=request.body,
            )
        except HTTPMessageSignaturesException:
            return "signature_invalid"
        if not found.covered_components.keys() >= (_COVERED_WITH_BODY if request.body else _COVERED):
            return "signature_invalid"
        return None if self._is_new(str(found.nonce)) else "nonce_replayed"

    async def _token(self, peer: Peer) -> None:
        request = peer.request
        form = parse_qs(request.body.decode())
        try:
            claims = jwt.decode(form["client_assertion"][0], self._assertion_key, ["ES256"]).claims
        except (JoseError, KeyError, ValueError):
            claims = {}
        known = claims.get("iss") == claims.get("sub") == _CLIENT
        meant = claims.get("aud") == f"http://{request.headers['host']}" and claims.get("exp", 0) > time.time()
        if not known or not meant or not self._is_new(str(claims.get("jti"))):
            self.counts["refused: invalid_client"] += 1
            return await reply(401, json={"error": "invalid_client"})(peer)
        token = secrets.token_urlsafe(32)
        self._tokens[token] = time.monotonic() + _TOKEN_TTL
        self.counts["tokens"] += 1
        return await reply(200, json={"access_token": token, "token_type": "Bearer", "expires_in": _TOKEN_TTL})(peer)

    def _is_new(self, nonce: str) -> bool:
        known = nonce in self._nonces
        self._nonces.add(nonce)
        return not known


def number_of(request: SeenRequest) -> int:
    """The number of a write."""
    return int(json.loads(request.body)["client_reference"])


def message(number: int) -> dict[str, Any]:
    """What a write makes (contract-v1 section 5)."""
    return {
        "message_id": f"m-{number}",
        "status": "accepted",
        "template_id": TEMPLATE,
        "template_version": 1,
        "channel": "email",
        "client_reference": str(number),
        "created_at": "2026-11-24T08:00:00+07:00",
    }
