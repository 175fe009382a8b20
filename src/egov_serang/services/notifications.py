"""Notifications: templates, messages to residents, and public announcements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, Protocol

from egov_serang.core.bind import M, Service, operation, paginated
from egov_serang.core.call import Call, invalid
from egov_serang.core.paging import Paged
from egov_serang.models.announcements import Announcement, AnnouncementCategory
from egov_serang.models.notifications import Channel, Message, MessageStatus, Recipient, Template
from egov_serang.services.arguments import text


class NotificationsWire(Protocol):
    """What a wire for notifications can build."""

    def templates(self, limit: int | None, cursor: str | None) -> Paged[Template]: ...
    def send(
        self,
        template_id: str,
        recipient: Recipient,
        *,
        personalisation: Mapping[str, Any] | None,
        channels: Sequence[str] | None,
        version: int | None,
        send_at: datetime | None,
        ttl: int | None,
        priority: str | None,
        quiet_hours: str | None,
        client_reference: str | None,
    ) -> Call[Message]: ...
    def get(self, message_id: str) -> Call[Message]: ...
    def list(
        self,
        *,
        status: str | None,
        template_id: str | None,
        client_reference: str | None,
        limit: int | None,
        cursor: str | None,
    ) -> Paged[Message]: ...
    def announcements(
        self,
        *,
        area: str | None,
        category: str | None,
        active_at: datetime | None,
        limit: int | None,
        cursor: str | None,
    ) -> Paged[Announcement]: ...
    def announcement(self, announcement_id: str) -> Call[Announcement]: ...


class Templates(Service[M], path="notifications.templates"):
    """Message templates (*templat pesan*)."""

    wire: NotificationsWire

    @paginated
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Paged[Template]:
        """The templates this client may use.

        Args:
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`.

        Source: contract-v1 section 5.
        """
        return self.wire.templates(limit, cursor)


class Announcements(Service[M], path="notifications.announcements"):
    """Public announcements (*pengumuman, informasi publik*). They are for everybody: no token is sent or fetched."""

    wire: NotificationsWire

    @paginated
    def list(
        self,
        *,
        area: str | None = None,
        category: AnnouncementCategory | str | None = None,
        active_at: datetime | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Paged[Announcement]:
        """Published announcements, newest first.

        Args:
            area: only those that concern this place, by its Kemendagri code: said for it, for a part of it, or for
                what it lies in.
            category: only this category.
            active_at: only those in force at this time; needs a time zone.
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`.

        Source: contract-v1 section 5.
        """
        return self.wire.announcements(area=area, category=category, active_at=active_at, limit=limit, cursor=cursor)

    @operation
    def get(self, announcement_id: str) -> Call[Announcement]:
        """Read an announcement.

        Args:
            announcement_id: of the announcement.

        Raises:
            NotFound: there is none, or it is not published.

        Source: contract-v1 section 5.
        """
        return self.wire.announcement(announcement_id)


class Notifications(Service[M], path="notifications"):
    """Messages to residents by SMS, e-mail and other channels; public announcements."""

    wire: NotificationsWire

    @cached_property
    def templates(self) -> Templates[M]:
        """Message templates."""
        return Templates(self.engine, self.wire, self.mode)

    @cached_property
    def announcements(self) -> Announcements[M]:
        """Public announcements."""
        return Announcements(self.engine, self.wire, self.mode)

    @operation
    def send(
        self,
        template_id: str,
        recipient: Recipient,
        *,
        personalisation: Mapping[str, Any] | None = None,
        channels: Sequence[Channel | str] | None = None,
        version: int | None = None,
        send_at: datetime | None = None,
        ttl: int | None = None,
        priority: Literal["otp", "normal", "bulk"] | None = None,
        quiet_hours: Literal["respect", "ignore"] | None = None,
        client_reference: str | None = None,
    ) -> Call[Message]:
        """Send a message.

        Args:
            template_id: an approved template, from `templates.list()`.
            recipient: to whom; exactly one field of it.
            personalisation: values for the template's fields.
            channels: in the order to try; the template's own by default.
            version: of the template; the newest by default.
            send_at: when; now by default; needs a time zone.
            ttl: seconds after which an undelivered message is given up.
            priority: the service's default when None.
            quiet_hours: whether to hold it back at night.
            client_reference: your own number for it; echoed and checked.

        Returns:
            The message, accepted or scheduled; `get` shows how far it came.

        Raises:
            Invalid: no such template, a missing field (`personalisation_missing`), a bad recipient.
            Forbidden: the recipient opted out or is not on the guest list of a test key.

        Source: contract-v1 section 5.
        """
        ways = (recipient.subject_ref, recipient.phone, recipient.email, recipient.device)
        if sum(way is not None for way in ways) != 1:
            raise invalid("recipient", "give exactly one of subject_ref, phone, email, device", "recipient")
        if send_at is not None and send_at.tzinfo is None:
            raise invalid("send_at", "needs a time zone, such as datetime.now(UTC)", "timezone")
        return self.wire.send(
            text("template_id", template_id, 100),
            recipient,
            personalisation=personalisation,
            channels=channels,
            version=version,
            send_at=send_at,
            ttl=ttl,
            priority=priority,
            quiet_hours=quiet_hours,
            client_reference=client_reference,
        )

    @operation
    def get(self, message_id: str) -> Call[Message]:
        """Read a message: how far it came.

        Args:
            message_id: as `send` returned it.

        Raises:
            NotFound: there is none, or it is another client's.

        Source: contract-v1 section 5.
        """
        return self.wire.get(message_id)

    @paginated
    def list(
        self,
        *,
        status: MessageStatus | str | None = None,
        template_id: str | None = None,
        client_reference: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Paged[Message]:
        """Messages of this client, newest first.

        Args:
            status: only those in this state.
            template_id: only those made from this template.
            client_reference: only the one with this number of yours.
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`.

        Source: contract-v1 section 5.
        """
        return self.wire.list(
            status=status, template_id=template_id, client_reference=client_reference, limit=limit, cursor=cursor
        )
