"""From a transport's fault to the public error that tells the truth about it, and no more than that."""

from __future__ import annotations

from typing import Final

from egov_serang.core.message import TransportFault
from egov_serang.errors import ConnectionFailed, DeadlineExceeded, EgovError, UnexpectedReply

_HINTS: Final = {
    "resolve": "Check the gateway's address and this machine's DNS",
    "connect": "Check the gateway's address, your network and any proxy",
    "tls": "Check the gateway's certificate, your CA file and this machine's clock",
    "too_large": "The answer is over the size limit: ask for smaller pages, or allow more with max_bytes",
}
_MAYBE: Final = "The service may have acted: repeat with the same idempotency_key, or look the result up first"


def from_fault(fault: TransportFault, *, expired: bool) -> EgovError:
    """The error for a transmission without an answer.

    Args:
        fault: what the transport saw.
        expired: whether the call's deadline has passed.
    """
    hint = _MAYBE if fault.sent == "maybe" else _HINTS.get(fault.kind)
    kind: type[EgovError]
    if fault.kind == "timeout" and expired:
        kind = DeadlineExceeded
    elif fault.sent != "no" and fault.kind in {"protocol", "truncated", "too_large"}:
        kind = UnexpectedReply
    else:
        kind = ConnectionFailed
    return kind(
        fault.reason, code="permanent_" + fault.kind if fault.permanent else fault.kind, hint=hint, sent=fault.sent
    )


def bare(error: EgovError) -> EgovError:
    """The error without causes and frames: both can hold headers, bodies and locals."""
    error.__cause__ = None
    error.__context__ = None
    error.__suppress_context__ = True
    return error.with_traceback(None)
