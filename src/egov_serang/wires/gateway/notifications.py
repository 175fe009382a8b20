"""Notifications over the gateway (contract-v1 section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from egov_serang.core.body import given
from egov_serang.core.call import Call
from egov_serang.core.decode import Decode
from egov_serang.core.paging import Page, Paged
from egov_serang.models.announcements import Announcement
from egov_serang.models.notifications import Message, Recipient, Template
from egov_serang.wires.gateway.calls import get, listing, post, public


class NotificationsGateway:
    """Builds the calls of `client.notifications` and the services under it."""

    def templates(self, limit: int | None, cursor: str | None) -> Paged[Template]:
        path = "/v1/notifications/templates"
        return listing("notifications.templates.list", path, Page[Template], limit=limit, cursor=cursor)

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
    ) -> Call[Message]:
        body = given(
            template_id=template_id,
            version=version,
            recipient=recipient.model_dump(exclude_none=True),
            channels=channels,
            personalisation=personalisation,
            client_reference=client_reference,
            send_at=send_at,
            ttl_s=ttl,
            priority=priority,
            quiet_hours=quiet_hours,
        )
        path = "/v1/notifications/messages"
        return post("notifications.send", path, Decode(Message), body, client_reference=client_reference)

    def get(self, message_id: str) -> Call[Message]:
        path = "/v1/notifications/messages/{message_id}"
        return get("notifications.get", path, Decode(Message), {"message_id": message_id})

    def list(
        self,
        *,
        status: str | None,
        template_id: str | None,
        client_reference: str | None,
        limit: int | None,
        cursor: str | None,
    ) -> Paged[Message]:
        return listing(
            "notifications.list",
            "/v1/notifications/messages",
            Page[Message],
            status=status,
            template_id=template_id,
            client_reference=client_reference,
            limit=limit,
            cursor=cursor,
        )

    def announcements(
        self,
        *,
        area: str | None,
        category: str | None,
        active_at: datetime | None,
        limit: int | None,
        cursor: str | None,
    ) -> Paged[Announcement]:
        paged = listing(
            "notifications.announcements.list",
            "/v1/notifications/announcements",
            Page[Announcement],
            area=area,
            category=category,
            active_at=active_at,
            limit=limit,
            cursor=cursor,
        )
        return replace(paged, first=public(paged.first))

    def announcement(self, announcement_id: str) -> Call[Announcement]:
        path = "/v1/notifications/announcements/{announcement_id}"
        params = {"announcement_id": announcement_id}
        return public(get("notifications.announcements.get", path, Decode(Announcement), params))
