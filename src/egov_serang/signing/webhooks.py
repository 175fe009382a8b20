"""Standard Webhooks: the signature under which a gateway delivers events.

Source: contract-v1 section 1 (Events), layers.md 1.11, Standard Webhooks 1.0 (`v1` symmetric, `v1a` asymmetric).
What is signed is `id.timestamp.body` over the bytes as they came: a body that was parsed and written anew is another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from egov_serang.errors import ConfigError, SignatureInvalid, mask_numbers
from egov_serang.signing.nonces import MemoryNonces
from egov_serang.types import HeaderFields, Secret

WINDOW: Final = 300
"""Seconds the clocks may differ, either way."""

REMEMBERED: Final = 48 * 3600
"""Seconds a handled delivery is remembered: twice as long as a gateway repeats it."""

_NAMES: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
_SECRET_BYTES: Final = range(24, 65)
_LONGEST: Final = 16 * 1024
_MOST: Final = 16
_CAP: Final = 500_000
_HOUR: Final = 3600
# No full stop: it divides the three parts that are signed, and two divisions of one text must not both hold.
_ID: Final = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,256}")
_TIMESTAMP: Final = re.compile(r"0|[1-9][0-9]{0,11}")
_ENTRY: Final = re.compile(r"(v[0-9]{1,3}[a-z]{0,3}),([A-Za-z0-9+/]{1,1024}={0,2})")
_V1, _V1A = "v1", "v1a"


class _Symmetric:
    """`whsec_...`: HMAC-SHA256."""

    version: Final = _V1
    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, hashlib.sha256)

    def held(self, content: bytes, signatures: list[bytes]) -> list[bool]:
        ours = self.sign(content)
        return [hmac.compare_digest(ours, signature) for signature in signatures]


class _Asymmetric:
    """`whpk_...`: Ed25519."""

    version: Final = _V1A
    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(key)

    def held(self, content: bytes, signatures: list[bytes]) -> list[bool]:
        return [self._holds(content, signature) for signature in signatures]

    def _holds(self, content: bytes, signature: bytes) -> bool:
        try:
            self._key.verify(signature, content)
        except InvalidSignature:
            return False
        return True


class WebhookSigner:
    """Signs deliveries: what a gateway does, and a test of an app that receives them.

    Args:
        secrets: one `whsec_...`, or several while they are rotated: each makes a signature.

    Raises:
        ConfigError: no secret, or one that is not 24 to 64 bytes in base64 after `whsec_`.
    """

    def __init__(self, secrets: Secret | Sequence[Secret]) -> None:
        secrets = secret_list(secrets)
        self._keys = [key for key in _keys(secrets) if isinstance(key, _Symmetric)]
        if len(self._keys) != len(secrets):
            raise ConfigError("a public key (whpk_) checks signatures and cannot make them", code="key_unusable")

    def sign(self, webhook_id: str, body: bytes, *, at: float) -> dict[str, str]:
        """The three header fields of a delivery.

        Args:
            webhook_id: names the delivery; the same for each repetition. Visible ASCII without a full stop.
            body: the bytes that will be sent.
            at: seconds since the epoch; new for each repetition.

        Raises:
            ValueError: the id has other characters.
        """
        if not _ID.fullmatch(webhook_id):
            raise ValueError("a webhook id is 1 to 256 visible ASCII characters without a full stop")
        timestamp = str(int(at))
        content = _content(webhook_id, timestamp, body)
        signatures = [f"{_V1},{base64.b64encode(key.sign(content)).decode()}" for key in self._keys]
        return dict(zip(_NAMES, (webhook_id, timestamp, " ".join(signatures)), strict=True))


class WebhookVerifier:
    """Checks deliveries: sizes and form, then the window, then the signature, in constant time.

    Args:
        secrets: `whsec_...`, or `whpk_...` public keys of a gateway that signs asymmetrically. Several while
            they are rotated: the next, the current, the previous.
        window_s: seconds the clocks may differ, either way.

    Raises:
        ConfigError: no secret, more than 16, or one that is none.
    """

    def __init__(self, secrets: Secret | Sequence[Secret], *, window_s: int = WINDOW) -> None:
        secrets = secret_list(secrets)
        self._keys = _keys(secrets)
        self._window = window_s

    def verify(self, headers: HeaderFields, body: bytes, *, now: float) -> str:
        """Check a delivery.

        Args:
            headers: as they came.
            body: the bytes as they came.
            now: seconds since the epoch.

        Returns:
            Its `webhook-id`, the same for each repetition.

        Raises:
            SignatureInvalid: `signature_missing`, `signature_malformed`, `clock_skew` or `signature_wrong`;
                `explain()` says what was found, without secret and body.
        """
        webhook_id, timestamp, field = _three(headers)
        if not _ID.fullmatch(webhook_id) or not _TIMESTAMP.fullmatch(timestamp):
            raise _malformed("webhook-id or webhook-timestamp is none")
        given = _signatures(field)
        behind = int(now) - int(timestamp)
        apart = f"{abs(behind)} s {'behind' if behind >= 0 else 'ahead of'} our clock"
        if abs(behind) > self._window:
            raise SignatureInvalid(
                f"it was signed {apart}; {self._window} s are allowed",
                code="clock_skew",
                hint="Compare the clocks of both machines; a repetition must be signed anew",
                base=_shown(webhook_id, timestamp, body),
            )
        content = _content(webhook_id, timestamp, body)
        # Each key with each signature, so that the time it takes does not tell which of them came near.
        held = [key.held(content, [value for version, value in given if version == key.version]) for key in self._keys]
        if not any(map(any, held)):
            kinds = ", ".join(version for version, _ in given)
            raise SignatureInvalid(
                f"no signature holds: {len(given)} ({kinds}) tried with {len(self._keys)} of our secrets; made {apart}",
                code="signature_wrong",
                hint="Was the body changed or parsed on its way, or is the secret another subscription's?",
                base=_shown(webhook_id, timestamp, body),
            )
        return webhook_id


def deliveries() -> MemoryNonces:
    """Room for what is delivered within 48 hours, forgotten by the hour; about 45 MB when full."""
    return MemoryNonces(_CAP, span_s=_HOUR)


def secret_list(secrets: Secret | Sequence[Secret]) -> list[Secret]:
    """Secrets as a list; text of a caller without a type checker becomes a `Secret`, which no `repr` shows."""
    listed: Sequence[object] = [secrets] if isinstance(secrets, Secret | str) else secrets
    return [secret if isinstance(secret, Secret) else Secret(str(secret)) for secret in listed]


_Given: TypeAlias = tuple[str, bytes]


def _content(webhook_id: str, timestamp: str, body: bytes) -> bytes:
    return b".".join((webhook_id.encode(), timestamp.encode(), body))


def _shown(webhook_id: str, timestamp: str, body: bytes) -> str:
    """What must be signed, as it may be shown: of the body its length and hash alone."""
    return (
        mask_numbers(f"{webhook_id}.{timestamp}.") + f"({len(body)} bytes, sha-256 {hashlib.sha256(body).hexdigest()})"
    )


def _three(headers: HeaderFields) -> tuple[str, str, str]:
    """The three fields, each there once, whatever form a framework gives header fields in."""
    # By its method, since email.message.Message (the standard library's own headers) is no Mapping.
    items = cast("Callable[[], object] | None", getattr(headers, "items", None))
    pairs = cast("Iterable[tuple[object, object]]", items() if items else headers)
    found: dict[str, str] = {}
    for name, value in pairs:
        key = _text(name).lower()
        if key not in _NAMES:
            continue
        if key in found:
            raise _malformed(f"{key} is there twice")
        found[key] = _text(value)
        if len(found[key]) > _LONGEST:
            raise _malformed(f"{key} is longer than {_LONGEST} characters")
    missing = [name for name in _NAMES if not found.get(name)]
    if missing:
        raise SignatureInvalid(
            f"the message has no {', '.join(missing)}",
            code="signature_missing",
            hint="Standard Webhooks headers are expected; a proxy may have dropped them",
        )
    return found[_NAMES[0]], found[_NAMES[1]], found[_NAMES[2]]


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


def _signatures(field: str) -> list[_Given]:
    """The signatures of versions we know; those of others are not ours to judge."""
    entries = field.split(" ", _MOST)
    if len(entries) > _MOST:
        raise _malformed(f"webhook-signature has more than {_MOST} signatures")
    found: list[_Given] = []
    for entry in entries:
        parts = _ENTRY.fullmatch(entry)
        if parts is None:
            raise _malformed("webhook-signature is not a list of version,base64")
        value = _decoded(parts[2])
        if value is None:
            raise _malformed("a signature is not canonical base64")
        if parts[1] in {_V1, _V1A}:
            found.append((parts[1], value))
    if not found:
        raise _malformed("webhook-signature has no version we know (v1, v1a)")
    return found


def _decoded(text: str) -> bytes | None:
    """Two texts for the same bytes are one too many."""
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return value if base64.b64encode(value).decode() == text else None


def _malformed(message: str) -> SignatureInvalid:
    return SignatureInvalid(message, code="signature_malformed")


def _keys(secrets: list[Secret]) -> list[_Symmetric | _Asymmetric]:
    if not 1 <= len(secrets) <= _MOST:
        raise ConfigError(
            f"webhooks need 1 to {_MOST} secrets",
            code="config_missing",
            hint="The gateway shows a subscription's secret once, when it is made",
        )
    return [_key(secret) for secret in secrets]


def _key(secret: Secret) -> _Symmetric | _Asymmetric:
    prefix, _, rest = secret.reveal().partition("_")
    key = _decoded(rest) or b""
    length = len(key)
    try:
        if prefix == "whsec" and length in _SECRET_BYTES:
            return _Symmetric(key)
        if prefix == "whpk" and length == 32:  # noqa: PLR2004 - an Ed25519 public key
            return _Asymmetric(key)
    finally:
        del prefix, rest, key  # what is raised from here on must not have it in its frame
    raise ConfigError(
        "this is no webhook secret",
        code="key_unusable",
        hint="It looks like whsec_ and 24 to 64 bytes in base64, as the gateway showed it; a public key like whpk_...",
    )
