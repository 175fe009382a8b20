"""What a developer copies to reach the sandbox: keys as files and a profile."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, OKPKey

from egov_serang.sandbox.clients import USE_ASSERTION, USE_MESSAGE


@dataclass(frozen=True, slots=True)
class Profile:
    """How a client reaches this sandbox; the fields are those of the SDK's configuration."""

    gateway: str
    issuer: str
    client_id: str
    key_file: Path
    signing_key_file: Path

    def profile_toml(self, name: str = "sandbox") -> str:
        """The table for `~/.config/egov-serang/config.toml`."""
        fields = ("gateway", "issuer", "client_id", "key_file", "signing_key_file")
        lines = [f'{field} = "{_escaped(str(getattr(self, field)))}"' for field in fields]
        return "\n".join([f"[profile.{name}]", *lines, ""])


def make_keys(url: str, client_id: str, folder: Path) -> tuple[Profile, dict[str, Any]]:
    """Make both keys of a client and write them into a folder.

    Returns:
        The profile, and the public JWKS to register.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    assertion, message = ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")
    key_file = _written(folder / f"{client_id}-assertion.pem", assertion.as_pem(private=True))
    signing_key_file = _written(folder / f"{client_id}-message.pem", message.as_pem(private=True))
    keys = [
        {**key.as_dict(private=False), "kid": key.thumbprint(), "use": use}
        for key, use in ((assertion, USE_ASSERTION), (message, USE_MESSAGE))
    ]
    return Profile(url, url, client_id, key_file, signing_key_file), {"keys": keys}


def _written(path: Path, pem: bytes) -> Path:
    # The mode counts from the first byte, and a key of an earlier run is replaced, not appended to.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
    path.chmod(0o600)
    return path


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
