"""The thread of a complaint: comments, and what transitions said (contract-v1 section 2)."""

from __future__ import annotations

from collections.abc import Sequence

from egov_serang.core.bind import M, Service, Steps, flow, paginated
from egov_serang.core.file import File, FileSource
from egov_serang.core.paging import Paged
from egov_serang.models.complaints import Update, Visibility
from egov_serang.services.arguments import text
from egov_serang.services.complaints_media import send_file
from egov_serang.services.complaints_wire import ComplaintsWire

LONGEST_TEXT = 4000


class Updates(Service[M], path="complaints.updates"):
    """What is said about complaints (*tanggapan, tindak lanjut*)."""

    wire: ComplaintsWire

    @paginated
    def list(self, complaint_id: str, *, limit: int | None = None, cursor: str | None = None) -> Paged[Update]:
        """The thread of a complaint, oldest first, as far as this client may see it.

        Args:
            complaint_id: of the complaint.
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`.

        Raises:
            NotFound: there is no such complaint, or this client may not see it.

        Source: contract-v1 section 2.
        """
        return self.wire.updates(complaint_id, limit, cursor)

    @flow
    async def add(
        self,
        step: Steps,
        complaint_id: str,
        description: str,
        *,
        photos: Sequence[FileSource] = (),
        visibility: Visibility | str | None = None,
    ) -> Update:
        """Say something about a complaint, with photos.

        Args:
            complaint_id: of the complaint.
            description: 1 to 4000 characters.
            photos: paths, bytes, open binary files or `File`s; each attached as a step of its own before the text.
            visibility: `public` (default), `confidential` (the reporter and the officers), `internal` (officers alone).

        Raises:
            Invalid: no text, or a photo that cannot be read.
            Forbidden: neither the reporter's client nor an officer's, or an internal note by the reporter.

        Run again with the same idempotency key it says nothing twice.

        Source: contract-v1 section 2.
        """
        files = [File.of(photo) for photo in photos]
        words = text("description", description, LONGEST_TEXT)
        del description, photos
        sent: list[str] = []
        for number, file in enumerate(files, 1):
            media = await send_file(step, self.wire, complaint_id, file, visibility=visibility, name=f"photo {number}")
            sent.append(media.media_id)
        return (await step(self.wire.comment(complaint_id, words, visibility, sent), "comment")).data
