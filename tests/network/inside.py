"""What happens inside the namespace: a gateway on its loopback, a client of it, and a network that fails.

usage, in a network namespace: python -m tests.network.inside SCENARIO threads|tasks lanes|fast

Prints what came of it as one line of JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from tests.soak.gateway import TEMPLATE, TO, Gateway, configured, make_keys

from egov_serang import AsyncClient, Client, Config, EgovError
from egov_serang.auth.tokens import TokenSource
from egov_serang.testing.faults import FaultServer, Parts, Peer, SeenRequest

WRITES: Final = 64
IN_FLIGHT: Final = 8
RESUMED_AT_MOST: Final = 3
LARGE: Final = hashlib.shake_256(b"a photo").digest(1024 * 1024)


class Network:
    """The loopback of this namespace.

    Args:
        port: the gateway's.
    """

    def __init__(self, port: int) -> None:
        self._port = port

    def filter(self, *rules: str) -> None:
        """Pass packets through these rules of nftables alone; `TO` and `FROM` stand for the gateway's end."""
        lines = [rule.replace("TO", f"tcp dport {self._port}").replace("FROM", f"tcp sport {self._port}") for rule in rules]
        chain = ["type filter hook input priority 0", *lines]
        _do("nft", "-f", "-", given="\n".join(["flush ruleset", "table inet faults {", "counter lost { }", "chain input {", *chain, "}", "}"]) + "\n")

    def heal(self) -> None:
        """Let everything pass."""
        self.filter()

    def lost(self) -> int:
        """Packets that rules with `counter name lost` have dropped."""
        (counter,) = (one["counter"] for one in json.loads(_do("nft", "-j", "list", "counters"))["nftables"] if "counter" in one)
        return int(counter["packets"])

    def narrow(self, rate: str) -> None:
        """Let no more pass than so many bits a second, such as `8mbit`."""
        _do(*"tc qdisc replace dev lo root tbf burst 16kb latency 200ms rate".split(), rate)


def _do(*command: str, given: str = "") -> str:
    return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout


class Desk(Gateway):
    """The gateway of the soak, which also takes and hands out files, and says when a write has come in."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, WRITES)
        self.arrived: Callable[[], None] = lambda: None

    async def respond(self, peer: Peer) -> None:
        self.arrived()
        await super().respond(peer)

    def carry_out(self, request: SeenRequest) -> Parts:
        if request.method == "GET":
            return {"body": LARGE, "headers": [("content-type", "image/jpeg")]}
        if not request.path.endswith("/media"):
            return super().carry_out(request)
        boundary = request.body.partition(b"\r\n")[0]
        content = request.body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n" + boundary)[0]
        self.counts["files"] += 1
        said = {"media_id": "m-1", "filename": "file", "media_type": "image/jpeg", "size": len(content)}
        return {"status": 201, "json": {**said, "sha256": hashlib.sha256(content).hexdigest()}}


class Threads:
    """Uses a client from threads."""

    def __init__(self, config: Config, transport: str, tokens: TokenSource | None) -> None:
        self.client = Client(config, tokens=tokens, **_options(transport))

    def write(self, number: int) -> Any:
        return self.client.notifications.send(TEMPLATE, TO, client_reference=str(number))

    def resume(self, error: EgovError) -> Any:
        return self.client.resume(error)

    def upload(self) -> str:
        return self.client.complaints.attach("c-1", LARGE).sha256

    def download(self) -> bytes:
        with self.client.complaints.download("c-1", "m-1") as photo:
            return photo.read()

    def many(self, work: Callable[[int], Any], count: int) -> list[Any]:
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            return list(pool.map(work, range(count)))

    def close(self) -> None:
        self.client.close()
