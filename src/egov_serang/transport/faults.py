"""Errors of HTTP libraries, told by name, as our one fault."""

from __future__ import annotations

import socket
import ssl
from typing import Literal

from egov_serang.core.message import FaultKind, TransportFault

Proof = Literal["no", "maybe"]
"""What a fault can say of `sent`: `yes` takes an answer."""

_LIBRARIES = frozenset({"httpx", "httpcore", "httpx2", "httpcore2"})

# By name and not by class: httpx, httpx2 and their cores share these names but no base class, and a mock raises httpx's
# through connections that never loaded it.
_KNOWN: dict[str, tuple[FaultKind, Proof, str]] = {
    "ConnectError": ("connect", "no", "no connection to the service"),
    "ConnectTimeout": ("timeout", "no", "no connection to the service in time"),
    "PoolTimeout": ("timeout", "no", "no free connection in time"),
    "UnsupportedProtocol": ("protocol", "no", "not an http(s) address"),
    "InvalidURL": ("protocol", "no", "not an http(s) address"),
    "LocalProtocolError": ("protocol", "maybe", "the request is not valid HTTP"),
    "RemoteProtocolError": ("protocol", "maybe", "the answer is not valid HTTP, or ended early"),
    "DecodingError": ("protocol", "maybe", "the answer cannot be decoded"),
    "TimeoutException": ("timeout", "maybe", "no answer in time"),
    "ReadTimeout": ("timeout", "maybe", "no answer in time"),
    "WriteTimeout": ("timeout", "maybe", "the request could not be sent in time"),
    "ReadError": ("reset", "maybe", "the connection broke"),
    "WriteError": ("reset", "maybe", "the connection broke"),
    "CloseError": ("reset", "maybe", "the connection broke"),
    "ProxyError": ("connect", "maybe", "the proxy refused"),
    "TransportError": ("reset", "maybe", "the connection broke"),
}
UNRESOLVED = "the host of the service is unknown"
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"})
_EXPIRED = "the certificate of the service has expired"
_OTHER_HOST = "the certificate of the service is for another host"
_DISTRUST: dict[int | None, str] = {10: _EXPIRED, 62: _OTHER_HOST, 64: _OTHER_HOST}
_HOPELESS = frozenset({"UnsupportedProtocol", "InvalidURL", "LocalProtocolError"})


def copied(fault: TransportFault) -> TransportFault:
    """The same fault without the frames it came through: an HTTP library's locals hold our headers."""
    return TransportFault(fault.kind, sent=fault.sent, reason=fault.reason, permanent=fault.permanent)


def translated(error: BaseException) -> TransportFault | None:
    """The fault an error means, or None when it is no transport's (a cancellation, a bug)."""
    if isinstance(error, TransportFault):
        return copied(error)
    for kind in type(error).__mro__:
        known = _KNOWN.get(kind.__name__)
        if known is not None and kind.__module__.partition(".")[0] in _LIBRARIES:
            closer = _from_cause(error)
            if closer is not None:
                return closer
            return TransportFault(known[0], sent=known[1], reason=known[2], permanent=kind.__name__ in _HOPELESS)
    return None


def hopeless_handshake(error: OSError) -> TransportFault | None:
    """The fault of a handshake that another try would fail as well; None where it might not."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return distrusted(error.verify_code)
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return TransportFault("tls", sent="no", reason="the service does not speak TLS on this port", permanent=True)
    return None


def distrusted(verify_code: int | None = None) -> TransportFault:
    """The fault of a certificate we do not trust: another try would meet the same one.

    Args:
        verify_code: OpenSSL's reason, where it is known.
    """
    reason = _DISTRUST.get(verify_code, "the certificate of the service is not trusted for this host")
    return TransportFault("tls", sent="no", reason=reason, permanent=True)


def _from_cause(error: BaseException) -> TransportFault | None:
    """What the system said, where it says more than the library does."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return distrusted(cause.verify_code)
        if isinstance(cause, socket.gaierror):
            return TransportFault("resolve", sent="no", reason=UNRESOLVED)
        cause = cause.__cause__ or cause.__context__
    return None
