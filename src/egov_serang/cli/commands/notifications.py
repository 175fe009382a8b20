"""`egov notifications`: templates, messages, public announcements."""

from __future__ import annotations

from typing import Annotated

import typer

from egov_serang.cli import inputs
from egov_serang.cli.commands import options
from egov_serang.cli.session import Session, command
from egov_serang.models.notifications import Recipient

app = typer.Typer(help="Messages to residents; public announcements.", no_args_is_help=True)

_COLUMNS = ("message_id", "template_id", "channel", "status", "created_at")


@command(app)
def templates(session: Session, limit: options.Limit = 0) -> None:
    """The templates this client may use."""
    with session.client() as client:
        columns = ("template_id", "version", "channel", "name", "fields", "status")
        session.out.many(client.notifications.templates.list(), columns, limit)


@command(app)
def send(
    session: Session,
    *,
    template_id: Annotated[str, typer.Argument(metavar="TEMPLATE", help="From `egov notifications templates`.")],
    subject_ref: Annotated[str | None, typer.Option(help="To whom: the pseudonym a verification gave.")] = None,
    recipient: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="JSON file with phone, email or device; or -. Never as argument."),
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A field of the template; several times.")
    ] = None,
    data: Annotated[str | None, typer.Option(metavar="FILE", help="JSON file with the fields; - reads it.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="In the order to try; several times.")] = None,
    ttl: Annotated[int | None, typer.Option(min=1, help="Seconds after which it is given up.")] = None,
    client_reference: options.Reference = None,
    idempotency_key: options.Key = None,
) -> None:
    """Send a message made from a template."""
    inputs.once(recipient, data)
    if (subject_ref is None) == (recipient is None):
        raise typer.BadParameter("give --subject-ref or --recipient, one of them")
    to = inputs.model(Recipient, recipient, "--recipient") or Recipient(subject_ref=subject_ref)
    fields = {**(inputs.document(data, "--data") or {}), **inputs.pairs(field, "--field")}
    with session.client() as client:
        message = options.keyed(client, idempotency_key).notifications.send(
            template_id, to, personalisation=fields, channels=channel, ttl=ttl, client_reference=client_reference
        )
    session.out.one(message)


@command(app, "list")
def list_(
    session: Session,
    *,
    status: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    template: Annotated[str | None, typer.Option(help="Only those made from this template.")] = None,
    client_reference: options.Reference = None,
    limit: options.Limit = options.DEFAULT_LIMIT,
) -> None:
    """Messages of this client, newest first."""
    with session.client() as client:
        found = client.notifications.list(status=status, template_id=template, client_reference=client_reference)
        session.out.many(found, _COLUMNS, limit)


@command(app)
def show(session: Session, message_id: Annotated[str, typer.Argument(metavar="ID", help="Of the message.")]) -> None:
    """One message, and how far it came."""
    with session.client() as client:
        session.out.one(client.notifications.get(message_id))


@command(app)
def announcements(
    session: Session,
    *,
    area: options.Area = None,
    category: Annotated[str | None, typer.Option(help="Only this category: disaster, traffic, health ...")] = None,
    active_at: Annotated[str | None, typer.Option(metavar="TIME", help="Only those in force at this time.")] = None,
    limit: options.Limit = options.DEFAULT_LIMIT,
) -> None:
    """Public announcements, newest first. They need no token."""
    when = options.moment(active_at, "--active-at")
    with session.client() as client:
        found = client.notifications.announcements.list(area=area, category=category, active_at=when)
        session.out.many(found, ("announcement_id", "title", "category", "severity", "valid_until"), limit)


@command(app)
def announcement(
    session: Session, announcement_id: Annotated[str, typer.Argument(metavar="ID", help="Of the announcement.")]
) -> None:
    """One public announcement."""
    with session.client() as client:
        session.out.one(client.notifications.announcements.get(announcement_id))
