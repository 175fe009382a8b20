"""What a service announces of its limits, from an answer's headers. Pure; what makes no sense is as good as silence.

Three forms: `RateLimit` with `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10, and the dictionary of draft
07), the three older `RateLimit-*`, and `X-RateLimit-*`, whose reset some give as a time of day.

Source: layers.md 3.3, contract-v1 section 1.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import http_sf

from egov_serang.core.clock import date_of

_LONGEST_FIELD: Final = 2048
_MOST_QUOTAS: Final = 8
_REQUESTS: Final = frozenset({"requests", "request"})
_EPOCH: Final = 1_000_000_000
_EPOCH_MS: Final = 1_000_000_000_000

_Item = tuple[object, Mapping[str, object]]
_Policy = tuple[int | None, float | None, str]
"""Requests a window, its seconds, the unit that is counted."""


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit on requests.

    Attributes:
        name: by which the service means the same limit again.
        remaining: requests left.
        reset: seconds until there are new ones; None where the service does not say.
        most: requests a window; None where it does not say.
        window: its seconds; likewise.
    """

    name: str
    remaining: int
    reset: float | None = None
    most: int | None = None
    window: float | None = None


def announced(headers: Mapping[str, str]) -> tuple[Quota, ...]:
    """The limits an answer speaks of; none where it does not, or nobody can tell what it means."""
    field = headers.get("ratelimit")
    if field is not None:
        return _draft(field, headers.get("ratelimit-policy", ""))
    for form in ("ratelimit", "x-ratelimit"):
        if f"{form}-remaining" in headers:
            return _three(form, headers)
    return ()


def _draft(field: str, policy: str) -> tuple[Quota, ...]:
    known = _policies(policy)
    items = _list(field)
    if items is None:
        return _dictionary(field, known)
    found: list[Quota] = []
    for name, terms in items[:_MOST_QUOTAS]:
        remaining, reset = _whole(terms.get("r")), _whole(terms.get("t"))
        most, window, unit = known.get(str(name), (None, None, "requests"))
        if isinstance(name, str | http_sf.Token) and remaining is not None and unit in _REQUESTS:
            found.append(Quota(str(name), remaining, reset if reset is not None else window, most, window))
    return tuple(found)


def _dictionary(field: str, known: Mapping[str, _Policy]) -> tuple[Quota, ...]:
    """Draft 07: `limit=100, remaining=50, reset=5`; its policy has the limit for a name."""
    found: dict[str, _Item] = _parsed(field, "dictionary") or {}
    terms = {name: _whole(member[0]) for name, member in found.items()}
    remaining, most = terms.get("remaining"), terms.get("limit")
    if remaining is None:
        return ()
    window = known.get(str(most), (None, None, ""))[1]
    return (Quota(f"ratelimit:{most}", remaining, terms.get("reset"), most, window),)


def _three(form: str, headers: Mapping[str, str]) -> tuple[Quota, ...]:
    remaining = _number(headers.get(f"{form}-remaining", ""))
    reset = _number(headers.get(f"{form}-reset", ""))
    if remaining is None:
        return ()
    limits = _list(headers.get(f"{form}-limit", "")) or []
    most = _whole(limits[0][0]) if limits else None
    # `100, 100;w=60`: the limit in force, then the policies it came from.
    window = next((w for value, terms in limits if value == most and (w := _whole(terms.get("w")))), None)
    if reset is not None and reset >= _EPOCH:
        said = date_of(headers)
        at = reset / 1000 if reset >= _EPOCH_MS else reset
        reset = None if said is None else max(0.0, at - said)
    # Nobody says which requests this limit is for. What has another limit is another one.
    return (Quota(f"{form}:{most}", int(remaining), reset, most, window),)


@functools.lru_cache(maxsize=64)
def _policies(policy: str) -> Mapping[str, _Policy]:
    return {
        str(name): (_whole(terms.get("q")), _whole(terms.get("w")), str(terms.get("qu", "requests")))
        for name, terms in (_list(policy) or [])[:_MOST_QUOTAS]
        if not isinstance(name, list)
    }


def _list(field: str) -> list[_Item] | None:
    found: list[_Item] | None = _parsed(field, "list")
    return found


def _parsed(field: str, kind: str) -> Any:
    if len(field) > _LONGEST_FIELD:
        return None
    try:
        return http_sf.parse(field.encode(), tltype=kind)
    except (ValueError, RecursionError):
        return None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _number(text: str) -> float | None:
    text = text.strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None  # noqa: PLR2004 - as RFC 9651
