"""Steps that break a connection, or keep it waiting: before the answer, in it, after it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Literal, Unpack, cast

from egov_serang.testing.faults.server import Content, Parts, Peer, SeenRequest, Step

Part = Literal["head", "body"]
End = Literal["reset", "close"]


def reply(status: int | None = None, **content: Unpack[Content]) -> Step:
    """Answer in full. With `status`, `json` or `body` nothing is carried out (`Peer.answer`)."""
    parts = _parts(status, content)

    async def step(peer: Peer) -> None:
        await peer.send(b"".join(peer.answer(**parts)))

    return step


def raw(data: bytes, *, close: bool = False) -> Step:
    """Send these bytes instead of an answer, then perhaps close."""

    async def step(peer: Peer) -> None:
        await peer.send(data)
        if close:
            peer.close()

    return step


def reset_before_answer() -> Step:
    """Read the request, carry nothing out, break the connection."""
    return commit_then_reset(lambda _: None)


def commit_then_reset(commit: Callable[[SeenRequest], object]) -> Step:
    """Do what was asked, then break the connection: the answer is lost, the effect is not."""

    async def step(peer: Peer) -> None:
        commit(peer.request)
        peer.reset()

    return step


def close_before_answer() -> Step:
    """Read the request, carry nothing out, close in good order."""

    async def step(peer: Peer) -> None:
        peer.close()

    return step


def lose_answer(end: End = "reset") -> Step:
    """Have the service carry the request out, and break the connection instead of answering.

    Args:
        end: `reset` breaks it (RST), `close` ends it in good order (FIN).
    """

    async def step(peer: Peer) -> None:
        peer.answer()
        _end(peer, end)

    return step


def close_after(status: int | None = None, **content: Unpack[Content]) -> Step:
    """Answer in full and close at once, without having said so: the client's idle connection is dead."""
    parts = _parts(status, content)

    async def step(peer: Peer) -> None:
        await peer.send(b"".join(peer.answer(**parts)))
        peer.close()

    return step


def break_off(part: Part = "body", keep: int = 1, end: End = "reset", **parts: Unpack[Parts]) -> Step:
    """Answer as far as a byte of the head or of the body, then break the connection.

    Args:
        part: counted from the beginning of the `head` or of the `body`.
        keep: how many bytes of it are sent.
        end: `reset` breaks the connection (RST), `close` ends it in good order (FIN).
        parts: of the answer.
    """

    async def step(peer: Peer) -> None:
        head, body = peer.answer(**parts)
        await peer.send(head[:keep] if part == "head" else head + body[:keep])
        _end(peer, end)

    return step


def truncate(keep: int, **parts: Unpack[Parts]) -> Step:
    """Send the head and the first `keep` bytes of the body, then close."""
    return break_off("body", keep, "close", **parts)


def drip(part: Part = "body", *, every: float = 0.02, **parts: Unpack[Parts]) -> Step:
    """Answer byte by byte, one `every` so many seconds, from the beginning of the `head` or of the `body`."""

    async def step(peer: Peer) -> None:
        head, body = peer.answer(**parts)
        if part == "body":
            await peer.send(head)
        for byte in body if part == "body" else head + body:
            await peer.send(bytes([byte]))
            await asyncio.sleep(every)

    return step


def hang(part: Part = "head", **parts: Unpack[Parts]) -> Step:
    """Say nothing until the client leaves.

    Args:
        part: `head` never answers and carries nothing out; `body` carries out, and stops after the head of the answer.
        parts: of that answer.
    """

    async def step(peer: Peer) -> None:
        if part == "body":
            await peer.send(peer.answer(**parts)[0])
        await peer.until_gone()

    return step


def late(when: threading.Event, **parts: Unpack[Parts]) -> Step:
    """Carry out at once, and answer when the event is set, were it too late.

    Args:
        when: set by the test.
        parts: of the answer.
    """

    async def step(peer: Peer) -> None:
        data = b"".join(peer.answer(**parts))
        await asyncio.to_thread(when.wait, 10)
        await peer.send(data)

    return step


def stray(second: bytes, *, when: threading.Event | None = None, close: bool = False, **parts: Unpack[Parts]) -> Step:
    """Answer, then send an answer nobody asked for: in the same write, or once `when` is set.

    Args:
        second: the bytes of that answer.
        when: set by the test.
        close: end the connection afterwards, as proxies do behind an unasked 408.
        parts: of the first answer.
    """

    async def step(peer: Peer) -> None:
        first = b"".join(peer.answer(**parts))
        if when is None:
            await peer.send(first + second)
        else:
            await peer.send(first)
            await asyncio.to_thread(when.wait, 10)
            await peer.send(second)
        if close:
            peer.close()

    return step


def _parts(status: int | None, content: Content) -> Parts:
    parts = cast("Parts", {**content})
    if status is not None:
        parts["status"] = status
    return parts


def _end(peer: Peer, end: End) -> None:
    if end == "reset":
        peer.reset()
    else:
        peer.close()
