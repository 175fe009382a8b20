"""Downloads into files: streamed, checked, and gone on with after a cut, in the same call or in another process."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from egov_serang.core.arriving import OTHER_PART, Arriving, Incoming, unfit
from egov_serang.core.call import Call, invalid
from egov_serang.core.file import Progress
from egov_serang.core.part import Part
from egov_serang.core.reply import Download, piece_of
from egov_serang.core.steps import Steps
from egov_serang.errors import (
    ApiError,
    ConnectionFailed,
    DeadlineExceeded,
    EgovError,
    NotFound,
    RateLimited,
    ServerFault,
    SignatureInvalid,
    UnexpectedReply,
)

MAX_FILE: Final = 1024**3
"""Bytes of a file that are taken unless the caller says otherwise."""

_BEYOND: Final = 416
_CUT: Final = frozenset({"truncated", "protocol", "digest"})
"""Codes of an answer that broke on the way: the same question may be answered whole."""

TOO_LARGE: Final = "permanent_too_large"
"""The code of an answer that is over its limit, whoever notices: the same as a transport's."""

_LONGEST_PAUSE: Final = 8.0


@dataclass(frozen=True, slots=True, repr=False)
class SavedFile:
    """A file that was downloaded, whole and checked. Its `repr` does not show the path, which may name a person.

    Attributes:
        path: where it is.
        size: bytes.
        sha256: hexadecimal digest of these bytes.
        media_type: as the service says.
        resumed_at: bytes that were there already when this call began; 0 where it began at the beginning.
    """

    path: Path
    size: int
    sha256: str
    media_type: str
    resumed_at: int = 0

    def __repr__(self) -> str:
        return f"<SavedFile {self.media_type} size={self.size}>"


async def save(
    step: Steps,
    call: Call[Download],
    path: str | Path,
    *,
    size: int | None,
    sha256: str | None,
    max_bytes: int,
    progress: Progress | None,
) -> SavedFile:
    """Download into a file, which appears under its name only when it is whole and has its digest.

    What has come stays in `NAME.part` whatever happens, and the next call goes on there: with a digest to check in the
    end, for the signature of an answer that was cut says nothing about the bytes that did come.

    Args:
        step: of the flow.
        call: that brings the whole of it.
        path: the file.
        size: bytes it must have, if they are known.
        sha256: the hexadecimal digest it must have, if it is known.
        max_bytes: the most that is taken.
        progress: told the bytes so far and the bytes in all.

    Raises:
        Invalid: it is larger than `max_bytes`, or the path cannot be written; nothing was asked for.
        UnexpectedReply: another size or digest than announced, or over `max_bytes`; no file is left behind.
        ConnectionFailed, DeadlineExceeded: it was cut more often than the call may repeat; the hint says what stays.
        OSError: of the disk.
    """
    if max_bytes < 1:
        raise invalid("max_bytes", "must be at least 1", "value")
    if size is not None and size > max_bytes:
        raise invalid("max_bytes", f"the file has {size} bytes, and {max_bytes} are allowed", "too_large")
    wanted = None if sha256 is None else sha256.lower()
    part = Part(Path(path), wanted)
    try:
        await step.offload(partial(part.take_up, size))
        transfer = _Transfer(step, call, part, size=size, max_bytes=max_bytes, progress=progress)
        media_type = await transfer.run()
        found = part.digest.hexdigest()
        if part.size != (part.size if size is None else size) or found != (wanted or found):
            raise UnexpectedReply(
                "the file that came is not the one announced: its size or SHA-256 differs",
                code="checksum",
                hint="Nothing was kept. Read the resource again, the file may have been replaced; then download anew",
                sent="yes",
            )
        await step.offload(part.finish)
    except EgovError as error:
        if isinstance(error, NotFound) or error.code in {"checksum", TOO_LARGE}:
            part.discard()  # there is nothing to go on to
        elif not isinstance(error, ApiError) or isinstance(error, ServerFault | RateLimited):
            error.hint = _with_part(error, part)
        raise
    finally:
        part.close()
    return SavedFile(part.target, part.size, found, media_type, transfer.resumed_at)


def _with_part(error: EgovError, part: Part) -> str | None:
    """The hint of an error, and what it leaves to go on with."""
    if not part.is_kept:
        return error.hint
    # Without the file's name, which may be a person's.
    kept = f"{part.size} bytes are kept in the .part beside it: the same call goes on there"
    return f"{error.hint}. {kept}" if error.hint else kept


class _Transfer:
    """The answers one download takes."""

    def __init__(
        self,
        step: Steps,
        call: Call[Download],
        part: Part,
        *,
        size: int | None,
        max_bytes: int,
        progress: Progress | None,
    ) -> None:
        self._step, self._call, self._part = step, call, part
        self._most = max_bytes if size is None else max(size, 1)
        self._announced = size
        self._total = size or 0
        self._progress = progress
        self.resumed_at = part.size

    async def run(self) -> str:
        """Fetch until all is there.

        Returns:
            The media type.
        """
        cuts = idle = 0
        while True:
            before = self._part.size
            try:
                answer = await self._ask()
                failure = await self._take(answer)
            except UnexpectedReply as error:
                if error.code != OTHER_PART:
                    raise
                self._part.begin(None)  # what is there fits nothing the service has: all anew
                failure = error
            else:
                if failure is None and (answer.start is None or self._part.size >= answer.total):
                    return answer.media_type
            if failure is None:
                continue  # a service may give less than it was asked for
            if cuts >= self._step.retries:
                raise failure
            cuts += 1
            idle = 0 if self._part.size > before else idle + 1
            # A service that brought bytes lives: soon again, though not all clients in the same moment.
            longest = min(_LONGEST_PAUSE, 0.25 * 2**idle)
            await self._step.sleep(random.uniform(0, longest))  # noqa: S311 - no secret

    async def _ask(self) -> Incoming:
        """The next answer.

        Raises:
            EgovError: none came, which the layers have tried to mend already; or the service has no such part.
        """
        part = self._part
        start = part.size if part.etag is not None else 0
        ranged: tuple[tuple[str, str], ...] = (("accept-encoding", "identity"),)
        if start and part.etag is not None:
            ranged += (("range", f"bytes={start}-"), ("if-range", part.etag))
        decode: Any = Arriving(start)
        call = replace(self._call, headers=self._call.headers + ranged, decode=decode, max_body=self._most)
        try:
            reply = await self._step(call)
        except ApiError as refused:
            if refused.status != _BEYOND or not start:
                raise
        else:
            answer = cast("Incoming", reply.data)
            answer.request_id = reply.request_id
            return answer
        raise unfit("the service has no such part of the file", OTHER_PART)

    async def _take(self, answer: Incoming) -> EgovError | None:
        """Write what an answer brings.

        Returns:
            What cut it, where going on may help; None when it was read to its end.
        """
        part = self._part
        try:
            if answer.wrong is not None:
                raise answer.wrong
            if answer.start is None:
                self.resumed_at = 0
                part.begin(answer.etag)
            elif answer.etag in {None, part.etag}:
                part.mark()
            else:
                raise unfit("the answer is a part of another version of the file", OTHER_PART)
            self._total = answer.total or self._total
            self._tell()
            while piece := await piece_of(answer.stream):
                if part.size + len(piece) > self._most:
                    raise unfit("the file is larger than announced or allowed", TOO_LARGE)
                part.write(piece)
                self._tell()
            if part.size == answer.start:
                raise unfit("the answer brings no byte of the file", OTHER_PART)
        except (ConnectionFailed, DeadlineExceeded, SignatureInvalid, UnexpectedReply) as error:
            error.operation, error.request_id = self._call.operation, answer.request_id
            error.sent = "yes"  # it had begun to answer
            error.hint = self._hint(error)
            if isinstance(error, SignatureInvalid):
                part.back()  # these bytes are not what the gateway signed, at whatever place they were damaged
            if not isinstance(error, ConnectionFailed) and error.code not in _CUT:
                raise
            return error
        finally:
            await answer.stream.close()
        return None

    def _hint(self, error: EgovError) -> str | None:
        """What to do about it: a read has no effect, so what is said of lost answers does not hold here."""
        if isinstance(error, SignatureInvalid):
            return error.hint
        if error.code != TOO_LARGE:
            return None
        return "Allow more with max_bytes" if self._announced is None else "It is larger than its resource says"

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._part.size, self._total)
