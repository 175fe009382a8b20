"""What came back: `Reply` around a decoded answer, `Download` for bytes read piece by piece."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from egov_serang.core.faults import from_fault
from egov_serang.core.message import TransportFault
from egov_serang.core.part import Part
from egov_serang.core.runtime import run_sync
from egov_serang.errors import UnexpectedReply

if TYPE_CHECKING:
    from egov_serang.core.message import Headers, Response, Stream

T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class Reply(Generic[T]):
    """A decoded answer with the facts around it; what `client.raw` gives.

    Attributes:
        data: the decoded answer.
        status: the HTTP status.
        headers: the response headers, names without regard to case.
        request_id: the `X-Request-Id` of the attempt that succeeded.
        attempts: transmissions made, at least 1.
        replayed: whether the service answered from its idempotency store.
    """

    data: T
    status: int
    headers: Headers
    request_id: str
    attempts: int
    replayed: bool

    @property
    def etag(self) -> str | None:
        """The entity tag, quotes included."""
        return self.headers.get("etag")

    def __repr__(self) -> str:
        return f"<Reply {self.status} request_id={self.request_id} attempts={self.attempts}>"


async def piece_of(stream: Stream) -> bytes:
    """The next piece of an answer, b"" at its end.

    Raises:
        ConnectionFailed, DeadlineExceeded, UnexpectedReply: the bytes did not all arrive.
    """
    try:
        return await stream.read()
    except TransportFault as fault:
        error = from_fault(fault, expired=fault.kind == "timeout")
    raise error


class Download:
    """The bytes of an answer, read once, inside `with` (or `async with` on the asynchronous client).

    Leaving the block early gives the connection up; reading to the end gives it back. The call's deadline covers the
    reading too.
    """

    __slots__ = ("_closed", "_stream", "media_type", "sha256", "size")

    def __init__(self, response: Response) -> None:
        if response.stream is None:
            raise TypeError("the call of a Download must ask for a stream")
        self._stream: Stream = response.stream
        self._closed = False
        self.media_type = response.headers.get("content-type", "application/octet-stream")
        length = response.headers.get("content-length", "")
        self.size: int | None = int(length) if length.isdigit() else None
        self.sha256 = hashlib.sha256()

    async def _read(self) -> bytes:
        if self._closed:
            raise ValueError("the download is closed: read it inside its with block")
        piece = await piece_of(self._stream)
        self.sha256.update(piece)
        return piece

    async def _close(self) -> None:
        if not self._closed:
            self._closed = True
            await self._stream.close()

    def read(self) -> bytes:
        """The rest, whole.

        Raises:
            ConnectionFailed, DeadlineExceeded, UnexpectedReply: the bytes did not all arrive.
        """
        return b"".join(self)

    async def aread(self) -> bytes:
        """The rest, whole, on the asynchronous client."""
        pieces: list[bytes] = []
        async for piece in self:
            pieces.append(piece)
        return b"".join(pieces)

    def save(self, path: str | Path, *, sha256: str | None = None) -> Path:
        """Write the rest to a file for its owner alone, which appears under its name only when it is whole.

        A cut ends it: `download_to` of the service goes on after one, and reports how far it is.

        Args:
            path: the file.
            sha256: the hexadecimal digest it must have, such as `Media.sha256`.

        Raises:
            Invalid: the path names no file that can be written.
            UnexpectedReply: the bytes have another digest; nothing is left behind.
        """
        part = Part(Path(path), None)
        try:
            part.begin(None)
            for piece in self:
                part.write(piece)
            if sha256 is not None and self.sha256.hexdigest() != sha256.lower():
                raise UnexpectedReply("the file's SHA-256 is not the announced one", code="checksum", sent="yes")
            part.finish()
        finally:
            part.close()
        return part.target

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        piece = run_sync(self._read())
        if not piece:
            raise StopIteration
        return piece

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._read()
        if not piece:
            raise StopAsyncIteration
        return piece

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        run_sync(self._close())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._close()

    def __repr__(self) -> str:
        return f"<Download {self.media_type} size={self.size}>"
