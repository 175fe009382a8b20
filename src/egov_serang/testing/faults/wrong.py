"""Steps that answer what must not be believed: wrong framing, wrong coding, too much, not JSON, a refusal."""

from __future__ import annotations

import email.utils
import re
import time
import zlib
from collections.abc import Iterable
from typing import Any, Final, Literal, Unpack

from egov_serang.testing.faults.broken import reply
from egov_serang.testing.faults.server import Parts, Peer, Step

_END: Final = b"\r\n\r\n"
_CREATED: Final = re.compile(r"created=([0-9]+)")
_WINDOW: Final = 30.0  # contract-v1 section 1
_BLOCK: Final = 64 * 1024


def _without_length(head: bytes, *more: bytes) -> bytes:
    """The head without its `Content-Length`, and with other fields instead."""
    lines = [line for line in head[: -len(_END)].split(b"\r\n") if not line.lower().startswith(b"content-length:")]
    return b"\r\n".join([*lines, *more]) + _END


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunked(*, cut: bool = False, size: int = 16, **parts: Unpack[Parts]) -> Step:
    """Answer in chunks.

    Args:
        cut: close in good order where the last chunk (the one that says "the end") should come.
        size: bytes of each chunk.
        parts: of the answer.
    """

    async def step(peer: Peer) -> None:
        head, body = peer.answer(**parts)
        pieces = b"".join(_chunk(body[at : at + size]) for at in range(0, len(body), size))
        await peer.send(_without_length(head, b"transfer-encoding: chunked") + pieces + (b"" if cut else b"0\r\n\r\n"))
        if cut:
            peer.close()

    return step


def unmeasured(keep: int | None = None, **parts: Unpack[Parts]) -> Step:
    """Answer without a length and close: nobody can tell the end from a cut connection.

    Args:
        keep: how many bytes of the body are sent; all of them when None.
        parts: of the answer.
    """

    async def step(peer: Peer) -> None:
        head, body = peer.answer(**parts)
        await peer.send(_without_length(head, b"connection: close") + body[:keep])
        peer.close()

    return step


def cut_gzip(missing: int = 20) -> Step:
    """Answer in gzip that ends early, under a length that is consistent with what is sent.

    Args:
        missing: how many bytes of the compressed body are left out at its end.
    """

    async def step(peer: Peer) -> None:
        head, body = peer.answer(gzip=True)
        rest = body[:-missing]
        await peer.send(_without_length(head, b"content-length: %d" % len(rest)) + rest)

    return step


def not_gzip() -> Step:
    """Answer in plain bytes that are labelled gzip."""
    return reply(headers=[("content-encoding", "gzip")])


def bomb(decoded: int = 100 * 1024 * 1024) -> Step:
    """Carry out, and answer with a small gzip body that becomes enormous.

    Args:
        decoded: bytes it becomes; about a thousandth of them are sent.
    """

    def packed() -> bytes:
        deflate = zlib.compressobj(9, wbits=31)
        zeros = bytes(_BLOCK)
        return b"".join([*(deflate.compress(zeros) for _ in range(decoded // _BLOCK)), deflate.flush()])

    async def step(peer: Peer) -> None:
        head, _ = peer.answer()
        body = packed()
        await peer.send(_without_length(head, b"content-encoding: gzip", b"content-length: %d" % len(body)) + body)

    return step


def endless(part: Literal["body", "chunk sizes"] = "body") -> Step:
    """Carry out, and answer with more and more, until the client leaves.

    Args:
        part: what has no end: the `body`, or what stands around it (`chunk sizes`), with one byte of body to each.
    """

    async def step(peer: Peer) -> None:
        head, _ = peer.answer()
        await peer.send(_without_length(head, b"transfer-encoding: chunked"))
        piece = _chunk(bytes(_BLOCK)) if part == "body" else (b"1;" + b"x" * 200 + b"\r\n0\r\n") * 300
        while True:
            await peer.send(piece)

    return step


def many_headers(count: int = 300, size: int = 1000) -> Step:
    """Carry out, and answer with so many header fields of so many bytes each."""
    return reply(headers=[(f"x-filler-{number}", "x" * size) for number in range(count)])


def interims(count: int = 2000, status: int = 103) -> Step:
    """Carry out, and send so many interim answers (1xx) before the real one."""

    async def step(peer: Peer) -> None:
        head, body = peer.answer()
        await peer.send(b"HTTP/1.1 %d Interim\r\nlink: </a>\r\n\r\n" % status * count + head + body)

    return step


def upgrade() -> Step:
    """Carry nothing out, and answer 101, which nobody asked for."""

    async def step(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n")

    return step


def two_lengths(*, chunked: bool = False) -> Step:
    """Carry out, and answer with two lengths: two of `Content-Length`, or one of them and chunks (smuggling)."""

    async def step(peer: Peer) -> None:
        head, body = peer.answer()
        if chunked:
            head, body = head[:-2] + b"transfer-encoding: chunked" + _END, _chunk(body) + b"0\r\n\r\n"
        else:
            head = head[:-2] + b"content-length: %d" % (len(body) + 1) + _END
        await peer.send(head + body)

    return step


def folded() -> Step:
    """Carry out, and answer with a header field over two lines (`obs-fold`, RFC 9112 section 5.2)."""

    async def step(peer: Peer) -> None:
        head, body = peer.answer()
        await peer.send(head[:-2] + b"x-folded: one\r\n two" + _END + body)

    return step


def html(status: int = 200) -> Step:
    """Carry nothing out, and answer with a page, as a captive portal does: without the request's id."""
    page = b"<!doctype html><title>Log in</title>"
    return _unbound(status, page, "text/html")


def _unbound(status: int, body: bytes, kind: str) -> Step:
    async def step(peer: Peer) -> None:
        head = b"HTTP/1.1 %d Scripted\r\ncontent-type: %s\r\ncontent-length: %d" % (status, kind.encode(), len(body))
        await peer.send(head + _END + body)

    return step


def document(text: bytes) -> Step:
    """Carry out, and answer with these bytes as the JSON document, as the request's own answer."""

    async def step(peer: Peer) -> None:
        head, _ = peer.answer()
        await peer.send(_without_length(head, b"content-length: %d" % len(text)) + text)

    return step


def redirect(to: str, status: int = 307) -> Step:
    """Carry nothing out, and send the client to another address, body and all."""
    return reply(status, headers=[("location", to)])


def refuse(
    code: str,
    status: int,
    *,
    retry_after: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    carried_out: bool = False,
    **members: Any,
) -> Step:
    """Refuse with a problem document (contract-v1 section 1).

    Args:
        code: of the contract, such as `rate_limited`.
        status: the HTTP status.
        retry_after: the header's text: seconds, a date, anything.
        headers: more fields, such as `Date`.
        carried_out: whether the service did what was asked all the same, as a gateway whose upstream was slow.
        members: more members of the document, such as `allowed_actions`.
    """
    said = {"type": f"urn:smartcity:problem:{code}", "title": "Scripted", "status": status, "code": code, **members}
    fields = [("content-type", "application/problem+json"), *headers]
    if retry_after is not None:
        fields.append(("retry-after", retry_after))

    async def step(peer: Peer) -> None:
        if carried_out:
            peer.answer()
        await peer.send(b"".join(peer.answer(status=status, json=said, headers=fields)))

    return step


def clock(ahead: float) -> Step:
    """A gateway whose clock is so many seconds ahead: it refuses signatures that are not of its time, and says its own.

    Args:
        ahead: seconds; negative where it is behind.
    """

    async def step(peer: Peer) -> None:
        now = time.time() + ahead
        date = [("date", email.utils.formatdate(now, usegmt=True))]
        created = _CREATED.search(peer.request.headers.get("signature-input", ""))
        if created is not None and abs(float(created[1]) - now) > _WINDOW:
            await refuse("clock_skew", 401, headers=date)(peer)
        else:
            await reply(headers=date)(peer)

    return step
