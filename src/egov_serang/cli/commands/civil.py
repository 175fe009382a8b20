"""`egov identity applications`: documents of the civil registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from egov_serang import File
from egov_serang.cli import inputs
from egov_serang.cli.commands import options
from egov_serang.cli.session import Session, command
from egov_serang.models.civil import CivilApplicant, CivilDelivery, CivilSubject

app = typer.Typer(help="Applications for documents of the civil registry (adminduk).", no_args_is_help=True)

ApplicationId = Annotated[str, typer.Argument(metavar="ID", help="Of the application.")]


@command(app, "list")
def list_(
    session: Session,
    *,
    status: Annotated[str | None, typer.Option(help="Only those in this status.")] = None,
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    updated_after: options.UpdatedAfter = None,
    client_reference: options.Reference = None,
    limit: options.Limit = options.DEFAULT_LIMIT,
) -> None:
    """Applications, newest first."""
    since = options.moment(updated_after)
    with session.client() as client:
        found = client.identity.applications.list(
            status=status, service_code=service, updated_after=since, client_reference=client_reference
        )
        session.out.many(found, ("application_id", "reference", "service_code", "status", "waiting_on"), limit)


@command(app)
def show(session: Session, application_id: ApplicationId) -> None:
    """One application, with what may be done to it now (allowed_actions)."""
    with session.client() as client:
        session.out.one(client.identity.applications.get(application_id))


@command(app)
def history(session: Session, application_id: ApplicationId, limit: options.Limit = 0) -> None:
    """The steps an application took, oldest first."""
    with session.client() as client:
        steps = client.identity.applications.history(application_id)
        session.out.many(steps, ("occurred_at", "action", "status", "actor", "comment"), limit)


@command(app)
def start(
    session: Session,
    *,
    service_code: Annotated[str, typer.Argument(help="From `egov identity civil-services`.")],
    applicant: Annotated[
        str, typer.Option(metavar="FILE", help="JSON file (subject_ref, relation) of who applies; - reads it.")
    ],
    variant: Annotated[str | None, typer.Option(help="One of the service's variants, where it has any.")] = None,
    subject: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="JSON file (role, name ...) of a person it is about; several times."),
    ] = None,
    form: Annotated[str | None, typer.Option(metavar="FILE", help="JSON file with the form; - reads it.")] = None,
    delivery: Annotated[str | None, typer.Option(help="How it is handed out: digital or pickup.")] = None,
    post_to: Annotated[str | None, typer.Option(metavar="FILE", help="Send it to the address in this file.")] = None,
    client_reference: options.Reference = None,
    idempotency_key: options.Key = None,
) -> None:
    """Open a draft application."""
    inputs.once(applicant, form, post_to, *(subject or ()))
    who = inputs.build(CivilApplicant, inputs.document(applicant, "--applicant") or {}, "--applicant")
    people = [
        inputs.build(CivilSubject, inputs.document(source, "--subject") or {}, "--subject") for source in subject or ()
    ]
    filled = inputs.document(form, "--form")
    handed = CivilDelivery(mode=delivery) if delivery else None
    if post_to is not None:
        handed = CivilDelivery(mode="post", address=inputs.text(post_to, "--post-to").strip())
    with session.client() as client:
        draft = options.keyed(client, idempotency_key).identity.applications.start(
            service_code,
            applicant=who,
            variant=variant,
            subjects=people,
            form=filled,
            delivery=handed,
            client_reference=client_reference,
        )
    session.out.one(draft)


@command(app)
def attach(
    session: Session,
    application_id: ApplicationId,
    kind: Annotated[str, typer.Argument(help="One of the service's required_documents.")],
    file: Annotated[Path, typer.Argument(help="The document.")],
    idempotency_key: options.Key = None,
) -> None:
    """Attach a document."""
    with session.client() as client, session.out.transfers() as watch:
        service = options.keyed(client, idempotency_key).identity.applications
        document = service.attach(application_id, kind, File(file, progress=watch(file.name)))
    session.out.one(document)


@command(app)
def submit(
    session: Session,
    application_id: ApplicationId,
    version: options.Version = None,
    idempotency_key: options.Key = None,
) -> None:
    """Hand a draft in, or a returned application in again."""
    with session.client() as client:
        service = options.keyed(client, idempotency_key).identity.applications
        session.out.one(service.submit(application_id, version=version))


@command(app)
def transition(
    session: Session,
    *,
    application_id: ApplicationId,
    action: Annotated[str, typer.Argument(help="One of its allowed_actions: start_review, return, approve ...")],
    version: options.Version = None,
    comment: options.Comment = None,
    reason_code: options.Reason = None,
    idempotency_key: options.Key = None,
) -> None:
    """Do something to an application.

    Without --version it is read first, and the action is refused if somebody changes it in between.
    """
    with session.client() as client:
        service = options.keyed(client, idempotency_key).identity.applications
        application = service.transition(
            service.get(application_id) if version is None else application_id,
            action,
            version=version,
            comment=comment,
            reason_code=reason_code,
        )
    session.out.one(application)


@command(app)
def wait(
    session: Session,
    application_id: ApplicationId,
    until: Annotated[
        list[str] | None,
        typer.Option(help="A status to stop at, several times for several; by default: when somebody must act."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds for the whole wait.")] = 60.0,
) -> None:
    """Wait until an application is returned, issued or over.

    Exit code 4 when the time is over first: nothing is lost, wait again.
    """
    with session.client() as client, session.out.waiting("Waiting for the office. Ctrl-C ends the wait, nothing else."):
        applications = client.identity.applications
        if until:
            found = applications.wait_for(application_id, until=until, timeout=timeout)
        else:
            found = applications.wait_for(application_id, timeout=timeout)
    session.out.one(found)
