"""Citizen complaints (*pengaduan*): report, follow, handle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from egov_serang.core.bind import M, Steps, flow, operation, paginated
from egov_serang.core.call import Call
from egov_serang.core.file import File, FileSource
from egov_serang.core.paging import Paged
from egov_serang.errors import UnsupportedOperation
from egov_serang.models.complaints import (
    Complaint,
    ComplaintAction,
    ComplaintStatus,
    Duplicates,
    ForwardedTo,
    Location,
    Reporter,
    ServiceType,
    Visibility,
)
from egov_serang.models.complaints import Service as Category
from egov_serang.photos import without_location
from egov_serang.services import complaints_checks as check
from egov_serang.services.arguments import needed_version, text
from egov_serang.services.complaints_files import ComplaintsFiles
from egov_serang.services.complaints_media import send_file
from egov_serang.services.complaints_thread import LONGEST_TEXT, Updates
from egov_serang.types import UNSET, Unset


class Complaints(ComplaintsFiles[M]):
    """Complaints of citizens and their handling by the agencies (*perangkat daerah*)."""

    @cached_property
    def updates(self) -> Updates[M]:
        """What is said about complaints."""
        return Updates(self.engine, self.wire, self.mode)

    @flow
    async def submit(
        self,
        step: Steps,
        service_code: str | Category,
        description: str,
        *,
        location: Location | None = None,
        photos: Sequence[FileSource] = (),
        keep_photo_location: bool = False,
        attributes: Mapping[str, Any] | BaseModel | None = None,
        reporter: Reporter | None = None,
        confidential: bool = False,
        anonymous: bool = False,
        client_reference: str | None = None,
        media_url: str | None = None,
    ) -> Complaint:
        """Submit a complaint, with its photos.

        Args:
            service_code: the category: its code, or itself from `service()`, which lets what it asks for be checked
                before anything is sent.
            description: what is wrong, 1 to 4000 characters.
            location: a map point (WGS84 degrees), an address, an area.
            photos: paths, bytes, open binary files or `File`s; streamed, each sent as a step of its own after the
                complaint exists.
            keep_photo_location: send photos with the place where they were taken, which is else removed from JPEGs.
            attributes: further fields the category asks for, or its filled `form()`.
            reporter: who complains; none for an anonymous complaint.
            confidential: hide it from the public (*rahasia*).
            anonymous: hide the reporter from the agency (*anonim*).
            client_reference: your own number for it; echoed and checked.
            media_url: address of a photo that is on the web already, for Open311, which takes no others.

        Returns:
            The complaint as it stands after the last photo. A `batch` category gives a `token` and no `complaint_id`
            yet, a `blackbox` category neither.

        Raises:
            Invalid: an unknown category, a missing field, a point outside the city, a photo that cannot be read.
            UnsupportedOperation: photos for a category that gives no number to attach them to, or something the wire
                cannot say; nothing was sent.

        Run again with the same idempotency key (`with_options(idempotency_key=...)`) it makes no second complaint; over
        Open311, which has no such keys, it does.

        Source: contract-v1 section 2; Open311 GeoReport v2.
        """
        files = [File.of(photo) for photo in photos]
        files = files if keep_photo_location else [without_location(file) for file in files]
        later = files if self.wire.attaches else []
        if later and isinstance(service_code, Category) and service_code.type != ServiceType.REALTIME:
            raise _no_place_for_photos()
        check.place(service_code, location)
        call = self.wire.submit(
            text("service_code", check.code_of(service_code), 100),
            text("description", description, LONGEST_TEXT),
            location=location,
            attributes=check.attributes(service_code, attributes),
            reporter=reporter,
            confidential=confidential,
            anonymous=anonymous,
            client_reference=client_reference,
            media_url=media_url,
            photos=() if self.wire.attaches else files,
        )
        # What the resident wrote must not stand in this frame while requests are under way.
        del description, location, photos, attributes, reporter
        complaint = (await step(call, "submit")).data
        if not later:
            return complaint
        if not complaint.complaint_id:
            raise _no_place_for_photos(sent=True)
        for number, file in enumerate(later, 1):
            await send_file(step, self.wire, complaint.complaint_id, file, name=f"photo {number}")
        return (await step(self.wire.get(complaint.complaint_id))).data

    @operation
    def duplicates(
        self, service_code: str | Category, description: str, *, location: Location, radius: float | None = None
    ) -> Call[Duplicates]:
        """Look for complaints about the same thing, before submitting one more.

        Args:
            service_code: the category.
            description: what is wrong, in the words it would be submitted with.
            location: a point, or an area.
            radius: how far around the point, in metres; 200 by default.

        Returns:
            Open complaints this client may see, the likeliest first. To link two afterwards: an officer's
            `mark_duplicate`, or `change(..., parent_id=)`.

        Raises:
            Invalid: a point or area outside the city.
            NotFound: there is no such category.

        Source: contract-v1 section 2.
        """
        code = text("service_code", check.code_of(service_code), 100)
        return self.wire.duplicates(code, description, location=location, radius=radius)

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
        bbox: tuple[float, float, float, float] | None = None,
        near: Location | None = None,
        radius: float | None = None,
        q: str | None = None,
        updated_after: datetime | None = None,
        assigned_to: str | None = None,
        overdue: bool | None = None,
        client_reference: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        submitted_after: datetime | None = None,
        submitted_before: datetime | None = None,
    ) -> Paged[Complaint]:
        """Complaints, newest first.

        Args:
            status: only those in this state.
            service_code: only this category.
            area_code: only this kelurahan or kecamatan, by its Kemendagri code.
            bbox: only those in this box: least long, least lat, most long, most lat (WGS84 degrees).
            near: only those around this point, with `radius`.
            radius: how far around it, in metres.
            q: only those whose description has all these words.
            updated_after: only those changed at this time or later; needs a time zone.
            assigned_to: only those this person or team is to handle.
            overdue: only those whose service level is broken, or only the others.
            client_reference: only the one with this number of yours.
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`; it may be kept over a restart.
            submitted_after: only those submitted at this time or later; over Open311 alone, which else gives those of
                the last 90 days, and takes no longer span.
            submitted_before: only those submitted at this time or earlier; over Open311 alone.

        Raises:
            UnsupportedOperation: a filter the wire does not have.

        Source: contract-v1 section 2; Open311 GeoReport v2.
        """
        return self.wire.list(
            status=status,
            service_code=service_code,
            area_code=area_code,
            bbox=check.box(bbox),
            near=check.around(near, radius),
            radius=radius,
            q=q,
            updated_after=updated_after,
            assigned_to=assigned_to,
            overdue=overdue,
            client_reference=client_reference,
            limit=limit,
            cursor=cursor,
            submitted_after=submitted_after,
            submitted_before=submitted_before,
        )

    @operation
    def change(
        self,
        complaint: Complaint | str,
        *,
        version: int | None = None,
        description: str | Unset = UNSET,
        location: Location | Unset = UNSET,
        attributes: Mapping[str, Any] | Unset = UNSET,
        reporter: Reporter | Unset | None = UNSET,
        confidential: bool | Unset = UNSET,
        anonymous: bool | Unset = UNSET,
        service_code: str | Category | Unset = UNSET,
        parent_id: str | Unset | None = UNSET,
    ) -> Call[Complaint]:
        """Change what was reported, until it is verified; officers: the category, the area, what is public, the link.

        Args:
            complaint: as you read it, or its id with `version=`.
            version: the version you decided on, where only the id is given.
            description: the new text.
            location: what is given in it is changed, and emptied where it is given as None.
            attributes: all further fields anew.
            reporter: who complains; None takes it back.
            confidential: whether it is hidden from the public.
            anonymous: whether the reporter is hidden from the agency.
            service_code: another category (officers).
            parent_id: the complaint it belongs to; None unlinks it.

        Returns:
            The complaint after it.

        Raises:
            Forbidden: not for this client to change, or not any more.
            Conflict: somebody changed it since you read it: reload and decide again.

        Source: contract-v1 sections 1 and 2.
        """
        if isinstance(complaint, Complaint):
            version = complaint.version if version is None else version
            complaint = complaint.complaint_id
        visibility: str | Unset = UNSET
        if not isinstance(confidential, Unset):
            visibility = Visibility.CONFIDENTIAL if confidential else Visibility.PUBLIC
        fields = {
            "description": description,
            "attributes": attributes,
            "reporter": reporter.model_dump(exclude_none=True) if isinstance(reporter, Reporter) else reporter,
            "visibility": visibility,
            "anonymous": anonymous,
            "service_code": service_code if isinstance(service_code, Unset) else check.code_of(service_code),
            "parent_id": parent_id,
        }
        return self.wire.change(complaint, needed_version(version), location, fields)

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
            data: further fields of the action: `{"score": 5}` for `rate`, `{"duplicate_of": ...}` for `mark_duplicate`.

        Returns:
            The complaint after it.

        Raises:
            InvalidTransition: not in this state; `allowed_actions` says what is.
            Invalid: the action needs something more.
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


def _no_place_for_photos(*, sent: bool = False) -> UnsupportedOperation:
    if not sent:
        return UnsupportedOperation(
            "this category gives no number to attach photos to", code="photos_need_number", hint="Submit without photos"
        )
    return UnsupportedOperation(
        "the complaint was submitted, but its category gives no number to attach photos to",
        code="photos_need_number",
        hint="Call again without photos and with this error's idempotency_key to have its token",
        sent="yes",
    )
