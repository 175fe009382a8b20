"""The keys of a profile as files: reading, describing, and the three steps of a rotation.

While a rotation is under way the new key stands beside the old one: `message.next.pem` before the switch,
`message.old.pem` after it. The file the profile names is there at every moment, whole.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from egov_serang import Config, ConfigError, sources
from egov_serang.assembly import message_key
from egov_serang.assembly.authentication import assertion_key
from egov_serang.signing.algorithms import signer
from egov_serang.signing.keys import KeyUse, PrivateKey
from egov_serang.signing.making import KeyKind, make_key_file
from egov_serang.signing.messages import LIFETIME
from egov_serang.signing.verifier import SKEW

KEYS: Final[dict[str, KeyUse]] = {"key_file": "assertion", "signing_key_file": "message"}
OVERLAP: Final = LIFETIME + SKEW + 1
"""Seconds after which nothing that was signed before can be accepted any more (contract-v1 section 1)."""

_KINDS: Final[dict[str, KeyKind]] = {"Ed25519": "ed25519", "ES256": "p256", "PS256": "rsa"}


def load(config: Config, setting: str) -> PrivateKey:
    """The key a setting names."""
    return assertion_key(config) if setting == "key_file" else message_key(config)


def kind(key: PrivateKey) -> KeyKind:
    """Which kind of key it is."""
    return _KINDS[key.jwt_algorithm]


def described(key: PrivateKey) -> str:
    """A key in a line."""
    return f"{kind(key)}, {'encrypted, ' if key.encrypted else ''}keyid {key.keyid}"


def details(key: PrivateKey, source: str | Path, use: KeyUse | None) -> dict[str, Any]:
    """What may be shown of a key."""
    file = sources.file_of(source)
    return {
        "key": use or "key",
        "source": str(source if file is None else file),
        "kind": kind(key),
        "keyid": key.keyid,
        "thumbprint": key.thumbprint(),
        "assertion_algorithm": key.jwt_algorithm,
        "message_algorithm": signer(key).algorithm,
        "encrypted": key.encrypted,
        "permissions": "" if file is None else f"{file.stat().st_mode & 0o777:04o}",
    }


def all_details(config: Config) -> list[dict[str, Any]]:
    """What may be shown of the keys of a profile."""
    rows: list[dict[str, Any]] = []
    for setting, use in KEYS.items():
        source: str | Path | None = getattr(config, setting)
        if source is not None:
            rows.append(details(load(config, setting), source, use))
    return rows


def jwks(config: Config) -> dict[str, Any]:
    """The public keys that should be registered with the gateway now, those of a rotation under way included."""
    keys: list[dict[str, Any]] = []
    if config.auth in {"private_key_jwt", "fapi2"}:
        keys.append(assertion_key(config).public_jwk("assertion"))
    if config.signature == "rfc9421":
        keys.append(message_key(config).public_jwk("message"))
        file = sources.file_of(config.signing_key_file or "")
        if file is not None:
            there = [other for other in Rotation.of(file).others if other.exists()]
            keys.extend(_with(config, other).public_jwk("message") for other in there)
    return {"keys": keys}


def _with(config: Config, file: Path) -> PrivateKey:
    return message_key(config.with_(signing_key_file=file))


@dataclass(frozen=True, slots=True)
class Rotation:
    """The files of a rotation of the message key.

    Attributes:
        current: what the profile names.
        next: the new key, until the switch.
        old: the old key, from the switch on.
    """

    current: Path
    next: Path
    old: Path

    @classmethod
    def of(cls, file: Path) -> Rotation:
        """The names beside a file."""
        named = [file.with_name(f"{file.stem}.{step}{file.suffix}") for step in ("next", "old")]
        return cls(file, *named)

    @property
    def others(self) -> tuple[Path, Path]:
        """The files beside the current one."""
        return self.next, self.old


def rotation(config: Config) -> Rotation:
    """The rotation of a profile's message key.

    Raises:
        ConfigError: the key is not in a file, or bears one name for ever.
    """
    if config.signature != "rfc9421":
        raise ConfigError(
            f"signature = {config.signature!r}: the profile has no message key to rotate", code="config_value"
        )
    file = sources.file_of(config.signing_key_file or "")
    if file is None:
        raise ConfigError(
            f"the message key is in {config.signing_key_file}, not in a file",
            code="config_value",
            hint="Make a key with egov keys generate, have it registered beside the old one, then put it there",
        )
    if config.signing_key_id is not None:
        raise ConfigError(
            "signing_key_id gives both keys one name, so the gateway could not tell them apart",
            code="config_value",
            hint="Have the key registered under its thumbprint (egov keys show) and remove signing_key_id",
        )
    return Rotation.of(file)


def prepare(config: Config, wanted: KeyKind | None) -> PrivateKey:
    """Make the new key beside the old one; where it is there already, read it.

    Args:
        config: of the profile.
        wanted: kind of the new key; that of the old one by default.

    Raises:
        ConfigError: a rotation is under way, or the key cannot be made.
    """
    files = rotation(config)
    if files.old.exists():
        raise ConfigError(
            f"{files.old} is of a rotation that is not finished", code="key_file", hint="egov keys rotate --finish"
        )
    old = message_key(config)
    if files.next.exists():
        return _with(config, files.next)
    place = config.signing_key_passphrase_file
    passphrase = None if place is None else sources.read_secret(place, "passphrase")
    return make_key_file(wanted or kind(old), files.next, passphrase)


def switch(config: Config) -> Rotation:
    """Put the new key in the place of the old one, which stays beside it.

    Raises:
        ConfigError: there is no new key, or an earlier rotation is not finished.
    """
    files = rotation(config)
    if not files.next.exists():
        raise ConfigError(f"there is no {files.next}", code="key_file", hint="Begin with egov keys rotate")
    try:
        if not files.old.exists():
            os.link(files.current, files.old)
        elif not files.old.samefile(files.current):  # else: an earlier try got this far
            raise FileExistsError(None, "an earlier rotation is not finished")
        os.utime(files.old)  # says when, for `finish`
        files.next.replace(files.current)
    except OSError as error:
        reason = error.strerror
    else:
        return files
    raise ConfigError(f"{files.old} cannot be made: {reason}", code="key_file", hint="egov keys rotate --finish")


def finish(config: Config) -> Path:
    """Remove the old key, once nothing that it signed can arrive any more.

    Raises:
        ConfigError: there is none, or it is too early.
    """
    files = rotation(config)
    if files.next.exists():
        raise ConfigError(
            f"{files.next} is not in use yet", code="key_file", hint="First egov keys rotate --switch, or delete it"
        )
    try:
        left = OVERLAP - (time.time() - files.old.stat().st_mtime)
        if left <= 0:
            files.old.unlink()
            return files.old
    except OSError as error:
        reason = f"{files.old} cannot be removed: {error.strerror}"
        raise ConfigError(reason, code="key_file", hint="egov keys rotate begins a rotation") from None
    raise ConfigError(
        f"what the old key signed can still arrive for {left:.0f} s", code="too_early", hint="Run it again after that"
    )
