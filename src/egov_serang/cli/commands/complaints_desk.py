"""`egov complaints`: what is said about a complaint and changed of it, and what many of them tell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from egov_serang.cli import inputs
from egov_serang.cli.commands import options
from egov_serang.cli.commands.complaints import Audience, ComplaintId, Radius, app
from egov_serang.cli.session import Session, command
from egov_serang.types import UNSET

__all__ = ["app"]


@command(app)
def updates(session: Session, complaint_id: ComplaintId, limit: options.Limit = 0) -> None:
    """The thread of a complaint, oldest first."""
    with session.client() as client:
        found = client.complaints.updates.list(complaint_id)
        session.out.many(found, ("created_at", "author_role", "status_after", "description"), limit)


@command(app)
def comment(
    session: Session,
    *,
    complaint_id: ComplaintId,
    text: Annotated[str, typer.Argument(help="What to say; - reads it from standard input.")],
    photo: Annotated[list[Path] | None, typer.Option(help="A photo; give it several times for several.")] = None,
    visibility: Audience = None,
    idempotency_key: options.Key = None,
) -> None:
    """Say something about a complaint."""
    words = inputs.text(text, "TEXT").strip() if text == inputs.STDIN else text
    with session.client() as client:
        thread = options.keyed(client, idempotency_key).complaints.updates
        session.out.one(thread.add(complaint_id, words, photos=photo or (), visibility=visibility))


@command(app)
def change(
    session: Session,
    *,
    complaint_id: ComplaintId,
    version: options.Version = None,
    description: Annotated[
        str | None, typer.Option(metavar="FILE", help="A file with the new text; - reads it from standard input.")
    ] = None,
    lat: options.Lat = None,
    long: options.Long = None,
    area: options.Area = None,
    address: options.Address = None,
    service: Annotated[str | None, typer.Option(help="Another category (officers).")] = None,
    parent: Annotated[str | None, typer.Option(help="The complaint it belongs to.")] = None,
    confidential: Annotated[
        bool | None, typer.Option("--confidential/--public", help="Hide it from the public, or show it.")
    ] = None,
    idempotency_key: options.Key = None,
) -> None:
    """Change what was reported (until it is verified), or how it is kept.

    Without --version it is read first, and the change is refused if somebody changes it in between.
    """
    words = None if description is None else inputs.text(description, "--description").strip()
    place = options.location(lat, long, area, address)
    # Only what was given may be sent: an empty field would empty what is there.
    given = None if place is None else type(place).model_validate(place.model_dump(exclude_none=True))
    with session.client() as client:
        complaints = options.keyed(client, idempotency_key).complaints
        changed = complaints.change(
            complaints.get(complaint_id) if version is None else complaint_id,
            version=version,
            description=UNSET if words is None else words,
            location=UNSET if given is None else given,
            service_code=UNSET if service is None else service,
            parent_id=UNSET if parent is None else parent,
            confidential=UNSET if confidential is None else confidential,
        )
    session.out.one(changed)


@command(app)
def duplicates(
    session: Session,
    *,
    service_code: Annotated[str, typer.Argument(help="The category, from `services`.")],
    description: Annotated[str, typer.Argument(help="What is wrong; - reads it from standard input.")],
    lat: options.Lat = None,
    long: options.Long = None,
    area: options.Area = None,
    radius: Radius = None,
) -> None:
    """Complaints that may be about the same thing, the likeliest first; needs a point or an area."""
    words = inputs.text(description, "DESCRIPTION").strip() if description == inputs.STDIN else description
    place = options.location(lat, long, area, None)
    if place is None:
        raise typer.BadParameter("give --lat and --long, or --area")
    with session.client() as client:
        found = client.complaints.duplicates(service_code, words, location=place, radius=radius)
    session.out.many(found.candidates, ("complaint", "distance_m", "similarity"), 0)


@command(app)
def token(session: Session, token: Annotated[str, typer.Argument(help="As `submit` showed it.")]) -> None:
    """The complaint behind a token, once its batch has run."""
    with session.client() as client:
        session.out.one(client.complaints.token(token))


@command(app)
def changes(
    session: Session,
    *,
    since: Annotated[str | None, typer.Option(metavar="CURSOR", help="The cursor of the last change you saw.")] = None,
    limit: options.Limit = options.DEFAULT_LIMIT,
) -> None:
    """What happened, oldest first: each change once, none left out."""
    with session.client() as client:
        found = client.complaints.changes(since=since)
        session.out.many(found, ("cursor", "changed_at", "kind", "complaint_id", "status", "version"), limit)


@command(app)
def statistics(
    session: Session,
    *,
    service: Annotated[str | None, typer.Option(help="Only this category.")] = None,
    area: options.Area = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Only those submitted since.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only those submitted before.")] = None,
) -> None:
    """Counts and median times, by state, category and area."""
    first, last = options.moment(since, "--since"), options.moment(until, "--until")
    with session.client() as client:
        session.out.one(client.complaints.statistics(service_code=service, area_code=area, since=first, until=last))
