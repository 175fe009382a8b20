"""Requests to pyreqwest, its answers and its errors, for threads and tasks alike.

It is trusting: it rewrites addresses, believes two lengths at once, reads bodies without end, and its errors name
causes that are none. Each check here is for one of these.
"""

from __future__ import annotations

import functools
import time
from datetime import timedelta
from typing import Final, Generic, TypeVar

# Before all else: an interrupted call would import it while the interrupt is pending, and abort the process.
from pyreqwest import exceptions as theirs
from pyreqwest.http import Url
from pyreqwest.response import BaseResponse

from egov_serang.core.message import FaultKind, Headers, Limits, Request, TransportFault
from egov_serang.transport.answer import check_framing, check_size
from egov_serang.transport.faults import UNRESOLVED, copied, distrusted
from egov_serang.transport.outgoing import Address, locate, missing_fields, refused

T = TypeVar("T")

_NO_CONTENT: Final = frozenset({204, 304})


class Hidden(Generic[T]):
    """Holds a request of pyreqwest's, whose `repr` shows every header: frames that hold it may be printed."""

    __slots__ = ("it",)

    def __init__(self, it: T) -> None:
        self.it = it


@functools.lru_cache(maxsize=256)
def destination(address: str) -> tuple[Address, Url]:
    """Where a request to this address goes, byte for byte as it was signed.

    Raises:
        TransportFault: `sent=no`, permanent: what `locate` refuses, and what pyreqwest would rewrite.
    """
    line, target = locate(address)
    wanted = f"{line.scheme.decode()}://{line.field.decode()}{target.decode()}"
    try:
        url = Url(wanted)
        if str(url) == wanted:
            return line, url
    except ValueError:
        pass
    raise refused("the fast transport would rewrite this address (dot segments, quotes, braces, blanks or backslashes)")


def outgoing_fields(request: Request) -> list[tuple[str, str]]:
    """All header fields but Host.

    Raises:
        TransportFault: `sent=no`, permanent: a field that is not ASCII.
    """
    fields = [*request.headers, *missing_fields(request)]
    if not "".join(map("".join, fields)).isascii():
        raise refused("a header field is not ASCII")
    return fields


def time_left(limits: Limits) -> timedelta:
    """What pyreqwest may spend on a transmission, its body included.

    Raises:
        TransportFault: `sent=no`: nothing.
    """
    seconds = limits.deadline - time.monotonic()
    if seconds <= 0:
        raise TransportFault("timeout", sent="no", reason="no connection in time")
    return timedelta(seconds=seconds)


def head(method: str, status: int, answer: BaseResponse) -> Headers:
    """The header fields of an answer that is fit to be read on.

    Raises:
        TransportFault: its framing cannot be trusted, or its head is larger than any of ours would be.
    """
    try:
        found = answer.headers.dict_multi_value()
    except ValueError:
        found = _readable(answer)
    fields = {name: value if isinstance(value, str) else ", ".join(value) for name, value in found.items()}
    check_size(fields.items())
    headers = Headers.of(fields)
    check_framing(method, status, headers)
    if fields.get("transfer-encoding", "chunked").lower() != "chunked":
        raise TransportFault("protocol", sent="maybe", reason="the answer is in a transfer coding nobody asked for")
    return headers


def _readable(answer: BaseResponse) -> dict[str, str | list[str]]:
    """The fields in ASCII. pyreqwest cannot hand out others; a signature that covers one will not verify."""
    found: dict[str, str | list[str]] = {}
    for name in answer.headers:
        try:
            found[name] = answer.get_header_all(name)
        except ValueError:
            continue
    return found


def plain_length(method: str, status: int, headers: Headers, max_body: int) -> int | None:
    """The length of a body that needs no further check, as most do: measured once, in no coding, not too long."""
    length = headers.get("content-length", "")
    if (
        not length.isdecimal()
        or "content-encoding" in headers
        or method == "HEAD"
        or status in _NO_CONTENT
        or int(length) > max_body
    ):
        return None
    return int(length)


def promised_length(method: str, status: int, headers: Headers, max_body: int) -> int | None:
    """How long the body will be: 0 where there is none, None where nobody said.

    pyreqwest reserves so much memory before it reads, and ends the process when there is not so much: so what answers
    HEAD, or is over the limit, must never be read whole by it.

    Raises:
        TransportFault: `too_large`.
    """
    if method == "HEAD" or status in _NO_CONTENT:
        return 0
    length = headers.get("content-length", "").partition(",")[0]
    if not length.isdecimal():
        return None
    if int(length) > max_body:
        raise TransportFault("too_large", sent="maybe", reason="the answer is larger than allowed", permanent=True)
    return int(length)


def check_length(promised: int, received: int) -> None:
    """Refuse a body that is not as long as it should be.

    Raises:
        TransportFault: `truncated`.
    """
    if promised != received:
        raise TransportFault("truncated", sent="maybe", reason="the answer ended early")


def explained(error: BaseException) -> TransportFault | None:
    """The fault an error means, or None when it is no transport's (a cancellation, a bug, a body that fails).

    `sent=no` only with the proof that no connection came about: the names of pyreqwest's classes are no such proof.
    """
    if isinstance(error, TransportFault):
        return copied(error)
    if not isinstance(error, theirs.PyreqwestError):
        return None
    causes = _causes(error)
    if "client error (Connect)" in causes:
        return _unconnected(error, causes)
    if isinstance(error, theirs.BuilderError):
        return refused("the request is not valid HTTP")
    return _met_after_sending(error, causes)


def _met_after_sending(error: theirs.PyreqwestError, causes: list[str]) -> TransportFault:
    kind: FaultKind
    if isinstance(error, theirs.RequestTimeoutError):
        kind, reason = "timeout", "no complete answer in time"
    elif any(word in cause for cause in causes for word in ("end of file", "unexpected EOF")):
        kind, reason = "truncated", "the answer ended early"
    elif isinstance(error, theirs.DecodeError):
        kind, reason = "protocol", "the answer is not valid HTTP"
    else:
        kind, reason = "reset", "the service closed the connection before its answer was complete"
    return TransportFault(kind, sent="maybe", reason=reason)


def _unconnected(error: theirs.PyreqwestError, causes: list[str]) -> TransportFault:
    if isinstance(error, theirs.RequestTimeoutError):
        return TransportFault("timeout", sent="no", reason="no connection in time")
    if any("invalid peer certificate" in cause for cause in causes):
        return distrusted()
    if any("dns error" in cause for cause in causes):
        return TransportFault("resolve", sent="no", reason=UNRESOLVED)
    if any(word in cause for cause in causes for word in ("tcp connect error", "tunnel", "proxy")):
        return TransportFault("connect", sent="no", reason="no connection to the service")
    return TransportFault("tls", sent="no", reason="the TLS handshake failed")


def _causes(error: theirs.PyreqwestError) -> list[str]:
    """What pyreqwest found, innermost last. The first names the address with its query, and stays away."""
    if not isinstance(error, theirs.DetailedPyreqwestError):
        return []
    return [cause["message"] for cause in (error.details.get("causes") or ())[1:]]
