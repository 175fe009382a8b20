"""What a wire for complaints can build; what one cannot do, it refuses with `UnsupportedOperation`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from egov_serang.core.call import Call
from egov_serang.core.file import File
from egov_serang.core.paging import Paged
from egov_serang.core.reply import Download
from egov_serang.models.complaints import (
    Change,
    Complaint,
    Duplicates,
    Location,
    Media,
    Reporter,
    Service,
    ServiceDefinition,
    Statistics,
    SubmissionToken,
    Update,
)
from egov_serang.models.open311 import Open311Discovery
from egov_serang.types import Unset


class ComplaintsWire(Protocol):
    """The calls of `client.complaints`."""

    @property
    def attaches(self) -> bool:
        """Whether photos are sent one by one after the complaint exists; else `submit` takes them, or refuses them."""
        ...

    def discovery(self) -> Call[Open311Discovery]: ...
    def services(
        self, lat: float | None, long: float | None, limit: int | None, cursor: str | None
    ) -> Paged[Service]: ...
    def service(self, service_code: str) -> Call[ServiceDefinition]: ...
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
        media_url: str | None = None,
        photos: Sequence[File] = (),
    ) -> Call[Complaint]: ...
    def token(self, token: str) -> Call[SubmissionToken]: ...
    def duplicates(
        self, service_code: str, description: str, *, location: Location, radius: float | None
    ) -> Call[Duplicates]: ...
    def attach(self, complaint_id: str, file: File, visibility: str | None) -> Call[Media]: ...
    def open_upload(
        self, complaint_id: str, file: File, *, size: int, sha256: str, visibility: str | None
    ) -> Call[Media]: ...
    def upload_state(self, complaint_id: str, media_id: str) -> Call[Media]: ...
    def upload_part(self, complaint_id: str, media_id: str, start: int, part: File) -> Call[Media]: ...
    def download(self, complaint_id: str, media_id: str) -> Call[Download]: ...
    def get(self, complaint_id: str) -> Call[Complaint]: ...
    def list(
        self,
        *,
        status: str | None,
        service_code: str | None,
        area_code: str | None,
        bbox: tuple[float, float, float, float] | None,
        near: tuple[float, float] | None,
        radius: float | None,
        q: str | None,
        updated_after: datetime | None,
        assigned_to: str | None,
        overdue: bool | None,
        client_reference: str | None,
        limit: int | None,
        cursor: str | None,
        submitted_after: datetime | None = None,
        submitted_before: datetime | None = None,
    ) -> Paged[Complaint]: ...
    def change(
        self, complaint_id: str, version: int, location: Location | Unset, fields: Mapping[str, Any]
    ) -> Call[Complaint]: ...
    def transition(
        self, complaint_id: str, version: int, action: str, fields: Mapping[str, Any]
    ) -> Call[Complaint]: ...
    def updates(self, complaint_id: str, limit: int | None, cursor: str | None) -> Paged[Update]: ...
    def comment(
        self, complaint_id: str, text: str, visibility: str | None, media_ids: Sequence[str]
    ) -> Call[Update]: ...
    def changes(self, limit: int | None, cursor: str | None) -> Paged[Change]: ...
    def statistics(
        self, *, service_code: str | None, area_code: str | None, since: datetime | None, until: datetime | None
    ) -> Call[Statistics]: ...
