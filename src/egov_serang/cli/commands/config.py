"""`egov config`: write a profile, show what is in effect."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from egov_serang import Config, Secret, sources
from egov_serang.cli import profiles
from egov_serang.cli.session import Session, command
from egov_serang.config import Settings, profile_place
from egov_serang.schemes import AuthProfile

app = typer.Typer(help="Profiles and settings.", no_args_is_help=True)


@command(app)
def init(
    session: Session,
    *,
    gateway: Annotated[str, typer.Option(help="Address of the gateway: https://gateway.example.go.id")],
    client_id: Annotated[str | None, typer.Option(help="As registered with the gateway.")] = None,
    auth: Annotated[
        AuthProfile,
        typer.Option(
            metavar="HOW",
            help="How the client proves who it is: private_key_jwt, mtls, api_key, ..., none.",
        ),
    ] = "private_key_jwt",
    key_file: Annotated[
        str | None, typer.Option(metavar="PLACE", help="The assertion key: a file, env:NAME or keyring:service/name.")
    ] = None,
    key_passphrase_file: Annotated[
        str | None, typer.Option(metavar="PLACE", help="Its passphrase, kept likewise.")
    ] = None,
    signing_key_file: Annotated[
        str | None, typer.Option(metavar="PLACE", help="The message key, kept likewise.")
    ] = None,
    signing_key_passphrase_file: Annotated[
        str | None,
        # Under its whole name it would be cut short in a terminal of 80 columns.
        typer.Option("--signing-passphrase-file", metavar="PLACE", help="Its passphrase, kept likewise."),
    ] = None,
    client_secret_file: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="The secret, kept likewise; the secret itself is never an argument."),
    ] = None,
    credential_file: Annotated[
        str | None, typer.Option(metavar="PLACE", help="The API key, password or token that is sent as it is.")
    ] = None,
    credential_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The header of the API key, or the user of the password.")
    ] = None,
    client_cert_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="The certificate for mutual TLS: PEM or PKCS#12.")
    ] = None,
    client_key_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="Its PEM key, where it is in a file of its own.")
    ] = None,
    client_cert_passphrase_file: Annotated[
        str | None, typer.Option("--client-cert-passphrase", metavar="PLACE", help="Its passphrase, kept likewise.")
    ] = None,
    issuer: Annotated[str | None, typer.Option(help="The authorization server; the gateway by default.")] = None,
    token_endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help="Where it gives tokens; /oauth2/token by default.")
    ] = None,
    city: Annotated[str | None, typer.Option(help="Kemendagri code, such as 36.73.")] = None,
    scope: Annotated[str | None, typer.Option(help="Scopes to ask for, separated by blanks.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="PEM file of the authorities to trust.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the profile if it exists.")] = False,
) -> None:
    """Write a profile (--profile, else `default`) into the configuration file, readable by its owner only.

    The file is EGOV_SERANG_CONFIG or ~/.config/egov-serang/config.toml. Other profiles in it stay as they are.
    """
    kept = {
        "key_file": key_file,
        "key_passphrase_file": key_passphrase_file,
        "signing_key_file": signing_key_file,
        "signing_key_passphrase_file": signing_key_passphrase_file,
        "client_secret_file": client_secret_file,
        "credential_file": credential_file,
        "client_cert_file": client_cert_file,
        "client_key_file": client_key_file,
        "client_cert_passphrase_file": client_cert_passphrase_file,
    }
    given: dict[str, str | Path | None] = {
        "gateway": gateway,
        "issuer": issuer,
        "token_endpoint": token_endpoint,
        "credential_name": credential_name,
        "city": city,
        "auth": None if auth == "private_key_jwt" else auth,
        "client_id": client_id,
        **{name: place and sources.located(Path.cwd(), place) for name, place in kept.items()},
        "scope": scope,
        "ca_file": ca_file,
    }
    # Paths of the command line count from here, those of the file from its folder.
    values = {
        name: str(value.expanduser().absolute()) if isinstance(value, Path) else value
        for name, value in given.items()
        if value is not None
    }
    settings: dict[str, Any] = values | session.explicit
    Config(**settings)  # what cannot work is not written
    file, profile = profile_place(session.profile)
    profiles.write(file, profile, settings, force=force)
    session.out.one({"file": str(file), "profile": profile, "next": "egov doctor"})


@command(app)
def show(session: Session) -> None:
    """What is in effect, and where each setting came from. Secrets are masked."""
    settings = Settings.find(session.profile, **session.explicit)
    rows = [
        {
            "setting": known.name,
            "value": _shown(settings.values.get(known.name, known.default)),
            "source": settings.sources.get(known.name, "default"),
        }
        for known in fields(Config)
        if known.name in settings.values or known.name != "gateway"
    ]
    if session.as_json:
        session.out.one({"file": str(settings.file), "profile": settings.profile, "settings": rows})
    else:
        session.out.one({"file": str(settings.file), "profile": settings.profile})
        session.out.rows(rows, ("setting", "value", "source"))
    Config.load(session.profile, **session.explicit)  # what is shown may still not work


def _shown(value: object) -> object:
    if isinstance(value, Secret):
        return "••••"
    return str(value) if isinstance(value, Path) else value
