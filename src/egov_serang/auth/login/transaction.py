"""What an application keeps of a login between its beginning and its end, and how it may keep it in a cookie."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Never, Self, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from egov_serang import sources
from egov_serang.errors import ConfigError, Unauthorized

LIFETIME: Final = 600
"""Seconds a person has to log in."""

_NONCE: Final = 12
_LEAST_KEY: Final = 32
_FIELDS: Final = ("issuer", "client_id", "state", "nonce", "verifier", "until")


class Transaction:
    """One login under way. Keep `dump()` where the browser cannot change it: in its session, or sealed in a cookie.

    Attributes:
        until: seconds since the epoch after which it no longer counts.
    """

    __slots__ = ("_nonce", "_state", "_verifier", "client_id", "issuer", "until")

    def __init__(self, *, issuer: str, client_id: str, state: str, nonce: str, verifier: str, until: int) -> None:
        self.issuer, self.client_id, self.until = issuer, client_id, until
        self._state, self._nonce, self._verifier = state, nonce, verifier

    @classmethod
    def begin(cls, issuer: str, client_id: str, now: float) -> Self:
        """A new one: state, nonce and PKCE verifier of 256 random bits each (RFC 7636 section 4.1)."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        until = int(now) + LIFETIME
        return cls(issuer=issuer, client_id=client_id, state=state, nonce=nonce, verifier=verifier, until=until)

    @classmethod
    def load(cls, text: str) -> Self:
        """The transaction that `dump()` wrote.

        Raises:
            Unauthorized: it did not.
        """
        try:
            found: Any = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            found = None
        if isinstance(found, dict):
            given = cast("dict[str, Any]", found)
            texts = [given.get(name) for name in _FIELDS[:-1]]
            if all(isinstance(value, str) and value for value in texts) and isinstance(given.get("until"), int):
                return cls(**{name: given[name] for name in _FIELDS})
        raise Unauthorized(
            "what was kept of this login is not a transaction",
            code="login_transaction",
            hint="Keep transaction.dump() and give it back unchanged; let the person begin anew",
            sent="no",
        )

    def dump(self) -> str:
        """The transaction as text, some 300 characters. It proves that the answer is ours: keep it secret."""
        values = (self.issuer, self.client_id, self._state, self._nonce, self._verifier, self.until)
        return json.dumps(dict(zip(_FIELDS, values, strict=True)), separators=(",", ":"))

    def is_state(self, state: str) -> bool:
        """Whether an answer belongs to this login."""
        return secrets.compare_digest(self._state.encode(), state.encode())

    def is_nonce(self, nonce: str) -> bool:
        """Whether an identity token belongs to this login."""
        return secrets.compare_digest(self._nonce.encode(), nonce.encode())

    def question(self) -> dict[str, str]:
        """What goes into the authorization request."""
        digest = hashlib.sha256(self._verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return {
            "state": self._state,
            "nonce": self._nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }

    def proof(self) -> dict[str, str]:
        """What goes into the token request."""
        return {"code_verifier": self._verifier}

    def __repr__(self) -> str:
        return f"<Transaction {self.issuer} {self.client_id}>"

    def __reduce__(self) -> Never:
        raise TypeError("a transaction cannot be pickled or copied: keep its dump()")


class Seal:
    """Encrypts small texts for cookies (AES-256-GCM), so that a browser can neither read nor change them.

    Args:
        key: 32 bytes or more, the same in every process of the application; its first 32 count.
        clock: seconds since the epoch.

    Raises:
        ConfigError: the key is too short.
    """

    __slots__ = ("_cipher", "_clock")

    def __init__(self, key: bytes, *, clock: Callable[[], float] = time.time) -> None:
        if len(key) < _LEAST_KEY:
            raise ConfigError("the key of a seal is shorter than 32 bytes", code="key_unusable", hint="openssl rand 32")
        self._cipher = AESGCM(key[:_LEAST_KEY])
        self._clock = clock

    @classmethod
    def from_file(cls, source: str | Path) -> Self:
        """Read the key from where it is kept: a file, `env:NAME` or `keyring:service/name`."""
        return cls(sources.read(source, "key"))

    def close(self, text: str, purpose: str, lifetime: int = LIFETIME) -> str:
        """Seal a text.

        Args:
            text: at most some 2,500 characters: a cookie holds 4,096.
            purpose: such as the cookie's name; opened under another one it counts as forged.
            lifetime: seconds it may be opened.
        """
        nonce = secrets.token_bytes(_NONCE)
        inside = f"{int(self._clock()) + lifetime}\n{text}".encode()
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, inside, purpose.encode())).decode()

    def open(self, sealed: str | None, purpose: str) -> str | None:
        """The text; None where there is none, it was changed, or it is too old."""
        try:
            raw = base64.urlsafe_b64decode((sealed or "").encode())
            inside = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode()).decode()
        except (InvalidTag, ValueError):
            return None
        until, _, text = inside.partition("\n")
        return text if self._clock() < int(until) else None

    def __repr__(self) -> str:
        return "<Seal>"

    def __reduce__(self) -> Never:
        raise TypeError("a seal cannot be pickled or copied: pass the place of its key")
