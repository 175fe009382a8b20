"""`egov identity`: is this person who they say? And the documents of the civil registry."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from egov_serang import Nik, NoKk
from egov_serang.cli import inputs
from egov_serang.cli.commands import civil, options
from egov_serang.cli.session import Session, command
from egov_serang.models.identity import Attributes, Consent, Purpose

app = typer.Typer(help="Population identity (kependudukan).", no_args_is_help=True)
app.add_typer(civil.app, name="applications")


@command(app)
def verify(
    session: Session,
    *,
    purpose: Annotated[str, typer.Option(help="Why: a code of your agreement, such as permit.")],
    legal_basis: Annotated[str, typer.Option(help="The basis in law, such as consent or public_task.")],
    nik_file: Annotated[
        str | None,
        typer.Option("--nik", metavar="FILE", help="File with the number; - reads it. Without it you are asked."),
    ] = None,
    kk: Annotated[bool, typer.Option("--kk", help="The number is that of a family card (KK).")] = False,
    attributes: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="JSON file (full_name, birth_date ...) to compare; - reads it."),
    ] = None,
    agreement: Annotated[str | None, typer.Option(help="The agreement (PKS) that grants access.")] = None,
    consent_ref: Annotated[str | None, typer.Option(help="The person's consent, by its number.")] = None,
    consent_method: Annotated[str | None, typer.Option(help="How the person consented: counter-form, app ...")] = None,
    consent_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When; now by default, so name it where you use --idempotency-key."),
    ] = None,
    client_reference: options.Reference = None,
    idempotency_key: options.Key = None,
) -> None:
    """Compare a person's number and data with the register; only verdicts come back.

    The number is never an argument: the arguments of every running program can be read by every user of the machine,
    and stay in the shell's history. Type it when asked (nothing is shown), or give a file, or pipe it in with -.

    Every verdict is an answer: exit code 0 also for no_match or not_found.
    """
    inputs.once(nik_file, attributes)
    # Not `inputs.model`: a gateway may know attributes that this version does not.
    given = inputs.document(attributes, "--attributes")
    data = None if given is None else inputs.build(Attributes, given, "--attributes")
    consent = _consent(consent_ref, consent_method, options.moment(consent_at, "--consent-at"))
    why = Purpose(purpose_code=purpose, legal_basis=legal_basis, agreement_ref=agreement)
    who = _number(nik_file, kk=kk)
    with session.client() as client:
        found = options.keyed(client, idempotency_key).identity.verify(
            who,
            data,
            purpose=why,
            consent=consent,
            client_reference=client_reference,
        )
    session.out.one(found)


def _consent(reference: str | None, method: str | None, at: datetime | None) -> Consent | None:
    if reference is None and method is None and at is None:
        return None
    if (reference is None) == (method is None) or (at is not None and method is None):
        raise typer.BadParameter("give --consent-ref, or --consent-method and perhaps --consent-at")
    if reference is not None:
        return Consent(consent_ref=reference)
    return Consent(given=True, at=at or datetime.now(UTC), method=method)


def _number(source: str | None, *, kk: bool) -> Nik | NoKk:
    typed = inputs.secret_line(source, "KK: " if kk else "NIK: ", "--nik")
    try:
        return NoKk(typed) if kk else Nik(typed)
    except ValueError as error:
        reason = str(error)
    del typed
    raise typer.BadParameter(reason, param_hint="--nik")


@command(app)
def show(
    session: Session,
    *,
    transaction_id: Annotated[str, typer.Argument(metavar="ID", help="The transaction_id `verify` showed.")],
) -> None:
    """A verification again, such as one that was pending."""
    with session.client() as client:
        session.out.one(client.identity.verification(transaction_id))


@command(app, "civil-services")
def civil_services(session: Session, limit: options.Limit = 0) -> None:
    """The services of the civil registry; --json shows their forms, variants and documents."""
    with session.client() as client:
        columns = ("service_code", "name", "statutory_days", "outputs")
        session.out.many(client.identity.civil_services(), columns, limit)
