"""A loopback HTTP server that fails on demand, for tests of what a client does then.

`FaultServer` answers whatever its script says; `FaultGateway` is one before a very small gateway, for whole clients.
Steps of a script are made by the functions here; `docs/faults.md` says which of them makes which fault happen.
"""

from __future__ import annotations

from egov_serang.testing.faults.addresses import UNKNOWN, refusing, silent, speechless
from egov_serang.testing.faults.broken import (
    break_off,
    close_after,
    close_before_answer,
    commit_then_reset,
    drip,
    hang,
    late,
    lose_answer,
    raw,
    reply,
    reset_before_answer,
    stray,
    truncate,
)
from egov_serang.testing.faults.gateway import DISCOVERY, JWKS, TOKENS, FaultGateway
from egov_serang.testing.faults.server import FaultServer, Parts, Peer, SeenRequest, Service, Step, answer, serve
from egov_serang.testing.faults.wrong import (
    bomb,
    chunked,
    clock,
    cut_gzip,
    document,
    endless,
    folded,
    html,
    interims,
    many_headers,
    not_gzip,
    redirect,
    refuse,
    two_lengths,
    unmeasured,
    upgrade,
)

__all__ = [
    "DISCOVERY",
    "JWKS",
    "TOKENS",
    "UNKNOWN",
    "FaultGateway",
    "FaultServer",
    "Parts",
    "Peer",
    "SeenRequest",
    "Service",
    "Step",
    "answer",
    "bomb",
    "break_off",
    "chunked",
    "clock",
    "close_after",
    "close_before_answer",
    "commit_then_reset",
    "cut_gzip",
    "document",
    "drip",
    "endless",
    "folded",
    "hang",
    "html",
    "interims",
    "late",
    "lose_answer",
    "many_headers",
    "not_gzip",
    "raw",
    "redirect",
    "refuse",
    "refusing",
    "reply",
    "reset_before_answer",
    "serve",
    "silent",
    "speechless",
    "stray",
    "truncate",
    "two_lengths",
    "unmeasured",
    "upgrade",
]
