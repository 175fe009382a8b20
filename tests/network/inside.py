"""What happens inside the namespace: a gateway on its loopback, a client of it, and a network that fails them.

usage, in a network namespace: python -m tests.network.inside SCENARIO threads|tasks lanes|fast

Prints what came of it as one line of JSON.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.soak.gateway import Gateway, configured, make_keys
from tests.soak.hands import HANDS, Hands, finished

from egov_serang import EgovError
from egov_serang.testing.faults import FaultServer, Parts, Peer, SeenRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WRITES: Final = 64
IN_FLIGHT: Final = 8
RESUMED_AT_MOST: Final = 3
LARGE: Final = hashlib.shake_256(b"a photo").digest(512 * 1024)

_FILTER: Final = """flush ruleset
table inet faults {{
    counter lost {{ }}
    chain input {{
        type filter hook input priority 0
        {}
    }}
}}
"""


class Network:
    """The loopback of this namespace.

    Args:
        port: the gateway's.
    """

    def __init__(self, port: int) -> None:
        self._ends = {"TO": f"tcp dport {port}", "FROM": f"tcp sport {port}"}
        _do("ip", "link", "set", "lo", "mtu", "1500", "up")

    def obey(self, *rules: str) -> None:
        """Pass packets through these rules alone. They begin with `TO` or `FROM`: the direction, for the gateway."""
        lines = [f"{self._ends[rule.split()[0]]} {rule.partition(' ')[2]}" for rule in rules]
        _do("nft", "-f", "-", given=_FILTER.format("\n        ".join(lines)))

    def heal(self) -> None:
        """Pass everything."""
        self.obey()

    def lost(self) -> int:
        """Packets that rules with `counter name lost` dropped."""
        told = json.loads(_do("nft", "-j", "list", "counters"))["nftables"]
        return sum(int(one["counter"]["packets"]) for one in told if "counter" in one)

    def narrow(self, rate: str) -> None:
        """Pass no more than so many bits a second, such as `8mbit`."""
        _do("tc", "qdisc", "replace", "dev", "lo", "root", "tbf", "rate", rate, "burst", "16kb", "latency", "200ms")


def _do(*command: str, given: str = "") -> str:
    return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout


class FilingGateway(Gateway):
    """The gateway of the soak, which also takes and hands out a file, and says when a request has come in."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, WRITES)
        self.came_in: Callable[[], None] = lambda: None

    async def respond(self, peer: Peer) -> None:
        self.came_in()
        await super().respond(peer)

    def carry_out(self, request: SeenRequest) -> Parts:
        if request.method == "GET":
            return {"body": LARGE, "headers": [("content-type", "image/jpeg")]}
        if not request.path.endswith("/media"):
            return super().carry_out(request)
        boundary = request.body.partition(b"\r\n")[0]
        content = request.body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n" + boundary)[0]
        said = {"media_id": "m-1", "filename": "file", "media_type": "image/jpeg", "size": len(content)}
        return {"status": 201, "json": {**said, "sha256": hashlib.sha256(content).hexdigest()}}


class Place:
    """A gateway, its network, and clients that have a token already: what fails is the call, not the asking for one."""

    def __init__(self, kind: str, transport: str, folder: Path, server: FaultServer, gateway: FilingGateway) -> None:
        self.gateway = gateway
        self.network = Network(server.port)
        self._make = HANDS[kind]
        self._config = lambda more: configured(server.url, folder, transport=transport, slots=IN_FLIGHT, **more)

    @asynccontextmanager
    async def client(self, **settings: Any) -> AsyncIterator[Hands]:
        """A client without connections."""
        first = self._make(self._config({}))
        await first.upload(b"for the token")
        await first.close()
        hands = self._make(self._config(settings), first.tokens)
        yield hands
        await hands.close()

    def told(self, error: EgovError | None, number: int) -> dict[str, Any]:
        """What the error says of a write, and what the gateway knows of it."""
        return {**said(error), "asked": self.gateway.seen[number], "effects": self.gateway.effects[number]}


def said(error: EgovError | None) -> dict[str, Any]:
    """What an error says."""
    if error is None:
        return {"error": None}
    trail = [attempt.sent for attempt in error.trail]
    return {"error": type(error).__name__, "code": error.code, "sent": error.sent, "trail": trail}


async def failure(work: Coroutine[Any, Any, Any]) -> EgovError | None:
    """The error of a call, None where it succeeds."""
    try:
        await work
    except EgovError as error:
        return error
    return None


async def silence_at_the_door(place: Place) -> dict[str, Any]:
    """Packets that open a connection are dropped."""
    async with place.client(connect=0.3, retries=1) as hands:
        place.network.obey("TO tcp flags & (syn | ack) == syn counter name lost drop")
        error = await failure(hands.write(0))
        return {**place.told(error, 0), "dropped": place.network.lost(), "busy": hands.count.busy}


async def silence_until_the_deadline(place: Place) -> dict[str, Any]:
    """The same, where the deadline comes before the connect limit."""
    async with place.client(deadline=0.5) as hands:
        place.network.obey("TO tcp flags & (syn | ack) == syn counter name lost drop")
        error = await failure(hands.write(0))
        return {**place.told(error, 0), "dropped": place.network.lost(), "busy": hands.count.busy}


async def lost_request(place: Place) -> dict[str, Any]:
    """From a moment on, with a connection open, nothing reaches the gateway."""
    async with place.client(connect=1, read=1, deadline=20) as hands:
        await hands.write(0)
        place.network.obey("TO counter name lost drop")
        return await _resumed(place, hands, await failure(hands.write(1)))


async def lost_answer(place: Place) -> dict[str, Any]:
    """From the moment it has read the request, nothing of the gateway reaches the client."""
    async with place.client(connect=1, read=1, deadline=20) as hands:
        await hands.write(0)
        place.gateway.came_in = lambda: place.network.obey("FROM counter name lost drop")
        return await _resumed(place, hands, await failure(hands.write(1)))


async def reset_at_the_door(place: Place) -> dict[str, Any]:
    """Packets that open a connection are answered with a reset."""
    async with place.client() as hands:
        place.network.obey("TO counter name lost reject with tcp reset")
        error = await failure(hands.write(0))
        return {**place.told(error, 0), "dropped": place.network.lost(), "busy": hands.count.busy}


async def reset_request(place: Place) -> dict[str, Any]:
    """Connections open, and whatever is sent over them is answered with a reset."""
    async with place.client() as hands:
        place.network.obey("TO tcp flags & psh == psh counter name lost reject with tcp reset")
        return await _resumed(place, hands, await failure(hands.write(1)))


async def _resumed(place: Place, hands: Hands, error: EgovError | None) -> dict[str, Any]:
    """What a failed write 1 says, and what comes of it when the network is well again."""
    facts = {**place.told(error, 1), "dropped": place.network.lost(), "busy": hands.count.busy}
    place.gateway.came_in = lambda: None
    place.network.heal()
    if error is None:
        return facts
    message = await hands.resume(error)
    return {**facts, "resumed": message.client_reference, "effects at last": place.gateway.effects[1]}


async def loss(place: Place) -> dict[str, Any]:
    """Every fifth packet is lost, in either direction."""
    todo, resumes, failing = iter(range(WRITES)), [0] * (RESUMED_AT_MOST + 1), list[str]()

    async def work(hands: Hands) -> None:
        for number in todo:
            error = await failure(hands.write(number))
            again = 0
            while error is not None and again < RESUMED_AT_MOST:
                again += 1
                error = await failure(hands.resume(error))
            if error is None:
                resumes[again] += 1
            else:
                failing.append(str(error))

    async with place.client(read=1) as hands:
        dice = "numgen random mod 100 < 20 counter name lost drop"
        place.network.obey(f"TO {dice}", f"FROM {dice}")
        await hands.crowd(lambda: work(hands), IN_FLIGHT)
        effects = list(place.gateway.effects)
        asked, dropped = place.gateway.counts["requests"], place.network.lost()
        place.network.heal()
        return {
            "done": resumes,
            "failing": failing,
            "effects": effects,
            "asked": asked,
            "dropped": dropped,
            "busy": hands.count.busy,
        }


async def narrow(place: Place) -> dict[str, Any]:
    """Half a megabyte each way at a megabyte a second: slow, and whole."""
    async with place.client() as hands:
        place.network.narrow("8mbit")
        whole = await hands.upload(LARGE) == hashlib.sha256(LARGE).hexdigest()
        return {"uploaded": whole, "downloaded": await hands.download() == LARGE, "busy": hands.count.busy}


async def dripping_upload(place: Place) -> dict[str, Any]:
    """The same at eight kilobytes a second: a minute, of which the deadline allows a second."""
    async with place.client(deadline=1, retries=0) as hands:
        place.network.narrow("64kbit")
        return {**said(await failure(hands.upload(LARGE))), "busy": hands.count.busy}


async def dripping_download(place: Place) -> dict[str, Any]:
    """Likewise the other way, where bytes keep coming all the time."""
    async with place.client(deadline=1, retries=0) as hands:
        place.network.narrow("64kbit")
        return {**said(await failure(hands.download())), "busy": hands.count.busy}


SCENARIOS: Final[dict[str, Callable[[Place], Coroutine[Any, Any, dict[str, Any]]]]] = {
    scenario.__name__: scenario
    for scenario in (
        silence_at_the_door,
        silence_until_the_deadline,
        lost_request,
        lost_answer,
        reset_at_the_door,
        reset_request,
        loss,
        narrow,
        dripping_upload,
        dripping_download,
    )
}


def main(scenario: str, kind: str, transport: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_keys(folder)
        gateway = FilingGateway(folder)
        _do("ip", "link", "set", "lo", "up")
        with FaultServer(default=gateway.step, service=gateway.carry_out) as server:
            place = Place(kind, transport, folder, server, gateway)
            facts = finished(kind, SCENARIOS[scenario](place))
    return {**facts, "refused": [name for name in gateway.counts if name.startswith("refused")]}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
