"""Public information: announcements (contract-v1 section 5)."""

from __future__ import annotations

from pydantic import AwareDatetime

from egov_serang.model import Model
from egov_serang.types import OpenEnum


class AnnouncementCategory(OpenEnum):
    """What an announcement is about."""

    SERVICE = "service"
    DISASTER = "disaster"
    TRAFFIC = "traffic"
    HEALTH = "health"
    EVENT = "event"
    OTHER = "other"


class AnnouncementStatus(OpenEnum):
    """Only what is published is shown without a login."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Severity(OpenEnum):
    """How grave it is, in the words of the Common Alerting Protocol."""

    MINOR = "minor"
    MODERATE = "moderate"
    SEVERE = "severe"
    EXTREME = "extreme"
    UNKNOWN = "unknown"


class AnnouncementAttachment(Model):
    """A file that belongs to an announcement."""

    name: str
    media_type: str | None = None
    url: str


class Announcement(Model):
    """A public announcement (*pengumuman*)."""

    announcement_id: str
    title: str
    body: str
    language: str = "id"
    category: AnnouncementCategory
    severity: Severity | None = None
    areas: tuple[str, ...] = ()
    """The Kemendagri codes it concerns; the whole city's code where it concerns all."""
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    attachments: tuple[AnnouncementAttachment, ...] = ()
    status: AnnouncementStatus
    version: int
