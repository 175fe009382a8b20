"""When a delivery is repeated, and how it is signed. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Final

WAITS: Final = (5, 300, 1800, 7200, 18_000, 36_000, 23_095)
"""Seconds between attempts (Standard Webhooks 1.0; the last one 24 hours after the first, contract-v1 section 1)."""

OVERLAP: Final = 24 * 3600
"""Seconds the secret before counts after a rotation."""

_PREFIX: Final = "whsec_"


def wait_after(attempts: int) -> int | None:
    """Seconds until the next attempt; None where this was the last.

    Args:
        attempts: made so far, at least 1.
    """
    return WAITS[attempts - 1] if attempts <= len(WAITS) else None


def new_secret() -> str:
    """A secret to sign with: 32 random bytes."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed(webhook_id: str, body: bytes, at: float, keys: Iterable[str]) -> dict[str, str]:
    """The header fields of a delivery (Standard Webhooks 1.0): a signature for each secret that counts.

    Args:
        webhook_id: the same for each repetition.
        body: the bytes that are sent.
        at: seconds since the epoch.
        keys: the secrets.
    """
    stamp = str(int(at))
    content = b".".join((webhook_id.encode(), stamp.encode(), body))
    made = [hmac.digest(base64.b64decode(key.removeprefix(_PREFIX)), content, hashlib.sha256) for key in keys]
    signature = " ".join(f"v1,{base64.b64encode(one).decode()}" for one in made)
    return {"webhook-id": webhook_id, "webhook-timestamp": stamp, "webhook-signature": signature}
