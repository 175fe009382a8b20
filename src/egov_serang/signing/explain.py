"""Why a signature does not hold, in words a person can act on, without secrets and personal data.

The two sides of a refused signature built two different texts. Seen side by side, the line that differs is the fault.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from egov_serang.errors import mask_numbers

_SHOWN: Final = frozenset(
    {"@method", "@authority", "@scheme", "@path", "@status", "@target-uri", "@request-target", "@query"}
    | {"@signature-params", "signature", "content-type", "content-digest", "content-length", "date", "host", "accept"}
    | {"idempotency-key", "if-match", "x-request-id"}
)
"""What tells nobody's secret. Other signers cover cookies, addresses, keys, tokens: those are shown as a hash."""
_QUERY: Final = re.compile(r"\?.*")
_WITH_QUERY: Final = ("@target-uri", "@request-target", "@query")


def masked_base(base: str) -> str:
    """A signature base that may be shown: whatever may be secret by a short hash, so that two can still be compared;
    numbers masked."""
    return "\n".join(_masked(line) for line in base.split("\n"))


def _masked(line: str) -> str:
    identifier, _, value = line.partition(": ")
    name = identifier.partition(";")[0].strip('"')
    if name not in _SHOWN and not value.startswith("(masked"):
        scheme = value.partition(" ")[0] if name == "authorization" else ""
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        value = f"(masked{' ' + scheme if scheme else ''}, sha-256 {digest})"
    elif name in _WITH_QUERY:
        value = _QUERY.sub("?(masked)", value)
    return mask_numbers(f"{identifier}: {value}")
