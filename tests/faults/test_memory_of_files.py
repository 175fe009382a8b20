"""A file of any size passes through in pieces: what the process holds does not grow with it.

100 MiB in every run, 1000 MiB under `make soak`. Each transfer runs in a process of its own, which tells what it held
when it was idle and at its peak.
"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.scale import scaled

MIB = 1024 * 1024
SIZE = max(100, scaled(1000)) * MIB
MOST = 40 * MIB

_PROGRAM = """
import asyncio, sys
from pathlib import Path
from egov_serang import AsyncClient, Client, Config, File
from egov_serang.models.complaints import Media

what, world, url, size, sha256, path = sys.argv[1:]
config = Config(gateway=url, auth="none", signature="none", deadline=1800.0, read=600.0)
media = Media(media_id="m", filename="a", media_type="video/mp4", size=int(size), sha256=sha256)
told = []

def tell(now, total):
    told[:] = [now]

def upload(client, source):
    return client.identity.applications.attach("c", "kk", source)  # in one request, whatever its size

def download(client, held, target):
    return client.complaints.download_to("c", held, target, max_bytes=10**12, progress=tell)

def held(name):  # getrusage would remember the peak of the process this one was forked from
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

def first(client):
    return upload(client, File(bytes(100_000), "a.mp4"))

def then(client):
    if what == "upload":
        return upload(client, File(Path(path), "a.mp4", progress=tell))
    return download(client, media, path)

async def on_tasks():
    async with AsyncClient(config) as client:
        await first(client)
        before = held("VmRSS")
        await then(client)
        return before

def on_threads():
    with Client(config) as client:
        first(client)
        before = held("VmRSS")
        then(client)
        return before

idle = asyncio.run(on_tasks()) if world == "tasks" else on_threads()
assert told == [int(size)], told
print(held("VmHWM") - idle)
"""


def _answer(line: socket.socket, head: bytes, request_id: bytes, size: int) -> None:
    echo = b"x-request-id: " + request_id + b"\r\n"
    if head.startswith(b"GET"):
        line.sendall(b"HTTP/1.1 200 OK\r\n" + echo + b'etag: "v"\r\ncontent-length: %d\r\n\r\n' % size)
        piece = bytes(MIB)
        for _ in range(size // MIB):
            line.sendall(piece)
        return
    document = b'{"document_id": "m", "kind": "kk", "filename": "a", "media_type": "x/y", "size": 1, "sha256": ""}'
    kind = b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(document)
    line.sendall(b"HTTP/1.1 201 Created\r\n" + echo + kind + document)


def _talk(line: socket.socket, size: int) -> None:
    data = b""
    while True:
        head, found, body = data.partition(b"\r\n\r\n")
        if not found:
            more = line.recv(MIB)
            if not more:
                return
            data += more
            continue
        fields = dict(one.lower().split(b": ", 1) for one in head.split(b"\r\n")[1:])
        left = int(fields.get(b"content-length", 0)) - len(body)
        while left > 0:
            left -= len(line.recv(min(MIB, left)))
        _answer(line, head, fields[b"x-request-id"], size)
        data = b""


@contextmanager
def sink(size: int) -> Iterator[str]:
    """A server that throws away what it gets, and gives zeros: it holds no file either."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                with closing(line):
                    _talk(line, size)

        thread = threading.Thread(target=serve, daemon=True, name="sink")
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _zeros(size: int) -> str:
    digest = hashlib.sha256()
    piece = bytes(MIB)
    for _ in range(size // MIB):
        digest.update(piece)
    return digest.hexdigest()


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(SIZE)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads its memory from /proc")
@pytest.mark.parametrize("world", ["threads", "tasks"])
@pytest.mark.parametrize(("what", "prepare"), [("upload", _sparse), ("download", lambda path: None)])
def test_memory_stays_flat(what: str, prepare: Callable[[Path], None], world: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    prepare(path)
    with sink(SIZE) as url:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, what, world, url, str(SIZE), _zeros(SIZE), str(path)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONWARNINGS": "error"},
        )
    assert done.returncode == 0, done.stderr
    grown = int(done.stdout)
    print(f"{what} of {SIZE // MIB} MiB on {world}: {grown / MIB:.1f} MiB over idle")
    assert grown < MOST
    assert path.stat().st_size == SIZE
    path.unlink()
