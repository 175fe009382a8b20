"""Identifiers the SDK makes: time-ordered for requests, random for calls and keys, derived for steps."""

from __future__ import annotations

import os
import time
import uuid


def request_id() -> str:
    """A UUIDv7 (RFC 9562 section 5.7): 48 bits of milliseconds, the rest random, so that logs sort by time."""
    return _uuid((time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10)), 7)


def random_id() -> str:
    """A UUIDv4: correlation ids and idempotency keys."""
    return _uuid(int.from_bytes(os.urandom(16)), 4)


def _uuid(value: int, version: int) -> str:
    # Every call makes three of these; `uuid.UUID` and its `str` take twice as long.
    value = value & ~(0xF << 76 | 0x3 << 62) | version << 76 | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def step_key(parent: str, step: str) -> str:
    """The idempotency key of one step of a flow: a UUIDv5 of the flow's key, so that a re-run repeats no effect.

    Args:
        parent: the flow's key; a key that is no UUID is first turned into one.
        step: the step's name, stable over re-runs.
    """
    try:
        namespace = uuid.UUID(parent)
    except ValueError:
        namespace = uuid.uuid5(uuid.NAMESPACE_OID, parent)
    return str(uuid.uuid5(namespace, step))
