"""TLS: what a client trusts and shows, and the one context made from it."""

from __future__ import annotations

import functools
import ssl
import time
from dataclasses import dataclass
from typing import Protocol

from egov_serang.core.message import TransportFault


class Shown(Protocol):
    """A certificate with its key, read at one moment; hashable, and equal to another of the same content."""

    def __hash__(self) -> int: ...
    def load(self, context: ssl.SSLContext) -> None:
        """Let connections of this context show it; raises OSError where it cannot be used."""
        ...

    def pem(self) -> bytes:
        """The certificate with its chain and its key, for a library that has no contexts."""
        ...


class Identity(Protocol):
    """What a client shows when asked who it is: one certificate after another, as its file is replaced."""

    def current(self, at: float) -> Shown:
        """What is shown now; `at` in seconds since the epoch."""
        ...


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """Whom a client trusts, and what it shows when asked who it is.

    Args:
        ca_file: PEM file that replaces the machine's trust store.
        identity: the certificate for mutual TLS.
    """

    ca_file: str | None = None
    identity: Identity | None = None

    def shown(self) -> Shown | None:
        """What a connection that is opened now shows."""
        return None if self.identity is None else self.identity.current(time.time())


def fallback_store() -> str | None:
    """The trust store for a machine that has none, such as a slim container: else every service would be unknown."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        return None
    import certifi  # noqa: PLC0415

    return certifi.where()


def unusable() -> TransportFault:
    """The fault of files that cannot be used; without their paths."""
    reason = "the configured CA or client certificate file is missing or cannot be used"
    return TransportFault("tls", sent="no", reason=reason, permanent=True)


@functools.lru_cache(maxsize=32)
def ssl_context(ca_file: str | None, shown: Shown | None = None) -> ssl.SSLContext:
    """The context for this trust and certificate: TLS 1.2 or newer, certificate and host name checked.

    A context costs tens of milliseconds and most of a megabyte, so equal ones are one for the whole process.

    Raises:
        OSError: a file is missing or is not PEM (`ssl.SSLError`).
    """
    context = ssl.create_default_context(cafile=ca_file)
    store = fallback_store()
    if ca_file is None and store is not None:
        context.load_verify_locations(store)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if shown is not None:
        shown.load(context)
    return context


def context_for(scheme: bytes, options: TlsOptions, shown: Shown | None) -> ssl.SSLContext | None:
    """The context a connection needs: None for plain http.

    Raises:
        TransportFault: `sent=no`, permanent: a file of the options cannot be used.
    """
    if scheme != b"https":
        return None
    try:
        return ssl_context(options.ca_file, shown)
    except OSError:
        pass  # raised below instead, without the path
    raise unusable()
