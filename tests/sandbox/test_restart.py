"""A killed server loses nothing it acknowledged, and forgets no key, token, registration or nonce."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.sandbox.conftest import CITIZEN
from tests.sandbox.peer import Message, Peer

CASES = "/v1/complaints/cases"
ROOT = Path(__file__).parents[2]


@contextmanager
def running(database: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    command = [sys.executable, "-m", "tests.sandbox.serve", str(database), str(port)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        try:
            assert process.stdout is not None
            url, token = json.loads(process.stdout.readline())
            yield process, url, token
        finally:
            process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def body(number: int) -> dict[str, Any]:
    return {
        "service_code": "sampah",
        "description": f"Sampah nomor {number}.",
        "area_code": "36.73.06.1008",
        "client_reference": f"row-{number}",
    }


def everything(peer: Peer) -> dict[str, Any]:
    """All complaints by their client reference."""
    found: dict[str, Any] = {}
    path: str | None = f"{CASES}?limit=200"
    while path is not None:
        page = peer.get(path).json()
        found |= {complaint["client_reference"]: complaint for complaint in page["data"]}
        path = page["next_cursor"] and f"{CASES}?limit=200&cursor={page['next_cursor']}"
    return found


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    database, port = tmp_path / "city.sqlite", free_port()
    acknowledged: dict[str, bytes] = {}
    enough = threading.Event()
    numbers = iter(range(100_000))
    lock = threading.Lock()

    def post(peer: Peer) -> None:
        while True:
            with lock:
                number = next(numbers)
            key = f"key-{number}"
            try:
                answer = peer.post(CASES, body(number), headers={"idempotency-key": key})
            except httpx.TransportError:
                return
            assert answer.status_code == 201, answer.text
            with lock:
                acknowledged[key] = answer.content
                if len(acknowledged) >= 60:
                    enough.set()

    with running(database, port) as (process, url, control):
        owner = Peer(url, "batch", CITIZEN)
        register = {"client_id": "batch", "scopes": CITIZEN, "jwks": owner.jwks()}
        opened = {"Authorization": f"Bearer {control}"}
        owner.http.post(f"{url}/__sandbox/clients", json=register, headers=opened).raise_for_status()
        keys = {"assertion_key": owner.assertion_key, "message_key": owner.message_key, "token": owner.bearer()}
        peers = [Peer(url, "batch", CITIZEN, **keys) for _ in range(4)]
        seen: Message = owner.sign(owner.message("GET", CASES))
        assert owner.send(seen).status_code == 200
        threads = [threading.Thread(target=post, args=(peer,)) for peer in peers]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
        for peer in peers:
            peer.http.close()
    assert process.returncode == -signal.SIGKILL
    owner.http.close()

    with running(database, port) as (_, url_again, control_again), httpx.Client(trust_env=False) as plain:
        assert (url_again, control_again) == (url, control)
        owner.http = plain
        # The old token, the registration and the nonces are still known.
        replayed = owner.send(seen)
        assert (replayed.status_code, replayed.json()["code"]) == (401, "nonce_replayed")
        found = everything(owner)
        for key, content in acknowledged.items():
            number = int(key.removeprefix("key-"))
            assert found[f"row-{number}"] == json.loads(content)
            again = owner.post(CASES, body(number), headers={"idempotency-key": key})
            assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
            assert again.content == content
        # At most one more per client: committed, but killed before the answer went out.
        assert len(acknowledged) <= len(found) <= len(acknowledged) + len(peers)


def test_a_kept_cursor_goes_on_after_the_server_was_killed(tmp_path: Path) -> None:
    database, port = tmp_path / "city.sqlite", free_port()
    feed = "/v1/complaints/changes"
    with running(database, port) as (process, url, control):
        owner = Peer(url, "reader", CITIZEN)
        register = {"client_id": "reader", "scopes": CITIZEN, "jwks": owner.jwks()}
        opened = {"Authorization": f"Bearer {control}"}
        owner.http.post(f"{url}/__sandbox/clients", json=register, headers=opened).raise_for_status()
        made = [owner.post(CASES, body(number)).json()["complaint_id"] for number in range(5)]
        page = owner.get(f"{CASES}?limit=2").json()
        changes = owner.get(f"{feed}?limit=2").json()
        process.send_signal(signal.SIGKILL)
        process.wait()
    owner.http.close()
    with running(database, port), httpx.Client(trust_env=False) as plain:
        owner.http = plain
        rest = owner.get(f"{CASES}?limit=200&cursor={page['next_cursor']}").json()
        listed = [one["complaint_id"] for one in (*page["data"], *rest["data"])]
        assert listed == made[::-1]
        owner.post(CASES, body(5))
        later = owner.get(f"{feed}?cursor={changes['next_cursor']}").json()
        heard = [one["complaint_id"] for one in (*changes["data"], *later["data"])]
        assert (heard[:5], len(heard)) == (made, 6)


def test_the_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    with running(tmp_path / "city.sqlite", 0):
        for file in tmp_path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
