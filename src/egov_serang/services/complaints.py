"""Citizen complaints (*pengaduan*): report, follow, handle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from egov_serang.core.bind import M, Service, Steps, flow, operation, paginated
from egov_serang.core.call import MAX_BODY, Call, invalid
from egov_serang.core.file import File, FileSource, Progress
from egov_serang.core.paging import Paged
from egov_serang.core.reply import Download
from egov_serang.core.transfer import MAX_FILE, SavedFile, save
from egov_serang.models.complaints import (
    Complaint,
    ComplaintAction,
    ComplaintStatus,
    ForwardedTo,
    Location,
    Media,
    Reporter,
)
from egov_serang.models.complaints import Service as Category
from egov_serang.services.arguments import needed_version, text

_LONGEST_DESCRIPTION: Final = 4000


class ComplaintsWire(Protocol):
    """What a wire for complaints can build."""

    def services(self, limit: int | None, cursor: str | None) -> Paged[Category]: ...
    def submit(
        self,
        service_code: str,
        description: str,
        *,
        location: Location | None,
        attributes: Mapping[str, Any] | None,
        reporter: Reporter | None,
        confidential: bool,
        anonymous: bool,
        client_reference: str | None,
    ) -> Call[Complaint]: ...
    def attach(self, complaint_id: str, file: File) -> Call[Media]: ...
    def download(self, complaint_id: str, media_id: str) -> Call[Download]: ...
    def get(self, complaint_id: str) -> Call[Complaint]: ...
    def list(
        self,
        *,
        status: str | None,
        service_code: str | None,
        area_code: str | None,
        updated_after: datetime | None,
        client_reference: str | None,
        limit: int | None,
        cursor: str | None,
    ) -> Paged[Complaint]: ...
    def transition(
        self, complaint_id: str, version: int, action: str, fields: Mapping[str, Any]
    ) -> Call[Complaint]: ...


class Complaints(Service[M]):
    """Complaints of citizens and their handling by the agencies (*perangkat daerah*)."""

    wire: ComplaintsWire

    @paginated
    def services(self, *, limit: int | None = None, cursor: str | None = None) -> Paged[Category]:
        """The categories (*kategori aduan*) one may complain about.

        Args:
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`.

        Source: contract-v1 section 2.
        """
        return self.wire.services(limit, cursor)

    @flow
    async def submit(
        self,
        step: Steps,
        service_code: str,
        description: str,
        *,
        location: Location | None = None,
        photos: Sequence[FileSource] = (),
        attributes: Mapping[str, Any] | None = None,
        reporter: Reporter | None = None,
        confidential: bool = False,
        anonymous: bool = False,
        client_reference: str | None = None,
    ) -> Complaint:
        """Submit a complaint, with its photos.

        Args:
            service_code: the category, from `services()`.
            description: what is wrong, 1 to 4000 characters.
            location: a map point (WGS84 degrees), an address, an area.
            photos: paths, bytes, open binary files or `File`s; streamed, each sent as a step of its own after the
                complaint exists.
            attributes: further fields the category asks for.
            reporter: who complains; none for an anonymous complaint.
            confidential: hide it from the public (*rahasia*).
            anonymous: hide the reporter from the agency (*anonim*).
            client_reference: your own number for it; echoed and checked.

        Returns:
            The complaint as it stands after the last photo.

        Raises:
            Invalid: an unknown category, a missing field, a point outside the city, a photo that cannot be read.

        Run again with the same idempotency key (`with_options(idempotency_key=...)`) it makes no second complaint.

        Source: contract-v1 section 2.
        """
        files = [File.of(photo) for photo in photos]
        call = self.wire.submit(
            text("service_code", service_code, 100),
            text("description", description, _LONGEST_DESCRIPTION),
            location=location,
            attributes=attributes,
            reporter=reporter,
            confidential=confidential,
            anonymous=anonymous,
            client_reference=client_reference,
        )
        # What the resident wrote must not stand in this frame while requests are under way.
        del description, location, photos, attributes, reporter
        complaint = (await step(call, "submit")).data
        if not files:
            return complaint
        for number, file in enumerate(files, 1):
            await step(self.wire.attach(complaint.complaint_id, file), f"photo {number}")
        return (await step(self.wire.get(complaint.complaint_id))).data

    @operation
    def attach(self, complaint_id: str, file: FileSource) -> Call[Media]:
        """Add a photo or file to a complaint.

        Args:
            complaint_id: of the complaint.
            file: a path, bytes, an open binary file, or a `File` (which can tell its progress).

        Raises:
            Invalid: the file cannot be read, is too large or of a kind not taken.
            NotFound: there is no such complaint.

        Source: contract-v1 section 2.
        """
        return self.wire.attach(complaint_id, File.of(file))

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
        if isinstance(media, str):
            held = (await step(self.wire.get(complaint_id))).data.media
            found = next((one for one in held if one.media_id == media), None)
            if found is None:
                raise invalid("media", "is none of this complaint's files", "unknown")
            media = found
        call = self.wire.download(complaint_id, media.media_id)
        return await save(
            step, call, path, size=media.size, sha256=media.sha256, max_bytes=max_bytes, progress=progress
        )

    @operation
    def get(self, complaint_id: str) -> Call[Complaint]:
        """Read a complaint.

        Args:
            complaint_id: of the complaint.

        Raises:
            NotFound: there is none, or this client may not see it.

        Source: contract-v1 section 2.
        """
        return self.wire.get(complaint_id)

    @paginated
    def list(
        self,
        *,
        status: ComplaintStatus | str | None = None,
        service_code: str | None = None,
        area_code: str | None = None,
        updated_after: datetime | None = None,
        client_reference: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Paged[Complaint]:
        """Complaints, newest first.

        Args:
            status: only those in this state.
            service_code: only this category.
            area_code: only this kelurahan or kecamatan, by its Kemendagri code.
            updated_after: only those changed at this time or later; needs a time zone.
            client_reference: only the one with this number of yours.
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`.

        Source: contract-v1 section 2.
        """
        return self.wire.list(
            status=status,
            service_code=service_code,
            area_code=area_code,
            updated_after=updated_after,
            client_reference=client_reference,
            limit=limit,
            cursor=cursor,
        )

    @operation
    def transition(
        self,
        complaint: Complaint | str,
        action: ComplaintAction | str,
        *,
        version: int | None = None,
        comment: str | None = None,
        reason_code: str | None = None,
        assignee: str | None = None,
        forward_to: ForwardedTo | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Call[Complaint]:
        """Do something to a complaint: verify, assign (*disposisi*), start, resolve, withdraw, rate ...

        Args:
            complaint: as you read it (its version guards against changes in between), or its id with `version=`.
            action: one of `complaint.allowed_actions`.
            version: the version you decided on, where only the id is given.
            comment: shown to the other side.
            reason_code: why, where the action asks for it.
            assignee: to whom, for `assign`.
            forward_to: the agency, for `transfer`.
            data: further fields of the action, such as `{"score": 5}` for `rate`.

        Returns:
            The complaint after it.

        Raises:
            InvalidTransition: not in this state; `allowed_actions` says what is.
            Conflict: somebody changed it since you read it: reload and decide again.
            Forbidden: this client may not.

        Source: contract-v1 sections 1 and 2.
        """
        if isinstance(complaint, Complaint):
            version = complaint.version if version is None else version
            complaint = complaint.complaint_id
        return self.wire.transition(
            complaint,
            needed_version(version),
            action,
            {
                "comment": comment,
                "reason_code": reason_code,
                "assignee": assignee,
                "forward_to": forward_to.model_dump(exclude_none=True) if forward_to else None,
                "data": data,
            },
        )
