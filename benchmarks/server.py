"""The server of the benches: answers from memory, in HTTP written by hand on uvloop, so that it is never the limit.

usage: python -m benchmarks.server PORT [--sign]
With --sign it signs its answers to signed requests and publishes its key, for configurations B and C.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import cast

import uvloop
from benchmarks.gateway import VERIFICATION, Seal, token

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


def whole(body: bytes) -> bytes:
    """An answer with nothing but its framing."""
    return HEAD % len(body) + body


PLAIN = whole(VERIFICATION)
BEARER, BOUND = whole(token(bound=False)), whole(token(bound=True))


class Http(asyncio.Protocol):
    """One connection. Answers in order whatever arrives, also several requests at once."""

    def __init__(self, origin: str, seal: Seal | None) -> None:
        self._origin, self._seal = origin, seal
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end]
            lower = head.lower()
            at = lower.find(b"content-length:")
            rest = end + 4 + (int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0)
            if len(self._data) < rest:
                return
            self._data = self._data[rest:]
            self._transport.write(self._answer(head, lower))

    def _answer(self, head: bytes, lower: bytes) -> bytes:
        line = lower[: lower.find(b"\r\n")]
        if b"/token" in line:
            return BOUND if b"\r\ndpop:" in lower else BEARER
        if self._seal is None:
            return PLAIN
        if b"/jwks.json" in line:
            return whole(self._seal.jwks)
        return self._signed(self._seal, head) if b"\r\nsignature-input:" in lower else PLAIN

    def _signed(self, seal: Seal, head: bytes) -> bytes:
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        asked = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        fields = seal.sealed(asked, method, self._origin + path, VERIFICATION)
        shown = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"HTTP/1.1 200 OK\r\ncontent-length: {len(VERIFICATION)}\r\n{shown}\r\n".encode() + VERIFICATION


async def serve(port: int, seal: Seal | None) -> None:
    """Until somebody ends the process."""
    origin = f"http://127.0.0.1:{port}"
    server = await asyncio.get_running_loop().create_server(lambda: Http(origin, seal), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--sign", action="store_true")
    given = parser.parse_args()
    uvloop.run(serve(given.port, Seal() if given.sign else None))
