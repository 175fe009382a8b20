"""How processes end, fork and are copied: nothing hangs, nothing is said, nothing is shared that must not be."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from egov_serang import AsyncClient, Client, Config
from egov_serang.testing.faults import FaultGateway, FaultServer, hang

ROOT = Path(__file__).parents[2]
BEGIN = """
import asyncio, sys, threading
from egov_serang import AsyncClient, Client, Config
config = Config(gateway=sys.argv[1], auth="none", signature="none", verify_answers=False)
how = {"transport": sys.argv[2]}
"""
ENDS = {
    "a client nobody closed": """
client = Client(config, **how)
client.complaints.get("c-1")
""",
    "a client closed twice": """
client = Client(config, **how)
client.complaints.get("c-1")
client.close()
client.close()
""",
    "an asynchronous client nobody closed": """
async def main():
    await AsyncClient(config, **how).complaints.get("c-1")
asyncio.run(main())
""",
    "an asynchronous client closed twice": """
async def main():
    async with AsyncClient(config, **how) as client:
        await client.complaints.get("c-1")
    await client.close()
asyncio.run(main())
""",
    "two loops, one client, closed on neither": """
client = AsyncClient(config, **how)
async def main():
    await client.complaints.get("c-1")
asyncio.run(main())
asyncio.run(main())
""",
    "a thread of a daemon's in the middle of a call": """
client = Client(config, **how)
client.complaints.get("c-1")
thread = threading.Thread(target=client.complaints.get, args=("c-hang",), daemon=True)
thread.start()
""",
    "a task in the middle of a call": """
client = AsyncClient(config, **how)
async def main():
    await client.complaints.get("c-1")
    asyncio.create_task(client.complaints.get("c-hang"))
    await asyncio.sleep(0)
asyncio.run(main())
""",
    "a call as the interpreter ends": """
import atexit
client = Client(config, **how)
atexit.register(client.close)
atexit.register(client.complaints.get, "c-1")
""",
}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, every warning an error; it must end by itself."""
    everything = [sys.executable, "-X", "faulthandler", "-W", "error", *command]
    return subprocess.run(everything, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("transport", ["lanes", "fast"])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_an_interpreter_ends_at_once_and_says_nothing(end: str, transport: str) -> None:
    with FaultGateway() as gateway:
        gateway.on("/v1/complaints/cases/c-hang", hang())
        done = run("-c", BEGIN + end, gateway.url, transport)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_while_a_token_is_fetched_and_a_lock_is_held_leaves_the_child_free() -> None:
    done = run("-m", "tests.faults.matrix.held")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_pickled_client_is_its_configuration_and_opens_connections_of_its_own() -> None:
    with FaultGateway() as gateway, Client(Config(gateway=gateway.url, auth="none", signature="none")) as client:
        client.complaints.get("c-1")
        packed = pickle.dumps(client)
        with pickle.loads(packed) as twin:
            assert twin.config == client.config
            assert twin.complaints.get("c-2").complaint_id == "c-2"
        assert client.complaints.get("c-3").complaint_id == "c-3"
        assert [seen.connection for seen in gateway.calls] == [1, 2, 1]
        assert isinstance(pickle.loads(pickle.dumps(AsyncClient(client.config))), AsyncClient)


def test_a_server_of_tests_that_nobody_asks_ends() -> None:
    with FaultServer() as server:
        assert server.requests == []
