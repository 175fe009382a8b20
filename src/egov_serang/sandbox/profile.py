"""What a developer copies to reach the sandbox: keys as files and a profile."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from egov_serang.sandbox.cities.municipality import Municipality
from egov_serang.sandbox.clients import USE_ASSERTION, USE_MESSAGE

_MESSAGE_KEYS: Final[Mapping[str, tuple[type[ECKey | OKPKey], str]]] = MappingProxyType(
    {"ed25519": (OKPKey, "Ed25519"), "ecdsa-p256-sha256": (ECKey, "P-256")}
)
"""The kind of key, and its curve, that is made for an algorithm (RFC 9421 names)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How a client reaches this sandbox; the fields are those of the SDK's configuration."""

    gateway: str
    issuer: str
    city: str
    client_id: str
    key_file: Path | None
    signing_key_file: Path
    auth: str | None = None
    ca_file: Path | None = None
    client_cert_file: Path | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the profile, by name: `Config(**profile.settings)`."""
        return {known.name: str(value) for known in fields(self) if (value := getattr(self, known.name)) is not None}

    def profile_toml(self, name: str = "sandbox") -> str:
        """The table for `~/.config/egov-serang/config.toml`."""
        lines = [f'{setting} = "{_escaped(value)}"' for setting, value in self.settings.items()]
        return "\n".join([f"[profile.{name}]", *lines, ""])


def own_keys(url: str, city: Municipality, client_id: str, folder: Path) -> tuple[Profile, dict[str, Any]]:
    """The two keys of a client as files in a folder, made where they are missing.

    Returns:
        The profile, and the public JWKS to register.

    Raises:
        ValueError: a file there is not a key this city takes.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_file, signing_key_file = folder / f"{client_id}-assertion.pem", folder / f"{client_id}-message.pem"
    assertion = _own(key_file, ECKey, "P-256")
    kind, curve = _MESSAGE_KEYS[city.message_algorithms[0]]
    message = _own(signing_key_file, kind, curve)
    keys = [
        {**key.as_dict(private=False), "kid": key.thumbprint(), "use": use}
        for key, use in ((assertion, USE_ASSERTION), (message, USE_MESSAGE))
    ]
    return Profile(url, url, city.code, client_id, key_file, signing_key_file), {"keys": keys}


def _own(path: Path, kind: type[ECKey | OKPKey], curve: Any) -> ECKey | OKPKey:
    if path.exists():
        return _read(path, kind, curve)
    key = kind.generate_key(curve)
    # The mode counts from the first byte on.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.as_pem(private=True))
    return key


def _read(path: Path, kind: type[ECKey | OKPKey], curve: str) -> ECKey | OKPKey:
    try:
        key = kind.import_key(path.read_bytes())
    except (JoseError, ValueError, TypeError):
        key = None
    if key is None or key.curve_name != curve:
        raise ValueError(f"{path} is not a {curve} key; keep this city's keys in a folder of their own")
    return key


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
