"""Bank Indonesia's SNAP BI signatures, symmetric and asymmetric, with the ways in which its banks differ by name.

Source: national-systems section 6 (A), layers.md 1.10. What is signed is the bytes that are sent: nothing is parsed and
written anew on the way, because order of keys and text of numbers would change.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from egov_serang.errors import ConfigError, SignatureInvalid
from egov_serang.signing.base import split_target
from egov_serang.signing.headers import bounded
from egov_serang.signing.keys import PrivateKey
from egov_serang.types import Secret

Minify = Literal["as_sent", "between_values", "everywhere"]
"""`as_sent`: the bytes as they are. `between_values`: without the blanks between values. `everywhere`: without those
inside texts too, as some vendors' examples do."""

EmptyBody = Literal["hash_of_nothing", "left_out"]
"""Of a request without a body: the hash of no bytes, or no part at all."""

Timestamp = Literal["wib", "utc"]
"""`wib`: `2024-05-02T14:43:08+07:00`. `utc`: `2024-03-05T10:37:16.196Z`, as one acquirer wants it."""

_WIB: Final = timezone(timedelta(hours=7))
# A text that never ends is taken to the end of the body, so that no byte is read twice.
_BLANKS: Final = re.compile(rb'("(?:[^"\\]|\\.)*(?:"|\\?\Z))|[ \t\r\n]+', re.DOTALL)
_EVERY_BLANK: Final = re.compile(rb"[ \t\r\n]+")
_WINDOW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SnapRules:
    """How one bank reads the standard.

    Args:
        minify: what is done to a body before it is hashed.
        empty_body: what stands for a body that is not there.
        timestamp: how X-TIMESTAMP is written.
        query: whether the query belongs to the path that is signed.
    """

    minify: Minify = "between_values"
    empty_body: EmptyBody = "hash_of_nothing"
    timestamp: Timestamp = "wib"
    query: bool = True


_STANDARD: Final = SnapRules()


class _Snap:
    def __init__(self, rules: SnapRules) -> None:
        self._rules = rules

    def digest(self, chunks: Iterable[bytes]) -> str:
        """SHA-256 of the minified body, in small hexadecimal letters."""
        return body_hash(b"".join(chunks), self._rules.minify)

    def _parts(self, method: str, url: str, digest: str | None) -> list[str]:
        parts = split_target(url)
        path = f"{parts.path}?{parts.query}" if parts.query and self._rules.query else parts.path
        if digest is not None:
            return [method, path, digest]
        return [method, path] if self._rules.empty_body == "left_out" else [method, path, body_hash(b"", "as_sent")]

    def _stamp(self, at: float) -> str:
        if self._rules.timestamp == "wib":
            return datetime.fromtimestamp(int(at), _WIB).isoformat()
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class SnapSymmetric(_Snap):
    """Transactions: HMAC-SHA512 with the client secret over method, path, token, body hash and time.

    Args:
        secret: as agreed with the bank; its text as it is, not decoded.
        rules: how this bank reads the standard.
    """

    def __init__(self, secret: Secret, rules: SnapRules = _STANDARD) -> None:
        super().__init__(rules)
        self._secret = secret

    def sign(self, method: str, url: str, headers: MutableMapping[str, str], *, digest: str | None, at: float) -> None:
        """Add X-TIMESTAMP and X-SIGNATURE; see `SignatureProfile`."""
        headers["x-timestamp"] = self._stamp(at)
        headers["x-signature"] = self._signature(method, url, headers, digest)

    def verify(self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, now: float) -> None:
        """Check a request signed so, in constant time.

        Args:
            method: the verb.
            url: the absolute target URI.
            headers: names in lower case.
            body: its bytes as received; empty for none.
            now: seconds since the epoch.

        Raises:
            SignatureInvalid: `signature_missing`, `signature_malformed`, `clock_skew` or `signature_wrong`.
        """
        given = _checked(headers, now)
        digest = body_hash(body, self._rules.minify) if body else None
        if not hmac.compare_digest(self._signature(method, url, headers, digest).encode(), given.encode()):
            raise _wrong()

    def _signature(self, method: str, url: str, headers: Mapping[str, str], digest: str | None) -> str:
        method, path, *rest = self._parts(method, url, digest)
        token = headers.get("authorization", "").partition(" ")[2]
        text = ":".join([method, path, token, *rest, headers["x-timestamp"]])
        return base64.b64encode(hmac.digest(self._secret.reveal().encode(), _bytes(text), hashlib.sha512)).decode()


class SnapAsymmetric(_Snap):
    """Notifications and calls without a token: RSA-SHA256 over method, path, body hash and time.

    Args:
        key: an RSA key of 2048 bits or more.
        rules: how this bank reads the standard.

    Raises:
        ConfigError: the key is of another kind.
    """

    def __init__(self, key: PrivateKey, rules: SnapRules = _STANDARD) -> None:
        super().__init__(rules)
        crypto = key.crypto
        if not isinstance(crypto, RSAPrivateKey):
            raise ConfigError(
                "SNAP signatures need an RSA key", code="key_unusable", hint="openssl genrsa -out snap.pem 2048"
            )
        self._key = crypto

    def sign(self, method: str, url: str, headers: MutableMapping[str, str], *, digest: str | None, at: float) -> None:
        """Add X-TIMESTAMP and X-SIGNATURE; see `SignatureProfile`."""
        headers["x-timestamp"] = self._stamp(at)
        text = ":".join([*self._parts(method, url, digest), headers["x-timestamp"]])
        headers["x-signature"] = rsa_sha256(self._key, text)

    def sign_token_request(self, client_key: str, headers: MutableMapping[str, str], *, at: float) -> None:
        """Add what a request for a B2B token carries: X-CLIENT-KEY, X-TIMESTAMP, X-SIGNATURE.

        Args:
            client_key: as registered with the bank.
            headers: names in lower case.
            at: seconds since the epoch.
        """
        headers["x-client-key"], headers["x-timestamp"] = client_key, self._stamp(at)
        headers["x-signature"] = rsa_sha256(self._key, f"{client_key}|{headers['x-timestamp']}")


class SnapNotifications(_Snap):
    """Checks what a bank sends: notifications signed with its key.

    Args:
        key: the bank's public key.
        rules: how this bank reads the standard.
    """

    def __init__(self, key: RSAPublicKey, rules: SnapRules = _STANDARD) -> None:
        super().__init__(rules)
        self._key = key

    def verify(self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, now: float) -> None:
        """Check a request; arguments and errors as in `SnapSymmetric.verify`."""
        given = _checked(headers, now)
        digest = body_hash(body, self._rules.minify) if body else None
        text = ":".join([*self._parts(method, url, digest), headers["x-timestamp"]])
        try:
            self._key.verify(base64.b64decode(given, validate=True), _bytes(text), PKCS1v15(), SHA256())
        except (InvalidSignature, binascii.Error):
            pass
        else:
            return
        raise _wrong()


def body_hash(body: bytes, minify: Minify) -> str:
    """SHA-256 of a body after it was minified, in small hexadecimal letters."""
    if minify == "between_values":
        body = _BLANKS.sub(lambda found: found[1] or b"", body)
    elif minify == "everywhere":
        body = _EVERY_BLANK.sub(b"", body)
    return hashlib.sha256(body).hexdigest()


def rsa_sha256(key: RSAPrivateKey, text: str) -> str:
    """RSASSA-PKCS1-v1_5 with SHA-256 over a text, in base64."""
    return base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


def _checked(headers: Mapping[str, str], now: float) -> str:
    """The signature, if the time beside it is one of now."""
    stamp = bounded(headers.get("x-timestamp"), "X-TIMESTAMP")
    given = bounded(headers.get("x-signature"), "X-SIGNATURE")
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not given.isascii() or not given:
        raise SignatureInvalid("X-TIMESTAMP or X-SIGNATURE is not there, or is none", code="signature_missing")
    if abs(at - datetime.fromtimestamp(now, UTC)) > _WINDOW:
        raise SignatureInvalid("it was made too early or too late", code="clock_skew", hint="Compare the clocks")
    return given


def _bytes(text: str) -> bytes:
    """Of a text that may hold half a surrogate pair: a target that cannot be right must not be an accident."""
    return text.encode("utf-8", "surrogatepass")


def _wrong() -> SignatureInvalid:
    return SignatureInvalid("the signature does not hold for this message", code="signature_wrong")
