"""The gateway's RFC 9421 profile: which components are covered, in which order, and how a message is signed.

Source: contract-v1 section 1 (label `egov`, tag `egov-serang`), RFC 9421, RFC 9530.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Final

from egov_serang.errors import FieldError, Invalid
from egov_serang.signing.algorithms import Signer
from egov_serang.signing.base import Message, signature_base

LABEL: Final = "egov"
TAG: Final = "egov-serang"
LIFETIME: Final = 300

_WITH_BODY: Final = ('"content-type"', '"content-digest"')
_IF_PRESENT: Final = tuple((name, f'"{name}"') for name in ("authorization", "dpop", "if-match", "x-acting-for"))
_KEYED: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# One pass of str.translate finds anything that may not stand in a signature base line (RFC 9421 section 2.5).
_PRINTABLE: Final = dict.fromkeys(range(0x20, 0x7F))


def request_components(method: str, headers: Mapping[str, str]) -> tuple[str, ...]:
    """The components a request must cover, as serialised identifiers in the profile's order.

    Args:
        method: the verb.
        headers: names in lower case; with a body there is a `content-digest` among them.
    """
    names = ['"@method"', '"@target-uri"']
    if "content-digest" in headers:
        names.extend(_WITH_BODY)
    if method in _KEYED:
        names.append('"idempotency-key"')
    names += [component for name, component in _IF_PRESENT if name in headers]
    names.append('"x-request-id"')
    return tuple(names)


def answer_components(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The components an answer must cover: itself, and through the request's signature the request it answers."""
    body = _WITH_BODY if "content-digest" in headers else ()
    return ('"@status"', *body, '"x-request-id"', f'"signature";req;key="{LABEL}"')


class MessageSigner:
    """Signs messages in the profile.

    Args:
        signer: holds the message key, which is a different one from the assertion key.
    """

    def __init__(self, signer: Signer) -> None:
        self._sign = signer.sign
        self._static = f';keyid="{signer.keyid}";alg="{signer.algorithm}";tag="{TAG}"'
        self._lists: dict[tuple[str, ...], str] = {}

    def sign(self, method: str, url: str, headers: MutableMapping[str, str], *, created: int) -> None:
        """Put Signature-Input and Signature among the headers of a request.

        Args:
            method: the verb.
            url: the absolute target URI, as sent.
            headers: names in lower case; holds everything to be covered, Content-Digest included.
            created: seconds since the epoch.

        Raises:
            Invalid: a covered value has a character outside printable ASCII; nothing was sent.
        """
        components = request_components(method, headers)
        self._put(components, Message(headers, method, url), headers, created)

    def sign_answer(self, status: int, headers: MutableMapping[str, str], request: Message, *, created: int) -> None:
        """The same for an answer.

        Args:
            status: HTTP status.
            headers: of the answer.
            request: the signed request it answers.
            created: seconds since the epoch.

        Raises:
            Invalid: a covered value has a character outside printable ASCII.
            SignatureInvalid: the request is not signed.
        """
        message = Message(headers, status=status, request=request)
        self._put(answer_components(headers), message, headers, created)

    def _put(
        self, components: tuple[str, ...], message: Message, headers: MutableMapping[str, str], created: int
    ) -> None:
        listed = self._lists.get(components)
        if listed is None:
            listed = f"({' '.join(components)})"
            self._lists[components] = listed  # at most a few dozen combinations exist
        nonce = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
        params = f'{listed};created={created};expires={created + LIFETIME};nonce="{nonce}"{self._static}'
        base = signature_base(components, message, params)
        if base.translate(_PRINTABLE) != "\n" * len(components):  # one between two lines, and nothing else
            raise _unsendable(headers, components)
        headers["signature-input"] = f"{LABEL}={params}"
        headers["signature"] = f"{LABEL}=:{base64.b64encode(self._sign(base.encode())).decode()}:"


def _unsendable(headers: Mapping[str, str], components: Iterable[str]) -> Invalid:
    names = [component.strip('"') for component in components]
    name = next((name for name in names if headers.get(name, "").translate(_PRINTABLE)), "target-uri")
    return Invalid(
        f"the {name} holds a character that cannot be sent",
        code="validation_failed",
        sent="no",
        errors=(FieldError(f"/{name}", "character", "printable ASCII only"),),
    )
