"""`egov keys`: make, show, publish, rotate and check the keys of a profile."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from egov_serang import Config, EgovError, sources
from egov_serang.cli import keyfiles
from egov_serang.cli.doctor import accepted
from egov_serang.cli.errors import ExitCode
from egov_serang.cli.findings import Finding, failed, places
from egov_serang.cli.probe import Probe
from egov_serang.cli.session import Session, command
from egov_serang.signing.keys import KeyUse, PrivateKey
from egov_serang.signing.making import KeyKind, make_key_file

app = typer.Typer(help="The two keys of a client: assertion key and message key.", no_args_is_help=True)

_DEFAULTS: Final[dict[KeyUse, KeyKind]] = {"assertion": "p256", "message": "ed25519"}

_Passphrase = Annotated[
    str | None,
    typer.Option(
        "--passphrase-file",
        metavar="PLACE",
        help="Where the passphrase is: a file, env:NAME or keyring:service/name. Never the passphrase itself.",
    ),
]
_Kind = Annotated[KeyKind | None, typer.Option(help="Of the key; ed25519 for messages, p256 for assertions.")]


@command(app)
def generate(
    session: Session,
    *,
    out: Annotated[Path, typer.Option(help="File to write, mode 0600; one that exists is never overwritten.")],
    use: Annotated[KeyUse, typer.Option(help="What the key is for; a client needs one of each.")] = "message",
    kind: _Kind = None,
    passphrase_file: _Passphrase = None,
) -> None:
    """Make a private key. Prints its keyid; the key itself is never shown."""
    if out.exists():
        raise typer.BadParameter(f"{out} exists and is not overwritten", param_hint="--out")
    passphrase = None if passphrase_file is None else sources.read_secret(passphrase_file, "passphrase")
    key = make_key_file(kind or _DEFAULTS[use], out, passphrase)
    setting = "key_file" if use == "assertion" else "signing_key_file"
    made = keyfiles.details(key, out, use)
    session.out.one(
        {**made, "next": f"{setting} = {json.dumps(str(out.absolute()))} in the profile; then egov keys jwks"}
    )


@command(app)
def show(
    session: Session,
    *,
    file: Annotated[str | None, typer.Argument(metavar="[PLACE]", help="A key; the profile's two by default.")] = None,
    passphrase_file: _Passphrase = None,
) -> None:
    """Say what a key is: kind, keyid, thumbprint, algorithms, permissions. Never the key itself."""
    if file is not None:
        key = PrivateKey.from_file(file, passphrase_file=passphrase_file)
        session.out.one(keyfiles.details(key, file, None))
        return
    rows = keyfiles.all_details(_config(session))
    if session.as_json:
        session.out.one({"keys": rows})
        return
    for number, row in enumerate(rows):
        if number:
            typer.echo()
        session.out.one(row)


@command(app)
def jwks(
    session: Session,
    *,
    out: Annotated[Path | None, typer.Option(help="File to write instead; one that exists is not overwritten.")] = None,
) -> None:
    """Print the public keys to be registered with the gateway (RFC 7517): send them to its operator.

    `use` tells the assertion key (`sig`) from the message key (`httpsig`); during a rotation both of these are there.
    """
    _publish(session, keyfiles.jwks(_config(session)), out)


@command(app)
def rotate(
    session: Session,
    *,
    switch: Annotated[bool, typer.Option("--switch", help="Second step: sign with the new key from now on.")] = False,
    finish: Annotated[bool, typer.Option("--finish", help="Third step: remove the old key.")] = False,
    kind: Annotated[KeyKind | None, typer.Option(help="Of the new key; the old one's by default.")] = None,
) -> None:
    """Replace the message key without a refused call, in three steps.

    First makes a new key beside the old one and prints the JWKS with both: have it registered. `--switch` makes sure
    that the gateway takes the new key, then puts it into place; running clients follow within a second. `--finish`
    removes the old key, at the earliest when nothing it signed can arrive any more (331 s), and prints the JWKS
    without it.
    """
    if switch and finish:
        raise typer.BadParameter("--switch and --finish are two steps")
    config = _config(session)
    said: dict[str, Any]
    if switch:
        files = keyfiles.rotation(config)
        if files.next.exists():
            with Probe(config.with_(signing_key_file=files.next)) as probe:
                probe.signed_call()
        files = keyfiles.switch(config)
        step = f"in {keyfiles.OVERLAP} s or later, when every machine has the new key: egov keys rotate --finish"
        said = {"step": "switched", "file": str(files.current), "old": str(files.old), "next": step}
    elif finish:
        removed = keyfiles.finish(config)
        said = {"step": "finished", "removed": str(removed), "next": "have this JWKS registered: the old key is gone"}
    else:
        key = keyfiles.prepare(config, kind)
        step = "have this JWKS registered, then: egov keys rotate --switch"
        said = {"step": "prepared", "file": str(keyfiles.rotation(config).next), "keyid": key.keyid, "next": step}
    document = keyfiles.jwks(config)
    if session.as_json:
        session.out.one({**said, "jwks": document})
    else:
        session.out.one(said)
        typer.echo(json.dumps(document, indent=2))


@command(app)
def check(session: Session) -> None:
    """Try the keys of the profile: they load, differ, others cannot read them, and the gateway knows them.

    Exit code 1 when something is wrong. Changes nothing.
    """
    config = _config(session)
    findings = [*places(config), *_rotating(config)]
    try:
        with Probe(config) as probe:
            findings.extend(accepted(config, probe))
    except EgovError as error:
        findings.append(failed("keys", error))
    well = all(finding.state != "wrong" for finding in findings)
    rows = [asdict(finding) for finding in findings]
    if session.as_json:
        session.out.one({"ok": well, "checks": rows})
    else:
        session.out.rows(rows, ("check", "state", "found", "remedy"))
    if not well:
        raise typer.Exit(int(ExitCode.REFUSED))


def _config(session: Session) -> Config:
    return Config.load(session.profile, **session.explicit)


def _rotating(config: Config) -> list[Finding]:
    file = sources.file_of(config.signing_key_file or "") if config.signature == "rfc9421" else None
    if file is None:
        return []
    files = keyfiles.Rotation.of(file)
    steps = ((files.next, "egov keys rotate --switch"), (files.old, "egov keys rotate --finish"))
    return [Finding("rotation", "note", f"{other} is there", step) for other, step in steps if other.exists()]


def _publish(session: Session, document: dict[str, Any], out: Path | None) -> None:
    text = json.dumps(document, indent=2)
    if out is not None:
        try:
            with out.open("x", encoding="utf-8") as file:
                file.write(text + "\n")
        except OSError as error:
            raise typer.BadParameter(f"{out} cannot be written: {error.strerror}", param_hint="--out") from None
        session.out.one({"file": str(out), "keys": len(document["keys"])})
    elif session.as_json:
        session.out.one(document)
    else:
        typer.echo(text)
