"""`egov doctor`: what is in effect, what is wrong, what to do."""

from __future__ import annotations

import os
from dataclasses import asdict

import typer

from egov_serang.cli.doctor import examine
from egov_serang.cli.errors import ExitCode, spoken
from egov_serang.cli.session import Session, command

_VERDICT = {
    ("en", True): "All is well.",
    ("en", False): "Something is wrong: see what to do.",
    ("id", True): "Semua baik.",
    ("id", False): "Ada yang salah: lihat kolom remedy.",
}


def add(app: typer.Typer) -> None:
    """Put the command on an app."""

    @command(app)
    def doctor(session: Session) -> None:
        """Check this machine's way to the gateway, from the profile to a signed call.

        Exit code 1 when something is wrong. Changes nothing; secrets and tokens are never shown.
        """
        findings = list(examine(session.profile, session.explicit, os.environ))
        well = all(finding.state != "wrong" for finding in findings)
        rows = [asdict(finding) for finding in findings]
        if session.as_json:
            session.out.one({"ok": well, "checks": rows})
        else:
            session.out.rows(rows, ("check", "state", "found", "remedy"))
            typer.echo(_VERDICT[spoken(session.language), well])
        if not well:
            raise typer.Exit(int(ExitCode.REFUSED))
