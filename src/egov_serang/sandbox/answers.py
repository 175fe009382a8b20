"""Signatures of answers (contract-v1 section 1), made with http-message-signatures over what is really sent."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import http_sf
from http_message_signatures.resolvers import MappingKeyResolver
from http_message_signatures.signatures import HTTPMessageSigner
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Scope

from egov_serang.sandbox.platform import Platform
from egov_serang.sandbox.proof import ALGORITHMS, LABEL, TAG, WINDOW_S

_WITH_BODY: Final = ("content-type", "content-digest")


@dataclass(frozen=True, slots=True)
class _Request:
    """What was asked, as http-message-signatures wants it."""

    method: str
    url: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is answered, likewise."""

    status_code: int
    headers: MutableHeaders
    request: _Request


def is_asked_for(platform: Platform, scope: Scope) -> bool:
    """Whether the request has what the signature of its answer covers: a request id, and a readable signature."""
    headers = Headers(scope=scope)
    once = all(len(headers.getlist(name)) == 1 for name in ("x-request-id", "signature"))
    if not platform.settings.sign_answers or not once:
        return False
    try:
        found: Any = http_sf.parse(headers["signature"].encode(), tltype="dictionary")
    except ValueError:
        return False
    return LABEL in found and isinstance(found[LABEL][0], bytes)


class SignedAnswer:
    """One answer, held back until it is whole, and signed then.

    Args:
        platform: whose key signs.
        scope: of the request.
    """

    def __init__(self, platform: Platform, scope: Scope) -> None:
        self._platform, self._scope = platform, scope
        self._start: Message = {}
        self._body = bytearray()

    def take(self, message: Message) -> tuple[Message, ...]:
        """Take the next message of the application.

        Returns:
            What can be sent: nothing before the last message, then all of it.
        """
        if message["type"] == "http.response.start":
            self._start = message
            self._body.clear()
            return ()
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return ()
        body = bytes(self._body)
        headers = MutableHeaders(raw=self._start["headers"])
        self._sign(self._start["status"], headers, body)
        return {**self._start, "headers": headers.raw}, {"type": "http.response.body", "body": body}

    def _sign(self, status: int, headers: MutableHeaders, body: bytes) -> None:
        platform = self._platform
        if body:
            headers["content-digest"] = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        covered = ["@status", *(_WITH_BODY if body else ()), "x-request-id", f'"signature";req;key="{LABEL}"']
        keys: Any = {platform.keys.message_kid: platform.keys.message_key}
        signer: Any = HTTPMessageSigner(
            signature_algorithm=ALGORITHMS[platform.city.message_algorithms[0]],
            key_resolver=MappingKeyResolver(public_keys={}, private_keys=keys),
        )
        created = datetime.fromtimestamp(int(platform.clock.wall()), UTC)
        # Of the request only its signature is covered, so its address need not be rebuilt for this.
        request = _Request(self._scope["method"], platform.settings.base_url, Headers(scope=self._scope))
        signer.sign(
            _Answer(status, headers, request),
            key_id=platform.keys.message_kid,
            created=created,
            expires=created + timedelta(seconds=WINDOW_S),
            nonce=secrets.token_urlsafe(16),
            label=LABEL,
            tag=TAG,
            covered_component_ids=covered,
            use_existing_digest=bool(body),
        )


def spoil(kind: str, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """What somebody on the way would do to a signed answer: change one bit of it, or take its signature off.

    Args:
        kind: of the fault, `spoiled_answer` or `unsigned_answer`.
        messages: start and body.
    """
    start, rest = messages
    body: bytes = rest["body"]
    if kind == "unsigned_answer":
        gone = (b"signature", b"signature-input", b"content-digest")
        return {**start, "headers": [pair for pair in start["headers"] if pair[0] not in gone]}, rest
    if not body:
        return {**start, "status": start["status"] ^ 1}, rest
    return start, {**rest, "body": body[:-1] + bytes([body[-1] ^ 1])}
