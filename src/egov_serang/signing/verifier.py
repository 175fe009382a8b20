"""Checking messages signed in the gateway's profile: stricter than RFC 9421 asks, and in an order that costs forgers.

Source: contract-v1 section 1, RFC 9421 section 3.2, layers.md 1.3, 1.4 and 1.7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from egov_serang.errors import SignatureInvalid
from egov_serang.signing.algorithms import VerifyKey
from egov_serang.signing.base import Message, signature_base
from egov_serang.signing.digests import digest_holds, read_digests
from egov_serang.signing.explain import masked_base
from egov_serang.signing.headers import Input, read_input, read_signature
from egov_serang.signing.messages import LABEL, LIFETIME, TAG, answer_components, request_components
from egov_serang.signing.nonces import NonceStore

SKEW: Final = 30

KeyFinder = Callable[[str], VerifyKey | None]
"""Finds a key by its `keyid`, among those the sender may use; None where it has no such key."""


class Verified(NamedTuple):
    """What a signature that holds says.

    Attributes:
        label: its name.
        keyid: the key.
        algorithm: RFC 9421 name.
        created: seconds since the epoch.
        expires: seconds since the epoch.
        nonce: used once.
        components: what it covers, as serialised identifiers in order.
    """

    label: str
    keyid: str
    algorithm: str
    created: int
    expires: int | None
    nonce: str | None
    components: tuple[str, ...]


class MessageVerifier:
    """Checks requests and answers.

    In this order: sizes and form, exact coverage, the key and its one algorithm, the window, the digest, the signature,
    and last the nonce, so that a forger can burn none.

    Args:
        keys: finds a key by its `keyid`; a mapping's `get` will do.
        nonces: where nonces are remembered. None for answers, which are bound to their request by its signature.
        skew: seconds the clocks may differ.
    """

    def __init__(self, keys: KeyFinder, nonces: NonceStore | None = None, *, skew: int = SKEW) -> None:
        self._keys, self._nonces, self._skew = keys, nonces, skew

    def request(self, request: Message, body: bytes, *, now: float) -> Verified:
        """Check a request.

        Args:
            request: method, absolute target URI as the client must have written it, headers.
            body: its bytes as received; empty for none.
            now: seconds since the epoch.

        Raises:
            SignatureInvalid: with the reason as `code`; `explain()` shows what we built in its place.
        """
        headers = _with_digest(request.headers, body)
        return self._check(request, request_components(request.method, headers), body, now)

    def answer(self, answer: Message, body: bytes, *, now: float) -> Verified:
        """Check an answer.

        Args:
            answer: status, headers, and as `request` the request as it was sent, with its signature.
            body: its bytes as received; empty for none.
            now: seconds since the epoch.

        Raises:
            SignatureInvalid: with the reason as `code`.
        """
        return self._check(answer, answer_components(_with_digest(answer.headers, body)), body, now)

    def answer_head(self, answer: Message, *, now: float) -> Mapping[str, bytes]:
        """Check an answer whose body is still to be read.

        Args:
            answer: as in `answer`.
            now: seconds since the epoch.

        Returns:
            The digests its body must have, by algorithm (`sha-256`, `sha-512`); none where it must be empty.

        Raises:
            SignatureInvalid: with the reason as `code`.
        """
        self._check(answer, answer_components(answer.headers), b"", now)
        field = answer.headers.get("content-digest")
        digests = read_digests(field or "")
        if field is not None and not digests:
            raise SignatureInvalid("Content-Digest has no digest that can be checked", code="digest")
        return digests

    def _check(self, message: Message, expected: tuple[str, ...], body: bytes, now: float) -> Verified:
        found = _read(message)
        signature = read_signature(message.headers.get("signature"), LABEL)
        if found.components != expected:
            raise SignatureInvalid(
                "the signature does not cover what the profile demands of this message",
                code="coverage",
                expected=expected,
                found=found.components,
            )
        key = self._keys(found.keyid)
        if key is None:
            raise SignatureInvalid("the keyid is none of this sender's", code="unknown_key")
        if found.algorithm != key.algorithm:
            raise SignatureInvalid("the algorithm is not the one this key may be used with", code="algorithm")
        self._check_window(found, now)
        if body and not digest_holds(message.headers.get("content-digest", ""), body):
            raise SignatureInvalid("Content-Digest does not hold for the body", code="digest")
        base = signature_base(expected, message, found.params)
        if not base.isascii() or not key.holds(base.encode(), signature):
            raise SignatureInvalid(
                "the signature does not hold for this message", code="signature_wrong", base=masked_base(base)
            )
        until = found.created + LIFETIME + self._skew + 1
        nonces = self._nonces
        if nonces is not None and not nonces.first_time(found.keyid, found.nonce, now=now, until=until):
            raise SignatureInvalid("this nonce was used before", code="nonce_replayed")
        return Verified(LABEL, found.keyid, found.algorithm, found.created, found.expires, found.nonce, expected)

    def _check_window(self, found: Input, now: float) -> None:
        end = found.created + LIFETIME
        if found.expires != end:
            raise SignatureInvalid(f"it must expire {LIFETIME} s after its creation", code="window")
        if not found.created - self._skew <= now <= end + self._skew:
            raise SignatureInvalid("it was made too early or too late", code="clock_skew", hint="Compare the clocks")


def keyid_of(message: Message) -> str:
    """The key a message says it is signed with, for who must fetch keys before checking.

    Raises:
        SignatureInvalid: it is not signed, or not in the profile.
    """
    return _read(message).keyid


def _with_digest(headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
    """With a body there must be a digest, whether the sender sent one or not; without one it must not be covered."""
    if bool(body) == ("content-digest" in headers):
        return headers
    if body:
        return {**headers, "content-digest": ""}
    raise SignatureInvalid("there is a Content-Digest and no body", code="digest")


def _read(message: Message) -> Input:
    found = read_input(message.headers.get("signature-input"))
    if found.label != LABEL or found.tag != TAG:
        raise SignatureInvalid(f"it is not labelled {LABEL} and tagged {TAG}", code="tag")
    return found
