"""`egov signature`: why a signature is refused."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, cast

import typer

from egov_serang import Config, ConfigError
from egov_serang.cli import captured, inputs, keyfiles
from egov_serang.cli.errors import ExitCode
from egov_serang.cli.session import Session, command
from egov_serang.signing.algorithms import VerifyKey, key_from_jwk
from egov_serang.signing.diagnosis import Diagnosis, diagnose

app = typer.Typer(help="Signatures of messages (RFC 9421, the contract's profile).", no_args_is_help=True)


@app.callback()
def signature() -> None:
    """Signatures of messages (RFC 9421, the contract's profile)."""


@command(app)
def explain(
    session: Session,
    *,
    request: Annotated[
        str,
        typer.Argument(metavar="FILE", help="The request as received: start line, headers, body; - is standard input."),
    ],
    jwks: Annotated[
        str | None, typer.Option(metavar="FILE", help="The sender's public keys; the profile's own by default.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(metavar="FILE", help="The signature base as the signer made it, to compare.")
    ] = None,
    origin: Annotated[str | None, typer.Option(help="Where it was sent; https:// and its Host by default.")] = None,
    at: Annotated[
        int | None, typer.Option(min=0, help="When it was received, epoch seconds; when it was made by default.")
    ] = None,
) -> None:
    """Say why the signature of a request is refused: which component differs, both sides next to each other.

    Without the signer's own base it is tried whether the signature holds after one of the changes that proxies and
    first implementations make. Secrets and personal numbers are masked. Sends nothing; exit code 1 when it is refused.
    """
    inputs.once(request, jwks, base)
    message, body = captured.request(inputs.content(request, "FILE"), origin)
    signed = None if base is None else inputs.text(base, "--base")
    document = inputs.document(jwks, "--jwks") or keyfiles.jwks(Config.load(session.profile, **session.explicit))
    found = diagnose(message, body, _keys(document).get, signed=signed, now=at)
    _show(session, found)
    if found.refusal is not None:
        raise typer.Exit(int(ExitCode.REFUSED))


def _keys(document: dict[str, Any]) -> dict[str, VerifyKey]:
    found: dict[str, VerifyKey] = {}
    listed: object = document.get("keys", [document])
    for jwk in cast("list[object]", listed) if isinstance(listed, list) else []:
        if isinstance(jwk, dict):
            with suppress(ConfigError):  # a key of another kind in the same set
                key = key_from_jwk(cast("dict[str, Any]", jwk))
                found[key.keyid] = key
    if not found:
        raise typer.BadParameter("holds no public key that messages are signed with", param_hint="--jwks")
    return found


def _show(session: Session, found: Diagnosis) -> None:
    refusal = found.refusal
    said: dict[str, Any] = {
        "signature": "holds" if refusal is None else "refused",
        "code": refusal and refusal.code,
        "reason": refusal and refusal.message,
        "cause": found.cause,
    }
    rows = [line._asdict() for line in found.lines]
    if session.as_json:
        session.out.one({**said, "components": rows})
        return
    session.out.one(said)
    missing = {"expected": "(must not be covered)", "found": "(not covered)"}
    shown = [
        {
            "": "≠" if row["differs"] else "",
            "component": row["component"],
            **{side: other if row[side] is None else row[side] for side, other in missing.items()},
        }
        for row in rows
    ]
    if shown:
        session.out.rows(shown, ("", "component", "expected", "found"))
