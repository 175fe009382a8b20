"""An operation as a value: what to send and how to read the answer. No I/O; tested by equality."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Generic, Literal, TypeVar
from urllib.parse import quote, urlencode

from egov_serang.core.message import MAX_BODY, Body, Response
from egov_serang.errors import EgovError, FieldError, Invalid

__all__ = ["MAX_BODY", "Call", "Decoder", "ErrorReader", "Safety", "fill", "invalid"]

T = TypeVar("T")

Safety = Literal["safe", "keyed", "never_repeat"]
"""How an operation may be repeated: always; with its idempotency key, which the wire honours; only if never sent."""

RISK: Final[Mapping[Safety, int]] = {"safe": 0, "keyed": 1, "never_repeat": 2}

Decoder = Callable[[Response], T]
ErrorReader = Callable[[Response], EgovError]

_MAX_ID: Final = 512
_DANGEROUS: Final = re.compile(r"[/\\\x00-\x1f\x7f;]|%(?:2e|2f|5c)", re.IGNORECASE)
_SOUND_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~%-]+)+")


def invalid(name: str, detail: str, code: str = "invalid") -> Invalid:
    """The error for an argument refused before sending. `detail` must not repeat the value."""
    return Invalid(
        f"the argument {name} cannot be sent",
        code="validation_failed",
        sent="no",
        errors=(FieldError(f"/{name}", code, detail),),
    )


def fill(template: str, params: Mapping[str, str]) -> str:
    """The path with its ids in place, each percent-encoded whole.

    An id that a server or a proxy in between could read as another route (`..`, a slash, an encoded slash, a path
    parameter) is refused here, before any URL exists.

    Raises:
        Invalid: an id that could reach another route; nothing was sent.

    Source: layers.md 4.2 rule 1, RFC 3986 sections 3.3 and 6.2.
    """
    path = template
    for name, value in params.items():
        text: object = value  # the annotation is a promise of the caller's, not a fact
        if not isinstance(text, str):
            raise invalid(name, f"must be text, not {type(text).__name__}", "type")
        if not text or len(text) > _MAX_ID or text.strip() != text:
            raise invalid(name, f"must be 1 to {_MAX_ID} characters without blanks around them", "length")
        if text in {".", ".."} or _DANGEROUS.search(text):
            raise invalid(name, "has a slash, backslash, semicolon, control character or dot segment", "unsafe")
        try:
            encoded = quote(text, safe="")
        except UnicodeEncodeError:
            raise invalid(name, "is not valid Unicode text", "encoding") from None
        path = path.replace("{" + name + "}", encoded)
    if not _SOUND_PATH.fullmatch(path):
        raise invalid("path", f"the template {template} was not filled", "template")
    return path


@dataclass(frozen=True, slots=True, repr=False)
class Call(Generic[T]):
    """One operation, ready to be sent any number of times.

    Attributes:
        operation: its id, such as `complaints.get`.
        method: the HTTP verb.
        path: the template, such as `/v1/complaints/cases/{complaint_id}`: logs show this, never the filled path.
        decode: turns the answer into T; raises `UnexpectedReply`.
        read_error: turns an answer of status 400 and above into the error it means.
        params: the path's ids.
        query: in the order sent; values never hold personal data.
        headers: further request headers of this operation, names in lower case.
        body: what is sent.
        safety: how it may be repeated.
        authenticated: whether it carries a token.
        signed: whether it is signed.
        stream: whether the answer is handed out in pieces.
        client_reference: the caller's own number; an answer that echoes another one is refused.
        max_body: the largest answer taken, bytes.
    """

    operation: str
    method: str
    path: str
    decode: Decoder[T]
    read_error: ErrorReader
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: Body | None = None
    safety: Safety = "safe"
    authenticated: bool = True
    signed: bool = True
    stream: bool = False
    client_reference: str | None = None
    max_body: int = MAX_BODY

    def target(self) -> str:
        """Path and query as sent.

        Raises:
            Invalid: an id that could reach another route.
        """
        path = fill(self.path, self.params)
        return f"{path}?{urlencode(self.query, quote_via=quote, safe='')}" if self.query else path

    def with_query(self, **changes: str | None) -> Call[T]:
        """The same call with query parameters set, or removed where None."""
        kept = tuple((name, value) for name, value in self.query if name not in changes)
        return replace(self, query=kept + tuple((n, v) for n, v in changes.items() if v is not None))

    def __repr__(self) -> str:
        return f"<Call {self.operation}: {self.method} {self.path}>"
