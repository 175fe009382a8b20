"""Thirteen ways in which a gateway, or the network before it, fails a write; and which write it fails in which way.

Source: layers.md 3.4, those rows that a server can play in the middle of its work.
"""

from __future__ import annotations

import asyncio
import hashlib
from itertools import accumulate
from pathlib import Path
from typing import Final

from tests.soak.gateway import Gateway, message, number_of

from egov_serang.testing.faults import (
    Peer,
    Step,
    answer,
    break_off,
    close_before_answer,
    cut_gzip,
    drip,
    lose_answer,
    refuse,
    reply,
    reset_before_answer,
    serve,
    truncate,
)

READ: Final = 1.5
"""Seconds of silence the client bears; longer than a gateway on a busy machine needs for all that are in flight."""
DEADLINE: Final = 6.0
"""Seconds the client gives each call."""
SHARE: Final = 0.2
"""Of the requests that fail."""

_SEED: Final = 3673
_ANOTHERS: Final = ("x-request-id", "another's")


class FailingGateway(Gateway):
    """Fails one request in five, by lot; the lot is the same in every run."""

    def __init__(self, folder: Path, writes: int) -> None:
        super().__init__(folder, writes)
        self._under_way: set[str] = set()
        self.misdeeds: dict[str, tuple[float, Step]] = {
            "reset before the answer": (1.0, reset_before_answer()),
            "closed before the answer": (1.0, close_before_answer()),
            "carried out, answer lost": (1.0, lose_answer()),
            "reset in the head": (1.0, break_off("head", 40)),
            "truncated body": (1.0, truncate(40)),
            "truncated gzip": (1.0, cut_gzip(12)),
            "carried out after the read limit": (1.0, self._late),
            "dripped beyond the deadline": (0.25, drip(every=DEADLINE / 50)),  # rarer: each costs a whole deadline
            "503 with Retry-After": (1.0, refuse("upstream_unavailable", 503, retry_after="1")),
            "429": (1.0, refuse("rate_limited", 429)),
            "500, carried out": (1.0, refuse("internal", 500, carried_out=True)),
            "stray second answer": (1.0, _stray),
            "another's request id": (1.0, reply(headers=[_ANOTHERS])),
        }
        """By name: how often it happens, beside the others, and what it is."""
        self._bounds = tuple(accumulate(weight for weight, _ in self.misdeeds.values()))

    async def respond(self, peer: Peer) -> None:
        if peer.request.headers["idempotency-key"] in self._under_way:
            self.counts["in progress"] += 1
            return await refuse("idempotency_in_progress", 409)(peer)
        misdeed = self._lot(number_of(peer.request))
        if misdeed is None:
            return await serve(peer)
        self.counts[misdeed] += 1
        return await self.misdeeds[misdeed][1](peer)

    def _lot(self, number: int) -> str | None:
        """What happens to a write that was asked for so often as this one."""
        drawn = hashlib.blake2b(f"{_SEED} {number} {self.seen[number]}".encode(), digest_size=8).digest()
        lot = int.from_bytes(drawn) / 2**64 / SHARE * self._bounds[-1]
        return next((name for name, bound in zip(self.misdeeds, self._bounds, strict=True) if lot < bound), None)

    async def _late(self, peer: Peer) -> None:
        """Until it is carried out, it is still under way for whoever asks again."""
        key = peer.request.headers["idempotency-key"]
        self._under_way.add(key)
        try:
            await asyncio.sleep(1.5 * READ)
            said = b"".join(peer.answer())
        finally:
            self._under_way.discard(key)
        await peer.send(said)


async def _stray(peer: Peer) -> None:
    """An answer nobody asked for, behind the true one: in its packet, or when that has been read."""
    number = number_of(peer.request)
    first = b"".join(peer.answer())
    second = b"".join(answer(peer.request, 201, json=message(number + 1), headers=[_ANOTHERS]))
    if number % 2:
        await peer.send(first + second)
        return
    await peer.send(first)
    await asyncio.sleep(0.002)
    await peer.send(second)
