"""Addresses a login may lead to: https, or plain http to this machine. Nothing is resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, urlencode, urlsplit

from egov_serang.transport.outgoing import is_loopback

_PLAIN: Final = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
"""Visible ASCII but for the backslash: readers of addresses make different things of the others."""


def fault_of(url: object) -> str | None:
    """What is wrong with an address; None where it can be used."""
    parts = _parts(url)
    if parts is None or parts.scheme not in {"https", "http"} or not parts.hostname:
        return "must look like https://login.example"
    if "@" in parts.netloc or "#" in str(url):
        return "must not hold a user, password or fragment"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "uses http, which is allowed to this machine only"
    return None


def origin_of(url: str) -> str:
    """Scheme, host and port, in the one way to write them."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    usual = parts.port is None or parts.port == {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{named}" if usual else f"{parts.scheme}://{named}:{parts.port}"


def with_query(url: str, fields: Mapping[str, str]) -> str:
    """The address with more fields in its query."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"


def _parts(url: object) -> SplitResult | None:
    if not isinstance(url, str) or not _PLAIN.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
