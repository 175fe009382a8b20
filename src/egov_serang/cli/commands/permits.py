"""`egov permits`: types, applications from draft to licence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from egov_serang import File
from egov_serang.cli import inputs
from egov_serang.cli.commands import options
from egov_serang.cli.session import Session, command
from egov_serang.models.permits import Applicant

app = typer.Typer(help="Permits (perizinan).", no_args_is_help=True)

ApplicationId = Annotated[str, typer.Argument(metavar="ID", help="Of the application.")]

_COLUMNS = ("application_id", "reference", "permit_type_code", "stage", "status", "waiting_on")


@command(app)
def types(session: Session, limit: options.Limit = 0) -> None:
    """The kinds of permits one may apply for; --json shows their forms and documents."""
    with session.client() as client:
        columns = ("permit_type_code", "name", "risk_level", "statutory_period", "deemed_approval")
        session.out.many(client.permits.types(), columns, limit)


@command(app, "list")
def list_(
    session: Session,
    *,
    status: Annotated[str | None, typer.Option(help="Only those in this status.")] = None,
    stage: Annotated[str | None, typer.Option(help="Only those at this stage.")] = None,
    permit_type: Annotated[str | None, typer.Option("--type", help="Only this type.")] = None,
    updated_after: options.UpdatedAfter = None,
    client_reference: options.Reference = None,
    limit: options.Limit = options.DEFAULT_LIMIT,
) -> None:
    """Applications, newest first."""
    since = options.moment(updated_after)
    with session.client() as client:
        found = client.permits.applications.list(
            status=status,
            stage=stage,
            permit_type_code=permit_type,
            updated_after=since,
            client_reference=client_reference,
        )
        session.out.many(found, _COLUMNS, limit)


@command(app)
def show(session: Session, application_id: ApplicationId) -> None:
    """One application, with what may be done to it now (allowed_actions)."""
    with session.client() as client:
        session.out.one(client.permits.applications.get(application_id))


@command(app)
def start(
    session: Session,
    *,
    permit_type: Annotated[str, typer.Argument(metavar="TYPE", help="From `egov permits types`.")],
    applicant: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="JSON file (name, and subject_ref or nib) of who applies; or -. Never as argument."
        ),
    ],
    form: Annotated[str | None, typer.Option(metavar="FILE", help="JSON file with the form; - reads it.")] = None,
    lat: options.Lat = None,
    long: options.Long = None,
    area: options.Area = None,
    address: options.Address = None,
    client_reference: options.Reference = None,
    idempotency_key: options.Key = None,
) -> None:
    """Open a draft application."""
    inputs.once(applicant, form)
    who = inputs.build(Applicant, inputs.document(applicant, "--applicant") or {}, "--applicant")
    filled = inputs.document(form, "--form")
    place = options.location(lat, long, area, address)
    with session.client() as client:
        draft = options.keyed(client, idempotency_key).permits.applications.start(
            permit_type, applicant=who, form=filled, location=place, client_reference=client_reference
        )
    session.out.one(draft)


@command(app)
def attach(
    session: Session,
    *,
    application_id: ApplicationId,
    kind: Annotated[str, typer.Argument(help="One of the type's required_documents.")],
    file: Annotated[Path, typer.Argument(help="The document.")],
    idempotency_key: options.Key = None,
) -> None:
    """Attach a document."""
    with session.client() as client, session.out.transfers() as watch:
        service = options.keyed(client, idempotency_key).permits.applications
        document = service.attach(application_id, kind, File(file, progress=watch(file.name)))
    session.out.one(document)


@command(app)
def submit(
    session: Session,
    *,
    application_id: ApplicationId,
    version: options.Version = None,
    idempotency_key: options.Key = None,
) -> None:
    """Hand a draft in, or a returned application in again."""
    with session.client() as client:
        service = options.keyed(client, idempotency_key).permits.applications
        session.out.one(service.submit(application_id, version=version))


@command(app)
def transition(
    session: Session,
    *,
    application_id: ApplicationId,
    action: Annotated[str, typer.Argument(help="One of its allowed_actions: return, advance, decide, issue ...")],
    version: options.Version = None,
    comment: options.Comment = None,
    reason_code: options.Reason = None,
    data: options.Data = None,
    idempotency_key: options.Key = None,
) -> None:
    """Do something to an application.

    Without --version it is read first, and the action is refused if somebody changes it in between.
    """
    more = options.action_data(data)
    with session.client() as client:
        service = options.keyed(client, idempotency_key).permits.applications
        application = service.transition(
            service.get(application_id) if version is None else application_id,
            action,
            version=version,
            comment=comment,
            reason_code=reason_code,
            data=more,
        )
    session.out.one(application)


@command(app)
def wait(
    session: Session,
    *,
    application_id: ApplicationId,
    until: Annotated[
        list[str] | None,
        typer.Option(help="A status to stop at, several times for several; by default: when somebody must act."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds for the whole wait.")] = 60.0,
) -> None:
    """Wait until an application is returned, decided, lapsed or withdrawn.

    Exit code 4 when the time is over first: nothing is lost, wait again.
    """
    with session.client() as client, session.out.waiting("Waiting for the office. Ctrl-C ends the wait, nothing else."):
        applications = client.permits.applications
        if until:
            found = applications.wait_for(application_id, until=until, timeout=timeout)
        else:
            found = applications.wait_for(application_id, timeout=timeout)
    session.out.one(found)


@command(app)
def licence(
    session: Session, licence_id: Annotated[str, typer.Argument(metavar="ID", help="The application's licence_id.")]
) -> None:
    """An issued permit."""
    with session.client() as client:
        session.out.one(client.permits.licences.get(licence_id))
