"""What a token in hand costs a call: the quick way every call takes, and the way of one that finds it due.

usage: python -m benchmarks.tokens CALLS
Nanoseconds a call, the loop around it taken off; median of 7 rounds. Ends with a proof of possession (DPoP) on its own.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import TYPE_CHECKING

from egov_serang.auth.credentials import ClientSecret
from egov_serang.auth.dpop import ProofKey
from egov_serang.auth.tokens import TokenSource
from egov_serang.core.message import Headers, Response
from egov_serang.core.runtime import SyncRuntime, run_sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from egov_serang.core.message import Limits, Request

_ROUNDS = 7


class Issuer:
    """Grants one token."""

    def send(self, request: Request, limits: Limits) -> Response:
        """The answer."""
        return Response(200, Headers(()), b'{"access_token": "t", "token_type": "Bearer", "expires_in": 3600}')


def timed(work: Callable[[], object], calls: int) -> float:
    """Nanoseconds of one, without the loop."""
    seen: list[float] = []
    for _ in range(_ROUNDS):
        start = time.perf_counter_ns()
        for _ in range(calls):
            pass
        empty = time.perf_counter_ns() - start
        start = time.perf_counter_ns()
        for _ in range(calls):
            work()
        seen.append((time.perf_counter_ns() - start - empty) / calls)
    return statistics.median(seen)


def measured(calls: int) -> dict[str, float]:
    """Nanoseconds of a cached token by the quick way and through the flights; microseconds of a proof of possession."""
    source, runtime = TokenSource("https://issuer.invalid", ClientSecret("bench", "secret")), SyncRuntime(Issuer())
    run_sync(source.get(runtime, runtime.now() + 60))

    def quick() -> str:
        found = source.ready(runtime.now())
        assert found is not None
        return found.header()

    def whole() -> str:
        return run_sync(source.get(runtime, runtime.now() + 60)).header()

    key, token = ProofKey(), "t" * 700
    proof = timed(lambda: key.proof("POST", "https://gateway.invalid/v1/x", 1_790_000_000, token), max(1, calls // 100))
    return {"quick_ns": timed(quick, calls), "whole_ns": timed(whole, calls), "proof_us": proof / 1e3}


def main(calls: int) -> None:
    """Measure and print."""
    found = measured(calls)
    print(
        f"cached token: quick way {found['quick_ns']:.0f} ns, through the flights {found['whole_ns']:.0f} ns a call; "
        f"DPoP proof {found['proof_us']:.0f} us"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
