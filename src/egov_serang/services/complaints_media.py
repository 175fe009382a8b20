"""Sending a file of a complaint: in one request, or a large one part by part, so that a cut costs one part."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable
from typing import Final

from egov_serang.core.bind import Steps
from egov_serang.core.file import File, Progress, changed
from egov_serang.models.complaints import Media
from egov_serang.services.complaints_wire import ComplaintsWire

LARGE: Final = 8 * 1024 * 1024
"""Bytes up to which a file is sent in one request."""


async def send_file(
    step: Steps, wire: ComplaintsWire, complaint_id: str, file: File, *, visibility: str | None = None, name: str
) -> Media:
    """Send a file.

    Args:
        step: of the flow.
        wire: builds the calls.
        complaint_id: of the complaint.
        file: what is sent; of a large one, one part at a time is in memory.
        visibility: who may see it.
        name: of the step; those of the parts derive from it.

    Raises:
        Invalid: code `file_changed`: it is not the same any more. The service never has it whole in that state.

    Source: contract-v1 section 2 (`Media`, multipart or chunked).
    """
    if not _is_large(file):
        return (await step(wire.attach(complaint_id, file, visibility), name)).data
    mark = await step.offload(file.mark)
    call = wire.open_upload(complaint_id, file, size=mark.size, sha256=mark.sha256.hex(), visibility=visibility)
    opened = await step(call, f"{name} opened")
    media = opened.data
    if opened.replayed:  # of an earlier try, which may have come some way
        media = (await step(wire.upload_state(complaint_id, media.media_id), f"{name} state")).data
    if media.upload is None:
        return media
    held = {part.start: part.size for part in media.upload.parts}
    size = media.upload.part_size
    pieces = _parts(file.chunks(), size)
    digest, start = hashlib.sha256(), 0
    while start < mark.size:
        piece = await step.offload(lambda: next(pieces, b""))
        digest.update(piece)
        end = start + len(piece)
        whole = end == mark.size
        if len(piece) != min(size, mark.size - start) or (whole and digest.digest() != mark.sha256):
            raise changed("yes")
        if held.get(start) != len(piece):
            part = File(piece, file.filename, file.media_type, _telling(file.progress, start, mark.size))
            media = (await step(wire.upload_part(complaint_id, media.media_id, start, part), f"{name} {start}")).data
        elif file.progress is not None:
            file.progress(end, mark.size)
        start = end
    return media


def _is_large(file: File) -> bool:
    try:
        return file.length > LARGE
    except (OSError, ValueError):
        return False  # it is gone or closed, which sending it says in its own words


def _parts(content: Iterable[bytes], size: int) -> Generator[bytes]:
    """The content in parts of one size; the last may be shorter."""
    held = bytearray()
    for piece in content:
        held += piece
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)


def _telling(progress: Progress | None, start: int, total: int) -> Progress | None:
    """The progress of a part as that of the whole file."""
    return None if progress is None else lambda sent, _: progress(start + sent, total)
