"""The files of a complaint: attached, those that are missing, downloaded (contract-v1 section 2, `Media`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from egov_serang.core.bind import M, Steps, flow, operation
from egov_serang.core.call import MAX_BODY, Call, invalid
from egov_serang.core.file import File, FileSource, Progress
from egov_serang.core.reply import Download
from egov_serang.core.transfer import MAX_FILE, SavedFile, save
from egov_serang.models.complaints import Complaint, Media, Visibility
from egov_serang.photos import without_location
from egov_serang.services.complaints_media import send_file
from egov_serang.services.complaints_reading import ComplaintsReading


class ComplaintsFiles(ComplaintsReading[M]):
    """The part of `client.complaints` that moves photos and files."""

    @flow
    async def attach(
        self,
        step: Steps,
        complaint_id: str,
        file: FileSource,
        *,
        visibility: Visibility | str | None = None,
    ) -> Media:
        """Add a photo or file to a complaint, as it is: `egov_serang.photos` removes the place from one.

        A file over 8 MiB is sent in parts. After a cut `client.resume(error)`, or the same call with the same
        idempotency key, goes on with the part that is missing, in another process too.

        Args:
            complaint_id: of the complaint.
            file: a path, bytes, an open binary file, or a `File` (which can tell its progress).
            visibility: `public` (default), `confidential` (the reporter and the officers), `internal` (officers alone).

        Raises:
            Invalid: the file cannot be read, is too large or of a kind not taken.
            NotFound: there is no such complaint.

        Source: contract-v1 section 2 (`Media`, multipart or chunked).
        """
        return await send_file(step, self.wire, complaint_id, File.of(file), visibility=visibility, name="file")

    @flow
    async def attach_missing(
        self, step: Steps, complaint_id: str, photos: Sequence[FileSource], *, keep_photo_location: bool = False
    ) -> Complaint:
        """Add those of some photos that a complaint does not have yet, known by their SHA-256.

        Args:
            complaint_id: of the complaint.
            photos: all it should have; as in `submit`.
            keep_photo_location: as in `submit`.

        Returns:
            The complaint as it stands afterwards.

        Raises:
            Invalid: a photo that cannot be read, is too large or of a kind not taken.
            NotFound: there is no such complaint.

        Source: contract-v1 section 2 (`Media`).
        """
        files = [File.of(photo) for photo in photos]
        files = files if keep_photo_location else [without_location(file) for file in files]
        complaint = (await step(self.wire.get(complaint_id))).data
        held = Counter(media.sha256.lower() for media in complaint.media)
        missing: list[tuple[str, File]] = []
        for file in files:
            digest = (await step.offload(file.mark)).sha256.hex()
            if held[digest]:
                held[digest] -= 1
            else:
                missing.append((digest, file))
        for number, (digest, file) in enumerate(missing, 1):
            await send_file(step, self.wire, complaint_id, file, name=f"missing {number} {digest}")
        return (await step(self.wire.get(complaint_id))).data if missing else complaint

    @operation
    def download(self, complaint_id: str, media_id: str, *, max_bytes: int = MAX_BODY) -> Call[Download]:
        """Read a photo or file of a complaint, piece by piece: `with client.complaints.download(...) as photo:`.

        Into a file, `download_to` goes on after a cut and checks what came.

        Args:
            complaint_id: of the complaint.
            media_id: of the file, from `Complaint.media`.
            max_bytes: the most that is taken, 8 MiB by default.

        Raises:
            NotFound: there is no such file.
            UnexpectedReply: it is larger than `max_bytes`.

        Source: contract-v1 section 2 (`Media.url`).
        """
        if max_bytes < 1:
            raise invalid("max_bytes", "must be at least 1", "value")
        return replace(self.wire.download(complaint_id, media_id), max_body=max_bytes)

    @flow
    async def download_to(
        self,
        step: Steps,
        complaint_id: str,
        media: Media | str,
        path: str | Path,
        *,
        max_bytes: int = MAX_FILE,
        progress: Progress | None = None,
    ) -> SavedFile:
        """Download a photo or file of a complaint into a file, which appears only when it is whole and proven.

        The bytes stream into `NAME.part`. A cut is gone on with, within the client's retries; what is there when the
        call ends all the same, or the program does, is where the next call with the same path begins.

        Args:
            complaint_id: of the complaint.
            media: the file as `Complaint.media` shows it, with its size and SHA-256; its id alone has them looked up.
            path: where it goes; readable by its owner alone (0600), whatever was there before is replaced.
            max_bytes: the most that is taken, 1 GiB by default.
            progress: called with the bytes so far and the bytes in all; the count goes back where some must come
                again. An exception it raises ends the call.

        Returns:
            Where it is, its size and digest, and how much of it was there before.

        Raises:
            Invalid: the complaint has no such file, it is larger than `max_bytes`, or the path cannot be written.
            UnexpectedReply: other bytes than announced; nothing is left behind.
            ConnectionFailed, DeadlineExceeded: it did not all arrive; the hint says what is kept.
            NotFound: there is no such complaint, or no such file any more.

        Source: contract-v1 section 2 (`Media`); RFC 9110 section 14 (ranges).
        """
        call = self.wire.download(complaint_id, media if isinstance(media, str) else media.media_id)
        if isinstance(media, str):
            held = (await step(self.wire.get(complaint_id))).data.media
            found = next((one for one in held if one.media_id == media), None)
            if found is None:
                raise invalid("media", "is none of this complaint's files", "unknown")
            media = found
        return await save(
            step, call, path, size=media.size, sha256=media.sha256, max_bytes=max_bytes, progress=progress
        )
