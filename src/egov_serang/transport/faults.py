"""Errors of HTTP libraries, told by name, as our one fault."""

from __future__ import annotations

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
            if _is_distrust(error):
                return distrusted()
            return TransportFault(known[0], sent=known[1], reason=known[2], permanent=kind.__name__ in _HOPELESS)
    return None


def distrusted() -> TransportFault:
    """The fault of a certificate we do not trust: another try would meet the same one."""
    return TransportFault(
        "tls", sent="no", reason="the certificate of the service is not trusted for this host", permanent=True
    )


def _is_distrust(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
