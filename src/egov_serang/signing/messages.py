"""The gateway's RFC 9421 profile: which components are covered, in which order, and how a request is signed.

Source: contract-v1 section 1 (label `egov`, tag `egov-serang`), RFC 9421, RFC 9530.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, MutableMapping
from typing import Final

from egov_serang.errors import FieldError, Invalid
from egov_serang.signing.algorithms import message_algorithm
from egov_serang.signing.keys import PrivateKey

LABEL: Final = "egov"
TAG: Final = "egov-serang"
LIFETIME: Final = 300

_WITH_BODY: Final = ("content-type", "content-digest")
_IF_PRESENT: Final = ("authorization", "dpop", "if-match", "x-acting-for")
_KEYED: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# One pass of str.translate finds anything that may not stand in a signature base line (RFC 9421 section 2.5).
_PRINTABLE: Final = dict.fromkeys(range(0x20, 0x7F))


def content_digest(chunks: Iterable[bytes]) -> str:
    """The Content-Digest field over a body's final bytes (RFC 9530, sha-256)."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"


def covered(method: str, headers: MutableMapping[str, str]) -> tuple[str, ...]:
    """The header fields this request must cover, in the profile's order, without the derived components."""
    names: list[str] = []
    if "content-digest" in headers:
        names.extend(_WITH_BODY)
    if method in _KEYED:
        names.append("idempotency-key")
    names.extend(name for name in _IF_PRESENT if name in headers)
    names.append("x-request-id")
    return tuple(names)


def signature_base(method: str, url: str, fields: Iterable[tuple[str, str]], params: str) -> str:
    """The exact text that is signed (RFC 9421 section 2.5)."""
    lines = [f'"@method": {method}', f'"@target-uri": {url}']
    lines.extend(f'"{name}": {value}' for name, value in fields)
    lines.append(f'"@signature-params": {params}')
    return "\n".join(lines)


class MessageSigner:
    """Signs requests with one key; its kind decides the algorithm.

    Args:
        key: the message key; a different one from the assertion key.
    """

    def __init__(self, key: PrivateKey) -> None:
        algorithm, self._sign = message_algorithm(key)
        self._static = f';keyid="{key.keyid}";alg="{algorithm}";tag="{TAG}"'
        self._lists: dict[tuple[str, ...], str] = {}

    def sign(self, method: str, url: str, headers: MutableMapping[str, str], *, created: int) -> None:
        """Put Signature-Input and Signature among the headers.

        Args:
            method: the verb.
            url: the absolute target URI, as sent.
            headers: names in lower case; holds everything to be covered, Content-Digest included.
            created: seconds since the epoch.

        Raises:
            Invalid: a covered value has a character outside printable ASCII; nothing was sent.
        """
        names = covered(method, headers)
        components = self._lists.get(names)
        if components is None:
            components = '("@method" "@target-uri" ' + " ".join(f'"{name}"' for name in names) + ")"
            self._lists[names] = components  # at most a few dozen combinations exist
        nonce = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
        params = f'{components};created={created};expires={created + LIFETIME};nonce="{nonce}"{self._static}'
        base = signature_base(method, url, [(name, headers[name].strip()) for name in names], params)
        if base.translate(_PRINTABLE) != "\n" * (len(names) + 2):  # one between two lines, and nothing else
            raise _unsendable(headers, names)
        headers["signature-input"] = f"{LABEL}={params}"
        headers["signature"] = f"{LABEL}=:{base64.b64encode(self._sign(base.encode())).decode()}:"


def _unsendable(headers: MutableMapping[str, str], names: Iterable[str]) -> Invalid:
    name = next((name for name in names if headers[name].translate(_PRINTABLE)), "target-uri")
    return Invalid(
        f"the {name} holds a character that cannot be sent",
        code="validation_failed",
        sent="no",
        errors=(FieldError(f"/{name}", "character", "printable ASCII only"),),
    )
