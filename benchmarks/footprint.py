"""What it costs to have a client at all: its import, its construction, its memory.

usage: python -m benchmarks.footprint WHO URL KEYS
Measures one kind of client in this process and prints one JSON object; `measured` does so for all, and for imports.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from benchmarks.cases import BARE

ROOT: Final = Path(__file__).parents[1]
SDK: Final = "egov_serang"
IMPORTS: Final = {
    SDK: "import egov_serang",
    "egov_serang and a first Client": (
        "from egov_serang import Client, Config; from pathlib import Path; keys = Path(sys.argv[1]); "
        "Client(Config(gateway='http://127.0.0.1', client_id='bench', key_file=keys / 'assertion.pem', "
        "signing_key_file=keys / 'message.pem'))"
    ),
    "httpx": "import httpx",
    "httpx2": "import httpx2",
    "aiohttp": "import aiohttp",
    "pyreqwest": "import pyreqwest.client",
    "what the hand-written script imports": "import asyncio, httpx, tenacity, pydantic, http_message_signatures",
}
_IMPORTING: Final = (
    "import sys, time; before, start = set(sys.modules), time.perf_counter(); {}; took = time.perf_counter() - start; "
    """print('{{"ms": %f, "modules": %d}}' % (took * 1e3, len(set(sys.modules) - before)))"""
)
CLIENTS: Final = (
    "httpx.Client",
    "httpx.AsyncClient",
    "httpx2.AsyncClient",
    "aiohttp.ClientSession",
    "pyreqwest Client",
    "egov_serang.Client",
    "egov_serang.AsyncClient",
    "egov_serang.AsyncClient, fast",
)
_MANY: Final = 50


def measured(url: str, keys: Path, rounds: int) -> dict[str, Any]:
    """Everything, in turns, the middle of all rounds.

    Args:
        url: of a server for one call of each client.
        keys: the folder with the SDK's keys.
        rounds: how often.
    """
    imports = {
        who: [sys.executable, "-c", _IMPORTING.format(line), str(keys)]
        for who, line in IMPORTS.items()
        if find_spec(who.partition(" ")[0] if who in BARE else SDK)
    }
    clients = {
        who: [sys.executable, "-m", "benchmarks.footprint", who, url, str(keys)]
        for who in CLIENTS
        if find_spec("pyreqwest" if who.endswith("fast") else who.partition(" ")[0].partition(".")[0])
    }
    return {"imports": _in_turns(imports, rounds), "clients": _in_turns(clients, rounds)}


def _in_turns(commands: Mapping[str, Sequence[str]], rounds: int) -> list[dict[str, Any]]:
    seen: dict[str, list[dict[str, float]]] = {who: [] for who in commands}
    for _ in range(rounds):
        for who, line in commands.items():
            done = subprocess.run(list(line), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
            if done.returncode > 0 or not done.stdout:
                sys.exit(f"{' '.join(line)} failed:\n{done.stderr}")
            seen[who].append(json.loads(done.stdout))
    return [
        {"who": who, **{name: statistics.median(found[name] for found in all_) for name in all_[0]}}
        for who, all_ in seen.items()
    ]


async def constructing(who: str, url: str, keys: Path) -> dict[str, float]:
    """Time of the first client and of the next ones; memory of one that rests, and of one that has made a call."""
    make, call = _ways(who, url, keys)
    start = time.perf_counter()
    clients = [make()]
    first = time.perf_counter() - start
    await _done(call(clients[0]))  # what is loaded late is there from here on
    before, start = resident(), time.perf_counter()
    clients += [make() for _ in range(_MANY)]
    took, resting = time.perf_counter() - start, resident()
    for client in clients[1:]:
        await _done(call(client))
    return {
        "first_ms": first * 1e3,
        "next_us": took / _MANY * 1e6,
        "resting_kb": (resting - before) / _MANY / 1e3,
        "used_kb": (resident() - before) / _MANY / 1e3,
    }


def _ways(who: str, url: str, keys: Path) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """How such a client is made, and how it makes a call; its answer may have to be awaited."""
    target, data = url + "/v1/identity/verifications", b"{}"
    library, _, name = who.partition(" ")[0].rstrip(",").partition(".")
    if library == SDK:
        from benchmarks.sdk import bench  # noqa: PLC0415 - imports the SDK

        fast = who.endswith("fast")
        return lambda: _sdk(name, url, keys, fast=fast), lambda client: bench(client).verify(1)
    if library == "pyreqwest":
        from pyreqwest.client import ClientBuilder  # noqa: PLC0415 - one library a process

        return lambda: ClientBuilder().build(), lambda client: client.post(target).body_bytes(data).build().send()
    make = getattr(import_module(library), name)
    keyword = "data" if library == "aiohttp" else "content"
    return make, lambda client: client.post(target, **{keyword: data})


async def _done(answer: Any) -> None:
    if inspect.isawaitable(answer):
        answer = await answer
    if hasattr(answer, "read"):  # else the connection would count as in use
        body = answer.read()
        if inspect.isawaitable(body):
            await body


def _sdk(name: str, url: str, keys: Path, *, fast: bool = False) -> Any:
    made = getattr(import_module(SDK), name)
    config = import_module(SDK).Config(
        gateway=url,
        client_id="bench",
        key_file=keys / "assertion.pem",
        signing_key_file=keys / "message.pem",
        request_id_echo=False,
        verify_answers=False,
    )
    return made(config, transport="fast") if fast else made(config)


def resident() -> int:
    """Bytes of this process in memory now."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main(who: str, url: str, keys: Path) -> None:
    """Measure and print; end at once, for closing a hundred clients is not what is measured."""
    print(json.dumps(asyncio.run(constructing(who, url, keys))), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
