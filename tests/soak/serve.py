"""The failing gateway in a process of its own, which also goes down and comes back.

usage: python -m tests.soak.serve FOLDER WRITES REQUESTS_BETWEEN_RESTARTS

Says its address in a line, then answers each line of standard input with one of JSON: a number asks how often that
write was asked for, `report` for all there is to know. Ends with its input.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from pathlib import Path
from typing import Any, Final

from tests.soak.misdeeds import FailingGateway

from egov_serang.testing.faults import FaultServer, Peer

DOWN: Final = 0.05
"""Seconds the gateway is away."""


class Restarting:
    """A gateway that goes down for a moment after every so many requests, with everything under way on it."""

    def __init__(self, gateway: FailingGateway, every: int) -> None:
        self.gateway = gateway
        self.restarts = 0
        self._every = every
        # Bound and never listening: it refuses connections, and keeps the port for us while we are away.
        self._port = socket.socket()
        self._port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._port.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._port.getsockname()[1]}"
        self._ready = threading.Event()
        self._enough = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Start, and return when it listens."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        self._ended.set()
        self._enough.set()
        self._thread.join()
        self._port.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            port = self._port.getsockname()[1]
            self._server = FaultServer(default=self._step, service=self.gateway.carry_out, port=port)
            with self._server:
                self._ready.set()
                self._enough.wait()
            self.restarts += 1
            self._enough.clear()  # not before: those who were still answered would have said so again
            self._ended.wait(DOWN)

    async def _step(self, peer: Peer) -> None:
        self._server.requests.clear()  # they are counted, and too many to keep
        await self.gateway.step(peer)
        if self.gateway.counts["requests"] >= self._every * (self.restarts + 1):
            self._enough.set()


def report(serving: Restarting) -> dict[str, Any]:
    """All there is to know, with one digit a write for its effects."""
    gateway = serving.gateway
    counts = dict(gateway.counts)
    return {
        "effects": "".join(str(min(count, 9)) for count in gateway.effects),
        "misdeeds": {name: counts.pop(name, 0) for name in gateway.misdeeds},
        "counts": counts,
        "restarts": serving.restarts,
    }


def main(folder: Path, writes: int, every: int) -> None:
    serving = Restarting(FailingGateway(folder, writes), every)
    serving.start()
    print(serving.url, flush=True)
    for line in sys.stdin:
        asked = line.strip()
        told = report(serving) if asked == "report" else serving.gateway.seen[int(asked)]
        print(json.dumps(told), flush=True)
    serving.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
