"""Addresses at which nobody answers as a service does: for what goes wrong before a request is sent."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Generator
from typing import Final

UNKNOWN: Final = "https://nowhere.invalid"
"""A host whose name no resolver knows (RFC 6761 section 6.4)."""


@contextlib.contextmanager
def refusing() -> Generator[str]:
    """The address of a port on which nobody listens: each connection is refused, within the `with` block."""
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))  # bound and not listening
        yield f"http://127.0.0.1:{placeholder.getsockname()[1]}"


@contextlib.contextmanager
def silent(scheme: str = "http") -> Generator[str]:
    """The address of a port whose queue of connections is full: the next one gets no answer at all.

    Args:
        scheme: of the address.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        try:
            yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for filler in fillers:
                filler.close()


@contextlib.contextmanager
def speechless(scheme: str = "https") -> Generator[str]:
    """The address of a port that takes connections and never says a word, such as a plain service asked for TLS.

    Args:
        scheme: of the address.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
