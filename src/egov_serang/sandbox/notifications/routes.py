"""Notifications over HTTP: templates and messages (contract-v1 section 5)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from egov_serang.models.notifications import MessageStatus as Status
from egov_serang.models.notifications import Template, TemplateStatus
from egov_serang.sandbox.db import Db
from egov_serang.sandbox.fields import Empty
from egov_serang.sandbox.gate import Caller, requires
from egov_serang.sandbox.notifications.delivery import after_quiet_hours, fate_of, timeline
from egov_serang.sandbox.notifications.recipients import (
    check_personalisation,
    checked_channels,
    checked_recipient,
    masked,
)
from egov_serang.sandbox.notifications.schemas import MessageOut, SendMessage
from egov_serang.sandbox.notifications.store import (
    MessageRecord,
    MessageRow,
    TemplateRow,
    find_message,
    find_template,
    messages_at,
    read_message,
    seed,
    write_message,
)
from egov_serang.sandbox.paging import Page, Paging
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import FieldError, Problem, responses
from egov_serang.sandbox.route import contract_router
from egov_serang.sandbox.versions import etag, require_match, unchanged

__all__ = ["router", "seed"]

router = contract_router("notifications")

_FARTHEST: Final = timedelta(days=366)

Templating = Annotated[Caller, Depends(requires("notify:templates", "notify:read", "notify:send", "notify:send_otp"))]
Sending = Annotated[Caller, Depends(requires("notify:send", "notify:send_otp"))]
Reading = Annotated[Caller, Depends(requires("notify:read", "notify:send", "notify:send_otp"))]
Filter = Annotated[str | None, Query(max_length=200)]


@router.get("/templates", operation_id="notifications.templates.list")
def templates(page: Paging, db: Db, caller: Templating) -> Page[Template]:
    """The templates, drafts and archived ones among them."""
    rows, cursor = page.rows(db, select(TemplateRow), TemplateRow.serial)
    return Page(data=[Template.model_validate(row.body) for row in rows], next_cursor=cursor)


@router.get("/templates/{template_id}", operation_id="notifications.templates.get", responses=responses(404))
def template(template_id: str, db: Db, caller: Templating) -> Template:
    """One template in its newest version."""
    found = find_template(db, template_id)
    if found is None:
        raise Problem("template_not_found")
    return found


@router.post("/messages", operation_id="notifications.send", status_code=201, responses=responses(400, 404, 409, 413))
def send(body: SendMessage, response: Response, db: Db, here: Here, caller: Sending) -> MessageOut:
    """Accept a message for delivery, now or at `send_at`."""
    if f"notify:{'send_otp' if body.priority == 'otp' else 'send'}" not in caller.scopes:
        raise Problem("scope_missing", "The token lacks the scope of this priority.")
    chosen = _approved(find_template(db, body.template_id, body.version))
    recipient = checked_recipient(body.recipient)
    channels = checked_channels(body, chosen)
    check_personalisation(body, chosen)
    now = here.clock.now()
    start = _start(body, now)
    record = MessageRecord(
        message_id=f"msg_{secrets.token_hex(12)}",
        template_id=chosen.template_id,
        template_version=chosen.version,
        client_reference=body.client_reference,
        scheduled_for=start if start > now else None,
        steps=timeline(
            now,
            fate_of(phone=recipient.phone, email=recipient.email),
            channels,
            start=start,
            expires=None if body.ttl_s is None else start + timedelta(seconds=body.ttl_s),
        ),
        recipient=masked(recipient),
    )
    row = MessageRow(
        message_id=record.message_id,
        client_id=caller.client_id,
        template_id=record.template_id,
        client_reference=record.client_reference,
    )
    write_message(db, row, record)
    response.headers["Location"] = f"/v1/notifications/messages/{record.message_id}"
    return _shown(response, record, now)


@router.get("/messages", operation_id="notifications.list")
def messages(
    *,
    page: Paging,
    db: Db,
    here: Here,
    caller: Reading,
    status: Filter = None,
    client_reference: Filter = None,
    template_id: Filter = None,
) -> Page[MessageOut]:
    """The caller's messages."""
    now = here.clock.now()
    wanted = messages_at(
        now, caller.client_id, status=status, client_reference=client_reference, template_id=template_id
    )
    rows, cursor = page.rows(db, wanted, MessageRow.serial, newest_first=True)
    return Page(data=[read_message(row).view(now) for row in rows], next_cursor=cursor)


@router.get(
    "/messages/{message_id}",
    operation_id="notifications.get",
    response_model=MessageOut,
    responses={**responses(404), 304: {"description": "The caller holds this version"}},
)
def message(
    *, message_id: str, request: Request, response: Response, db: Db, here: Here, caller: Reading
) -> Response | MessageOut:
    """One message and how far it has come."""
    now = here.clock.now()
    _, record = _owned(db, message_id, caller)
    same = unchanged(request, record.view(now).version)
    if same is not None:
        _hint(same, record.status(now))
        return same
    return _shown(response, record, now)


@router.post(
    "/messages/{message_id}/cancel",
    operation_id="notifications.cancel",
    responses=responses(400, 404, 409, 412, 413),
)
def cancel(
    *,
    message_id: str,
    request: Request,
    response: Response,
    db: Db,
    here: Here,
    caller: Sending,
    body: Empty | None = None,
) -> MessageOut:
    """Cancel a message that is still scheduled. `If-Match` is honoured, not required."""
    now = here.clock.now()
    row, record = _owned(db, message_id, caller)
    if "if-match" in request.headers:
        require_match(request, record.view(now).version)
    if record.status(now) != Status.SCHEDULED:
        raise Problem("invalid_transition", "Only a scheduled message can be cancelled.", allowed_actions=())
    record = record.cancelled(now)
    write_message(db, row, record)
    return _shown(response, record, now)


def _approved(found: Template | None) -> Template:
    if found is None:
        raise Problem("template_not_found")
    if found.status != TemplateStatus.APPROVED:
        raise Problem("validation_failed", errors=[FieldError("/template_id", "not_approved")])
    return found


def _start(body: SendMessage, now: datetime) -> datetime:
    if body.send_at is not None and body.send_at - now > _FARTHEST:
        raise Problem("validation_failed", errors=[FieldError("/send_at", "too_far")])
    start = now if body.send_at is None else max(now, body.send_at)
    waits = body.quiet_hours == "respect" and body.priority != "otp"
    return after_quiet_hours(start) if waits else start


def _owned(db: Session, message_id: str, caller: Caller) -> tuple[MessageRow, MessageRecord]:
    row = find_message(db, message_id, caller.client_id)
    if row is None:
        raise Problem("not_found")
    return row, read_message(row)


def _shown(response: Response, record: MessageRecord, now: datetime) -> MessageOut:
    view = record.view(now)
    response.headers["ETag"] = etag(view.version)
    _hint(response, view.status)
    return view


def _hint(response: Response, status: Status) -> None:
    """A message on its way changes within a second or two; a scheduled or final one does not."""
    if not status.is_final and status != Status.SCHEDULED:
        response.headers["Retry-After"] = "1"
