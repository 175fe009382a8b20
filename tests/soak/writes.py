"""A hundred thousand keyed writes to a gateway that fails: each goes on until it succeeds, or was resumed three times.

usage: python -m tests.soak.writes tasks|threads lanes|fast WRITES IN_FLIGHT limited|unlimited

Runs the failing gateway in a process of its own, and prints a report as one line of JSON (`Report`). `limited` lets the
client hold calls back when it meets 429 and 503, as it does by default: fewer are in flight then, for here they are no
sign of what the gateway can bear.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tenacity import wait_random_exponential
from tests.soak.gateway import configured, make_keys
from tests.soak.hands import HANDS, Hands, finished
from tests.soak.misdeeds import DEADLINE, READ

from egov_serang import EgovError, RetryPolicy
from egov_serang.models.notifications import Message

RESUMED_AT_MOST: Final = 3
PAUSE: Final = 0.5
"""Seconds before a write is resumed; longer each time."""


@dataclass
class Report:
    """What became of the writes, as the client and as the gateway saw it."""

    done: list[int] = field(default_factory=lambda: [0] * (RESUMED_AT_MOST + 1))
    """Successes: at once, after being resumed once, twice, three times."""
    given_up: list[int] = field(default_factory=list)
    """Writes that never succeeded."""
    errors: Counter[str] = field(default_factory=Counter)
    """By class, code and `sent`."""
    lies: list[str] = field(default_factory=list)
    """`sent=no` where the gateway was asked; attempts that are not told; answers to other writes."""
    memory: list[int] = field(default_factory=list)
    """Resident bytes of this process, after each tenth of the writes."""
    seconds: float = 0.0
    busy: int = -1
    """Lanes with a call on them when all was done."""
    left: int = -1
    """Lanes after the client was closed."""
    gateway: dict[str, Any] = field(default_factory=dict)
    """The gateway's own report."""


class Gateway:
    """The failing gateway's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lock = threading.Lock()

    def ask(self, what: int | str) -> Any:
        """How often a write was asked for, by its number; or its report."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with self._lock:
            print(what, file=stdin, flush=True)
            return json.loads(stdout.readline())


@contextmanager
def running(folder: Path, writes: int) -> Iterator[tuple[str, Gateway]]:
    """Start the gateway, and end it."""
    between = max(writes // 10, min(writes // 2, 1000))
    command = [sys.executable, "-m", "tests.soak.serve", str(folder), str(writes), str(between)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout.readline().strip(), Gateway(process)
        process.stdin.close()


class Writer:
    """Carries writes out, one after another; several run at once and share the report."""

    def __init__(self, hands: Hands, gateway: Gateway, writes: int) -> None:
        self.report = Report()
        self._hands = hands
        self._gateway = gateway
        self._todo = iter(range(writes))
        self._tenth = max(1, writes // 10)
        self._ended = 0
        self._lock = threading.Lock()

    async def work(self) -> None:
        """Take writes as long as there are any."""
        for number in self._todo:
            await self._write(number)

    async def _write(self, number: int) -> None:
        sent, error = 0, None
        for again in range(RESUMED_AT_MOST + 1):
            try:
                if error is None:
                    message = await self._hands.write(number)
                else:
                    message = await self._hands.resume(error)
            except EgovError as failure:
                error = failure
            else:
                return self._succeeded(number, message, again)
            sent += sum(attempt.sent != "no" for attempt in error.trail)
            self._failed(number, error, sent, await self._hands.aside(lambda: self._gateway.ask(number)))
            if again < RESUMED_AT_MOST:
                await self._hands.pause(max(error.retry_after or 0.0, PAUSE * (again + 1)))
        with self._lock:
            self.report.given_up.append(number)
            self._end()
        return None

    def _succeeded(self, number: int, message: Message, again: int) -> None:
        with self._lock:
            self.report.done[again] += 1
            if (message.message_id, message.client_reference) != (f"m-{number}", str(number)):
                self.report.lies.append(f"{number} got {message.message_id}")
            self._end()

    def _end(self) -> None:
        self._ended += 1
        if self._ended % self._tenth == 0:
            self.report.memory.append(resident())

    def _failed(self, number: int, error: EgovError, sent: int, asked: int) -> None:
        """Note an error, and whether it is true.

        Args:
            number: of the write.
            error: of this call; those before it are told in its `sent`.
            sent: how many transmissions of the write may have arrived, as the errors so far have it.
            asked: how many have, as the gateway has it.
        """
        with self._lock:
            self.report.errors[f"{type(error).__name__} {error.code} sent={error.sent}"] += 1
            if error.sent == "no" and asked:
                self.report.lies.append(f"{number} said sent=no, and the gateway was asked {asked} times")
            if error.attempts != len(error.trail) or asked > sent:
                self.report.lies.append(f"{number} was asked for {asked} times, last by {error.trail}")


def resident() -> int:
    """Resident bytes of this process."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def carried_out(hands: Hands, gateway: Gateway, writes: int, width: int) -> Report:
    """Make the writes, so many in flight."""
    writer = Writer(hands, gateway, writes)
    await hands.crowd(writer.work, width)
    writer.report.busy = hands.count.busy
    await hands.close()
    writer.report.left = sum(hands.count[:2])
    return writer.report


def main(kind: str, transport: str, writes: int, width: int, *, limited: bool = False) -> Report:
    """Start the gateway, make the writes, ask it what it holds."""
    settings = {"read": READ, "deadline": DEADLINE, "slots": width, "transport": transport, "rate_limit": limited}
    soon = RetryPolicy(wait=wait_random_exponential(0.1, 2))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_keys(folder)
        with running(folder, writes) as (url, gateway):
            hands = HANDS[kind](configured(url, folder, **settings), retry=soon)
            begun = time.monotonic()
            report = finished(kind, carried_out(hands, gateway, writes, width))
            report.seconds = time.monotonic() - begun
            report.gateway = gateway.ask("report")
    return report


if __name__ == "__main__":
    KIND, TRANSPORT, WRITES, WIDTH, LIMITED = sys.argv[1:]
    print(json.dumps(vars(main(KIND, TRANSPORT, int(WRITES), int(WIDTH), limited=LIMITED == "limited"))))
