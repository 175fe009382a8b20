"""The ceiling: what the server answers when the client does next to nothing. Bare sockets, one fixed request.

usage: python -m benchmarks.ceiling URL ROWS IN_FLIGHT
"""

from __future__ import annotations

import json
import socket
import sys
import time
from urllib.parse import urlsplit

from benchmarks.drive import body, report, used


def main(url: str, rows: int, width: int) -> None:
    """Every socket has one request under way; answers are taken in turn, and all are as long as the first."""
    host, port = urlsplit(url).hostname or "", urlsplit(url).port or 80
    content = json.dumps(body(0)).encode()
    request = (
        f"POST /v1/identity/verifications HTTP/1.1\r\nhost: {host}:{port}\r\nauthorization: Bearer t\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    ).encode() + content
    lines = [socket.create_connection((host, port), timeout=30) for _ in range(width)]
    lines[0].sendall(request)
    length = first_length(lines[0])
    start, cpu = time.perf_counter(), used()
    for line in lines[:rows]:
        line.sendall(request)
    for serial in range(rows):
        line = lines[serial % width]
        left = length
        while left:
            piece = line.recv(left)
            if not piece:
                sys.exit("the server closed a connection")
            left -= len(piece)
        if serial + width < rows:
            line.sendall(request)
    report("bare sockets", rows, width, time.perf_counter() - start, used() - cpu)
    for line in lines:
        line.close()


def first_length(line: socket.socket) -> int:
    """The length of one whole answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += line.recv(65536)
    head, _, rest = data.partition(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    left = size - len(rest)
    while left:
        left -= len(line.recv(left))
    return len(head) + 4 + size


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
