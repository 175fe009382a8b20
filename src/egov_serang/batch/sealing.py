"""What an outbox writes down, it writes encrypted: AES-256-GCM, bound to the place where it stands."""

from __future__ import annotations

import base64
import binascii
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from egov_serang import sources
from egov_serang.errors import ConfigError

_NONCE: Final = 12
_KEY: Final = 32


class Seal:
    """Closes and opens what is kept.

    Args:
        key: where the key is: `env:NAME` or `keyring:service/name`; there it is 32 random bytes in base64.

    Raises:
        ConfigError: there is none, or it is no such key.
    """

    def __init__(self, key: str) -> None:
        if sources.file_of(key) is not None:
            raise ConfigError(
                "the key of an outbox is kept in an environment variable (env:NAME) or the keyring"
                " (keyring:service/name), not in a file beside it",
                code="outbox_key",
            )
        text = sources.read_secret(key, "outbox key")
        try:
            raw = base64.b64decode(text.reveal().replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        del text
        if len(raw) != _KEY:
            del raw
            raise ConfigError(
                f"{key} holds no key for an outbox: it must be {_KEY} random bytes in base64",
                code="outbox_key",
                hint="Make one: openssl rand -base64 32. Whoever loses it loses what waits",
            )
        self._aead = AESGCM(raw)

    def close(self, plain: bytes, place: str) -> bytes:
        """Encrypt what belongs to a place."""
        nonce = os.urandom(_NONCE)
        return nonce + self._aead.encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """What was closed at this very place.

        Raises:
            ConfigError: it was closed with another key, at another place, or is damaged.
        """
        try:
            return self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())
        except InvalidTag:
            pass  # raised below instead: this one has frames
        raise ConfigError(
            "the outbox cannot be read with this key: it was made with another one, or is damaged",
            code="outbox_key",
            hint="Use the key it was made with",
        )
