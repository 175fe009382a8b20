"""`egov complaints`: report, follow, handle."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from egov_serang import File, Outbox
from egov_serang.cli import inputs
from egov_serang.cli.commands import options
from egov_serang.cli.errors import masked
from egov_serang.cli.session import Session, command
from egov_serang.models.complaints import ForwardedTo, Reporter

app = typer.Typer(help="Citizen complaints (pengaduan).", no_args_is_help=True)

Radius = Annotated[float | None, typer.Option(min=0, help="Metres around the point.")]
Audience = Annotated[
    str | None, typer.Option(help="Who may see it: public (default), confidential (reporter and officers), internal.")
]
ComplaintId = Annotated[str, typer.Argument(metavar="ID", help="Of the complaint, as `submit` or `list` shows it.")]

_MAX_FILE: Final = 1024**3  # more than any gateway stores of a complaint; what is left of a disk is the user's to know
_COLUMNS = ("complaint_id", "reference", "service_code", "status", "area_code", "updated_at")


@command(app)
def services(session: Session, limit: options.Limit = 0) -> None:
    """The categories one may complain about."""
    with session.client() as client:
        session.out.many(
            client.complaints.services(),
            ("service_code", "service_name", "agency_responsible", "location_requirement"),
            limit,
        )


@command(app)
def service(session: Session, code: Annotated[str, typer.Argument(help="The category, from `services`.")]) -> None:
    """One category, with the further fields it asks for."""
    with session.client() as client:
        session.out.one(client.complaints.service(code))


@command(app, "list")
def list_(
    session: Session,
    *,
    status: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    service: Annotated[str | None, typer.Option(help="Only this category.")] = None,
    area: options.Area = None,
    lat: options.Lat = None,
    long: options.Long = None,
    radius: Radius = None,
    query: Annotated[str | None, typer.Option(help="Only those whose description has all these words.")] = None,
    assigned_to: Annotated[str | None, typer.Option(help="Only those this person or team is to handle.")] = None,
    overdue: Annotated[
        bool | None, typer.Option("--overdue/--in-time", help="Only those whose service level is broken, or not.")
    ] = None,
    updated_after: options.UpdatedAfter = None,
    client_reference: options.Reference = None,
    limit: options.Limit = options.DEFAULT_LIMIT,
) -> None:
    """Complaints, newest first; with --lat, --long and --radius those around a point."""
    since = options.moment(updated_after)
    near = options.location(lat, long, None, None)
    with session.client() as client:
        found = client.complaints.list(
            status=status,
            service_code=service,
            area_code=area,
            near=near,
            radius=radius,
            q=query,
            assigned_to=assigned_to,
            overdue=overdue,
            updated_after=since,
            client_reference=client_reference,
        )
        session.out.many(found, _COLUMNS, limit)


@command(app)
def show(session: Session, complaint_id: ComplaintId) -> None:
    """One complaint, with what may be done to it now (allowed_actions)."""
    with session.client() as client:
        session.out.one(client.complaints.get(complaint_id))


@command(app)
def submit(
    session: Session,
    *,
    service_code: Annotated[str, typer.Argument(help="The category, from `egov complaints services`.")],
    description: Annotated[str, typer.Argument(help="What is wrong; - reads it from standard input.")],
    photo: Annotated[list[Path] | None, typer.Option(help="A photo; give it several times for several.")] = None,
    lat: options.Lat = None,
    long: options.Long = None,
    area: options.Area = None,
    address: options.Address = None,
    attributes: Annotated[
        str | None, typer.Option(metavar="FILE", help="JSON file with further fields of the category; or -.")
    ] = None,
    reporter: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="JSON file (name, phone, email) of who complains; or -. Never as argument."),
    ] = None,
    keep_photo_location: Annotated[
        bool, typer.Option("--keep-photo-location", help="Send photos with the place where they were taken.")
    ] = False,
    confidential: Annotated[bool, typer.Option("--confidential", help="Hide it from the public (rahasia).")] = False,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Hide the reporter (anonim).")] = False,
    client_reference: options.Reference = None,
    idempotency_key: options.Key = None,
    outbox: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep it in this outbox instead of sending it; see `egov outbox send`."),
    ] = None,
) -> None:
    """Submit a complaint, with its photos; or keep it to be sent when there is a network."""
    inputs.once(description, attributes, reporter)
    words = inputs.text(description, "DESCRIPTION").strip() if description == inputs.STDIN else description
    place = options.location(lat, long, area, address)
    fields = inputs.document(attributes, "--attributes")
    who = inputs.model(Reporter, reporter, "--reporter")
    if outbox is not None and idempotency_key is not None:
        raise typer.BadParameter("an outbox gives each call a key of its own", param_hint="--idempotency-key")
    with session.client() as client, session.out.transfers() as watch:
        method = options.keyed(client, idempotency_key).complaints.submit
        given: dict[str, Any] = {
            "location": place,
            "photos": [File(path, progress=watch(path.name)) for path in photo or ()],
            "keep_photo_location": keep_photo_location,
            "attributes": fields,
            "reporter": who,
            "confidential": confidential,
            "anonymous": anonymous,
            "client_reference": client_reference,
        }
        if outbox is None:
            session.out.one(method(service_code, words, **given))
            return
        with Outbox(outbox) as kept:
            entry = kept.add(method, service_code, words, **given)
    session.out.one({"entry": entry.id, "state": entry.state})


@command(app)
def attach(
    session: Session,
    *,
    complaint_id: ComplaintId,
    file: Annotated[Path, typer.Argument(help="The photo or file.")],
    visibility: Audience = None,
    idempotency_key: options.Key = None,
) -> None:
    """Add a photo or file to a complaint, as it is."""
    with session.client() as client, session.out.transfers() as watch:
        sent = File(file, progress=watch(file.name))
        service = options.keyed(client, idempotency_key).complaints
        media = service.attach(complaint_id, sent, visibility=visibility)
    session.out.one(media)


@command(app)
def download(
    session: Session,
    *,
    complaint_id: ComplaintId,
    media_id: Annotated[str, typer.Argument(help="Of the file, as `show` names it.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to; - writes it out.")],
) -> None:
    """Fetch a photo or file of a complaint.

    A file appears whole or not at all, readable by you alone. What was cut stays in FILE.part: the same command goes on
    there.
    """
    with session.client() as client:
        if output == inputs.STDIN:
            with client.complaints.download(complaint_id, media_id, max_bytes=_MAX_FILE) as found:
                for piece in found:
                    sys.stdout.buffer.write(piece)
            return
        try:
            with session.out.transfers() as watch:
                saved = client.complaints.download_to(
                    complaint_id, media_id, output, max_bytes=_MAX_FILE, progress=watch(Path(output).name)
                )
        except OSError as error:
            reason = error.strerror
        except KeyboardInterrupt:
            if Path(f"{output}.part.json").exists():
                typer.echo(
                    f"\nWhat has come is kept in {masked(output)}.part: the same command goes on there.", err=True
                )
            raise
        else:
            session.out.one(
                {"file": output, "media_type": saved.media_type, "size": saved.size, "sha256": saved.sha256}
            )
            return
    raise typer.BadParameter(f"{output} cannot be written: {reason}", param_hint="--output")


@command(app)
def transition(
    session: Session,
    *,
    complaint_id: ComplaintId,
    action: Annotated[str, typer.Argument(help="One of its allowed_actions: verify, assign, start, resolve ...")],
    version: options.Version = None,
    comment: options.Comment = None,
    reason_code: options.Reason = None,
    assignee: Annotated[str | None, typer.Option(help="To whom, for assign.")] = None,
    agency: Annotated[str | None, typer.Option(help="To which agency, for transfer.")] = None,
    data: options.Data = None,
    idempotency_key: options.Key = None,
) -> None:
    """Do something to a complaint.

    Without --version it is read first, and the action is refused if somebody changes it in between.
    """
    more = options.action_data(data)
    with session.client() as client:
        service = options.keyed(client, idempotency_key).complaints
        complaint = service.transition(
            service.get(complaint_id) if version is None else complaint_id,
            action,
            version=version,
            comment=comment,
            reason_code=reason_code,
            assignee=assignee,
            forward_to=ForwardedTo(agency=agency) if agency else None,
            data=more,
        )
    session.out.one(complaint)
