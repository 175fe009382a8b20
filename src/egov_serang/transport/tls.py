"""TLS: what a client trusts and shows, and the one context made from it."""

from __future__ import annotations

import functools
import ssl
from dataclasses import dataclass

from egov_serang.core.message import TransportFault


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """Whom a client trusts, and what it shows when asked who it is. All paths; None means the default.

    Args:
        ca_file: PEM file that replaces the machine's trust store.
        client_cert_file: PEM certificate chain for mutual TLS.
        client_key_file: PEM key of that certificate; None when it is in `client_cert_file`.
    """

    ca_file: str | None = None
    client_cert_file: str | None = None
    client_key_file: str | None = None


@functools.lru_cache(maxsize=32)
def ssl_context(options: TlsOptions) -> ssl.SSLContext:
    """The context for these options: TLS 1.2 or newer, certificate and host name checked.

    A context costs tens of milliseconds and most of a megabyte, so equal options share one for the whole process.

    Raises:
        OSError: a file is missing or is not PEM (`ssl.SSLError`).
    """
    context = ssl.create_default_context(cafile=options.ca_file)
    paths = ssl.get_default_verify_paths()
    if options.ca_file is None and not (paths.cafile or paths.capath):
        # A slim container has no trust store at all; without this every service would be unknown to it.
        import certifi  # noqa: PLC0415

        context.load_verify_locations(certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.client_cert_file is not None:
        context.load_cert_chain(options.client_cert_file, options.client_key_file)
    return context


def context_for(scheme: bytes, options: TlsOptions) -> ssl.SSLContext | None:
    """The context a connection needs: None for plain http.

    Raises:
        TransportFault: `sent=no`, permanent: a file of the options cannot be used.
    """
    if scheme != b"https":
        return None
    try:
        return ssl_context(options)
    except OSError:
        pass  # raised below instead, without the path
    reason = "the configured CA or client certificate file is missing or is not PEM"
    raise TransportFault("tls", sent="no", reason=reason, permanent=True)
