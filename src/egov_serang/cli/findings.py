"""What a check finds, and what it finds of keys and secrets. For `egov doctor` and `egov keys check`."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from egov_serang import Config, ConnectionFailed, DeadlineExceeded, EgovError, sources
from egov_serang.assembly.authentication import client_certificate
from egov_serang.cli import keyfiles
from egov_serang.cli.person import Person

State = Literal["ok", "note", "wrong", "skipped"]

_SECRETS: Final = (
    *("key_file", "key_passphrase_file", "signing_key_file", "signing_key_passphrase_file"),
    *("client_secret_file", "credential_file", "backend_credential_file"),
    *("client_key_file", "client_cert_passphrase_file", "audit_key_file", "webhook_secret_file"),
    *("dpop_key_file", "dpop_key_passphrase_file"),
)

_SOON: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its state, what was found, and what to do where it is not well."""

    check: str
    state: State
    found: str
    remedy: str = ""


def failed(check: str, error: EgovError) -> Finding:
    """A check that ended with an error."""
    remedy = error.hint
    if remedy is None and isinstance(error, ConnectionFailed | DeadlineExceeded):
        remedy = "Check the gateway's address, the network and the firewall; for a sandbox, start `egov sandbox`"
    if remedy is None and error.request_id:
        remedy = "Quote the request id to the gateway's operators"
    number = f" [{error.request_id}]" if error.request_id else ""
    code = f" ({error.code})" if error.code else ""
    return Finding(check, "wrong", f"{type(error).__name__}{code}: {error.message}{number}", remedy or "")


def places(config: Config) -> Iterator[Finding]:
    """Where each key and secret is, whether others can read it, and of which kind a key is."""
    for name in _SECRETS:
        source: str | Path | None = getattr(config, name)
        if source is None:
            continue
        file = sources.file_of(source)
        said = str(source if file is None else file)
        if file is not None and readable_by_others(file):
            yield Finding(name, "note", f"{file} can be read by others", f"chmod 600 {file}")
        elif name in keyfiles.KEYS:
            try:
                yield Finding(name, "ok", f"{said}: {keyfiles.described(keyfiles.load(config, name))}")
            except EgovError as error:
                yield failed(name, error)
        else:
            yield Finding(name, "ok", said)


def certificate(config: Config) -> Iterator[Finding]:
    """Until when the certificate of mutual TLS is valid, where there is one."""
    name = "client_cert_file"
    try:
        kept = client_certificate(config)
    except EgovError as error:
        yield failed(name, error)
        return
    if kept is None:
        return
    expires = kept.current(time.time()).expires
    left = expires - datetime.now(UTC)
    state: State = "wrong" if left < timedelta() else "note" if left < _SOON else "ok"
    until = f"{config.client_cert_file}: valid until {expires:%Y-%m-%d %H:%M} UTC"
    yield Finding(name, state, until, "" if state == "ok" else "Have a new one issued, and replace the file")


def session(config: Config, profile: str) -> Iterator[Finding]:
    """The person's session in effect, where the profile is for people. Its tokens are not shown."""
    if config.auth != "login":
        return
    try:
        status = Person(config, profile).status()
    except EgovError as error:
        yield failed("session", error)
        return
    if not status.logged_in:
        yield Finding("session", "wrong", f"nobody is logged in with the profile {profile}", "Log in: egov login")
        return
    place = "the keyring" if status.kept_in == "keyring" else "a file only you can read"
    found = f"profile {profile}, kept in {place}, access token {status.access_token} valid until {status.valid_until}"
    if status.renewable:
        yield Finding("session", "ok", f"{found}, renewed when it is due")
    else:
        remedy = "Log in again before it ends: egov login. For one that is renewed, the issuer must give refresh tokens"
        yield Finding("session", "note", f"{found}, not renewable", f"{remedy} (often scope offline_access)")


def readable_by_others(file: Path) -> bool:
    """Whether the file is there, and its group or everybody may read, write or run it."""
    return file.is_file() and os.name == "posix" and bool(stat.S_IMODE(file.stat().st_mode) & 0o077)
