"""What threads and tasks share of the fast transport: pyreqwest's clients, requests, answers and errors.

pyreqwest does in Rust what httpx does in Python. It is quick, and it is trusting: it rewrites addresses, believes two
lengths at once, reads bodies without end, and its errors name causes that are none. Each check here is for one of
these.
"""

from __future__ import annotations

import atexit
import functools
import os
import re
import threading
import time
import weakref
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

# Before all else: an interrupted call would import it while the interrupt is pending, and abort the process.
from pyreqwest import exceptions as theirs
from pyreqwest.client import BaseClientBuilder
from pyreqwest.http import Url
from pyreqwest.proxy import ProxyBuilder
from pyreqwest.response import BaseResponse

from egov_serang.core.message import FaultKind, Headers, Limits, Request, TransportFault
from egov_serang.transport.answer import check_framing
from egov_serang.transport.faults import copied, distrusted
from egov_serang.transport.outgoing import Address, locate, missing_fields, refused
from egov_serang.transport.stack import Keep
from egov_serang.transport.tls import Shown, TlsOptions, fallback_store, unusable

B = TypeVar("B", bound=BaseClientBuilder)
C = TypeVar("C")

_CERTIFICATE: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\s*", re.DOTALL)
_HEAD_LIMIT: Final = 100 * 1024
_FORKED: Final = (
    "this process was forked from one that had used the fast transport, which cannot work in it:"
    " start processes by spawn, or leave transport='fast' away (the default transport survives a fork)"
)

_REST: Final = 0.02
"""Seconds in which pyreqwest's threads come to rest."""

Key = tuple[bool, Shown | None, float, float | None]


class Pools(Generic[C]):
    """pyreqwest's clients, each with connections of its own; made when first needed, and anew when they are old.

    Args:
        build: makes a client for a key.
        tls: whom to trust, and what to show.
        keep: how long connections are kept.
    """

    def __init__(self, build: Callable[[Key], C], tls: TlsOptions, keep: Keep) -> None:
        self._build = build
        self._tls = tls
        self._keep = keep
        self._made: dict[Key, tuple[float, C]] = {}
        self._lock = threading.Lock()
        self._process: int | None = None

    def check_process(self) -> None:
        """Refuse to go on in a child of the process that began.

        pyreqwest would wait for ever there, for threads that a fork does not copy. Before any lock, which a thread that
        the child does not have may hold.

        Raises:
            TransportFault: `sent=no`, permanent.
        """
        if self._process != os.getpid():
            if self._process is not None:
                raise refused(_FORKED)
            self._process = os.getpid()

    def get(self, address: Address, limits: Limits, *, patient: bool = False) -> C:
        """The client for an address.

        Args:
            address: where to.
            limits: of the transmission.
            patient: whether only the deadline may end it: pyreqwest's read limit counts from the first byte sent on,
                and would end a long upload in the midst of it.

        Raises:
            TransportFault: `sent=no`, permanent: a file of the options cannot be used, or the process was forked.
        """
        secure = address.scheme == b"https"
        key = (secure, self._tls.shown() if secure else None, limits.connect, None if patient else limits.read)
        known = self._made.get(key)
        if known is not None and time.monotonic() - known[0] <= self._keep.age:
            return known[1]
        with self._lock:
            now = time.monotonic()
            self._made = {old: made for old, made in self._made.items() if now - made[0] <= self._keep.age}
            if key not in self._made:
                self._made[key] = now, self._build(key)
            return self._made[key][1]

    def clear(self) -> None:
        """Leave every connection: those at rest close at once, those with a call on them at its end."""
        with self._lock:
            self._made = {}


def configured(builder: B, key: Key, tls: TlsOptions, keep: Keep, proxy: str | None) -> B:
    """A builder set to what the port promises.

    Raises:
        TransportFault: `sent=no`, permanent: a file of the options cannot be used.
    """
    secure, shown, connect, read = key
    builder = (
        # We decode, for we count; we sign the address, so nobody may send the request to another one.
        builder.gzip(False).brotli(False).deflate(False).zstd(False).follow_redirects(False).referer(False)
        .no_proxy().http1_only().http1_lower_case_headers().user_agent("egov-serang").min_tls_version("TLSv1.2")
        .connect_timeout(timedelta(seconds=connect))
    )  # fmt: skip
    builder = (
        builder.pool_idle_timeout(timedelta(seconds=keep.idle)) if keep.idle else builder.pool_max_idle_per_host(0)
    )
    if read is not None:
        builder = builder.read_timeout(timedelta(seconds=read))
    if proxy is not None:
        builder = builder.proxy(ProxyBuilder.all(proxy))
    return _trusting(builder, tls, shown) if secure else builder


def built(build: Callable[[], C]) -> C:
    """A client, or the reason why there is none.

    Raises:
        TransportFault: `sent=no`, permanent.
    """
    try:
        return build()
    except (RuntimeError, theirs.BuilderError) as error:
        forked = isinstance(error, RuntimeError)  # pyreqwest's own check: it has run in our parent
    raise refused(_FORKED) if forked else unusable()


def _trusting(builder: B, tls: TlsOptions, shown: Shown | None) -> B:
    store = tls.ca_file or fallback_store()
    try:
        found: list[bytes] = [] if store is None else _CERTIFICATE.findall(Path(store).read_bytes())
        for certificate in found:  # one by one: pyreqwest takes the first of a file alone
            builder = builder.add_root_certificate_pem(certificate)
        if shown is not None:
            builder = builder.identity_pem(shown.pem())
    except (OSError, ValueError):
        found = []
        store = store or ""
    if store is not None and not found:
        raise unusable()
    return builder


def destination(request: Request) -> tuple[Address, Url]:
    """Where a request goes, its address byte for byte as it was signed.

    Raises:
        TransportFault: `sent=no`, permanent: what `locate` refuses, and what pyreqwest would rewrite.
    """
    address, target = locate(request.url)
    wanted = f"{address.scheme.decode()}://{address.field.decode()}{target.decode()}"
    try:
        url = Url(wanted)
        if str(url) == wanted:
            return address, url
    except ValueError:
        pass
    raise refused("the fast transport would rewrite this address (dot segments, quotes, braces, blanks or backslashes)")


def outgoing_fields(request: Request) -> list[tuple[str, str]]:
    """All header fields but Host.

    Raises:
        TransportFault: `sent=no`, permanent: a field that is not ASCII.
    """
    fields = [*request.headers, *missing_fields(request)]
    for name, value in fields:
        if not (name.isascii() and value.isascii()):
            break
    else:
        return fields
    del name, value
    raise refused("a header field is not ASCII")


def time_left(limits: Limits) -> timedelta:
    """What pyreqwest may spend on a transmission, its body included.

    Raises:
        TransportFault: `sent=no`: nothing.
    """
    seconds = limits.deadline - time.monotonic()
    if seconds <= 0:
        raise TransportFault("timeout", sent="no", reason="no connection in time")
    return timedelta(seconds=seconds)


def head(method: str, answer: BaseResponse) -> Headers:
    """The header fields of an answer that is fit to be read on.

    Raises:
        TransportFault: its framing cannot be trusted, or its head is larger than any of ours would be.
    """
    try:
        headers = Headers(answer.headers.items())
    except ValueError:
        headers = Headers(_readable(answer))
    check_framing(method, answer.status, headers)
    if headers.get("transfer-encoding", "chunked").lower() != "chunked":
        raise TransportFault("protocol", sent="maybe", reason="the answer is in a transfer coding nobody asked for")
    if sum(map(len, headers.values())) > _HEAD_LIMIT:
        raise TransportFault("protocol", sent="maybe", reason="the head of the answer is larger than allowed")
    return headers


def _readable(answer: BaseResponse) -> list[tuple[str, str]]:
    """The fields in ASCII. pyreqwest cannot hand out others; a signature that covers one will not verify."""
    found: list[tuple[str, str]] = []
    for name in dict.fromkeys(answer.headers.keys()):
        try:
            found += [(name, value) for value in answer.get_header_all(name)]
        except ValueError:
            continue
    return found


def promised_length(method: str, status: int, headers: Headers, max_body: int) -> int | None:
    """How long the body will be: 0 where there is none, None where nobody said.

    pyreqwest reserves so much memory before it reads, and ends the process when there is not so much: so what answers
    HEAD, or is over the limit, must never be read whole by it.

    Raises:
        TransportFault: `too_large`.
    """
    if method == "HEAD" or status in {204, 304}:
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
    if any(word in cause for cause in causes for word in ("tcp connect error", "dns error", "tunnel", "proxy")):
        return TransportFault("connect", sent="no", reason="no connection to the service")
    return TransportFault("tls", sent="no", reason="the TLS handshake failed")


def _causes(error: theirs.PyreqwestError) -> list[str]:
    """What pyreqwest found, innermost last. The first names the address with its query, and stays away."""
    if not isinstance(error, theirs.DetailedPyreqwestError):
        return []
    return [cause["message"] for cause in (error.details.get("causes") or ())[1:]]


class Ending(Protocol):
    """A transport that can be told that the interpreter ends."""

    def settle(self) -> None: ...


@functools.cache
def _alive() -> weakref.WeakSet[Ending]:
    transports: weakref.WeakSet[Ending] = weakref.WeakSet()
    atexit.register(_rest, transports, os.getpid())
    return transports


def remember(transport: Ending) -> None:
    """Have a transport settled before the interpreter ends.

    A thread of pyreqwest's that reaches for Python while Python ends aborts the process: so ended up to one short
    script in ten, though everything had been closed.
    """
    _alive().add(transport)


def _rest(transports: weakref.WeakSet[Ending], process: int) -> None:
    if process == os.getpid():
        for transport in list(transports):
            transport.settle()
        time.sleep(_REST)
