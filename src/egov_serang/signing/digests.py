"""Content-Digest: making it over a body's final bytes, and checking it (RFC 9530)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from egov_serang.signing.headers import LONGEST

_FIELD: Final = re.compile(r"[a-z0-9-]+=:[A-Za-z0-9+/]+={0,2}:(?:, [a-z0-9-]+=:[A-Za-z0-9+/]+={0,2}:)*")
_KNOWN: Final[Mapping[str, Callable[[bytes], Any]]] = MappingProxyType(
    {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
)


def content_digest(chunks: Iterable[bytes]) -> str:
    """The field over a body (sha-256)."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"


def digest_holds(field: str, body: bytes) -> bool:
    """Whether a Content-Digest field holds for a body.

    Every digest of an algorithm we know must be right, there must be one, and no algorithm may be named twice. Others
    (`md5`, ...) prove nothing and are passed over.
    """
    if field == content_digest((body,)):  # as nearly everybody writes it; nothing of it is secret
        return True
    known = read_digests(field)
    return bool(known) and all(hmac.compare_digest(known[name], _KNOWN[name](body).digest()) for name in known)


def read_digests(field: str) -> dict[str, bytes]:
    """The digests of algorithms we know, by name; none where the field is none, or names an algorithm twice."""
    if len(field) > LONGEST or _FIELD.fullmatch(field) is None:
        return {}
    parts = [part.partition("=") for part in field.split(", ")]
    if len({name for name, _, _ in parts}) != len(parts):
        return {}
    return {name: _decoded(value) for name, _, value in parts if name in _KNOWN}


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value.strip(":"), validate=True)
    except binascii.Error:
        return b""
