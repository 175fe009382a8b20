"""What threads and tasks share of the fast transport: pyreqwest's clients, how they are set, and how they end."""

from __future__ import annotations

import atexit
import functools
import os
import re
import sys
import threading
import time
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

# Before all else: an interrupted call would import it while the interrupt is pending, and abort the process.
from pyreqwest import exceptions as theirs
from pyreqwest.client import BaseClientBuilder
from pyreqwest.proxy import ProxyBuilder

from egov_serang.core.message import Limits
from egov_serang.transport.outgoing import USER_AGENT, Address, refused
from egov_serang.transport.stack import Keep
from egov_serang.transport.tls import Shown, TlsOptions, fallback_store, unusable

B = TypeVar("B", bound=BaseClientBuilder)
C = TypeVar("C")

_CERTIFICATE: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\s*", re.DOTALL)
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
        self._closed = False

    def check(self) -> None:
        """Refuse to go on after the end, or in a child of the process that began.

        pyreqwest would wait for ever there, for threads that a fork does not copy. Before any lock, which a thread that
        the child does not have may hold.

        Raises:
            TransportFault: `sent=no`, permanent.
        """
        if self._closed:
            raise refused("the client is closed")
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

    def close(self) -> None:
        """Leave them, and make no others."""
        self._closed = True
        self.clear()


def configured(builder: B, key: Key, tls: TlsOptions, keep: Keep, proxy: str | None) -> B:
    """A builder set to what the port promises.

    Raises:
        TransportFault: `sent=no`, permanent: a file of the options cannot be used.
    """
    secure, shown, connect, read = key
    builder = (
        # We decode, for we count; we sign the address, so nobody may send the request to another one.
        builder.gzip(False).brotli(False).deflate(False).zstd(False).follow_redirects(False).referer(False)
        .no_proxy().http1_only().http1_lower_case_headers().user_agent(USER_AGENT).min_tls_version("TLSv1.2")
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
        with _patient_threads():
            return build()
    except (RuntimeError, theirs.BuilderError) as error:
        forked = isinstance(error, RuntimeError)  # pyreqwest's own check: it has run in our parent
    raise refused(_FORKED) if forked else unusable()


@contextmanager
def _patient_threads() -> Generator[None]:
    """Have a thread that is started meanwhile push nobody off a core: it inherits how its maker is scheduled.

    pyreqwest's only thread wakes for every answer, and then waits for the interpreter's lock, which an event loop at
    work on the same core holds: two switches an answer, a third of a call's CPU. Scheduled as `SCHED_BATCH` it finds
    many answers when the loop rests. On an idle core it starts as fast as ever.
    """
    changed = False
    if sys.platform == "linux":
        with suppress(OSError):  # forbidden in some containers, and not there with musl
            if os.sched_getscheduler(0) == os.SCHED_OTHER:
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
                changed = True
    try:
        yield
    finally:
        if changed:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


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
