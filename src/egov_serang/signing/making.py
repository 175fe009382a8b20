"""Making keys: straight into a file that only its owner reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from egov_serang.errors import ConfigError
from egov_serang.signing.keys import Private, PrivateKey
from egov_serang.types import Secret

KeyKind = Literal["ed25519", "p256", "rsa"]

_RSA_BITS: Final = 3072  # NIST SP 800-57: beyond 2030


def make_key_file(kind: KeyKind, file: Path, passphrase: Secret | None = None) -> PrivateKey:
    """Make a private key and write it as PKCS#8 PEM, mode 0600. A file that is there is never touched.

    Args:
        kind: `ed25519`, `p256` (ECDSA), or `rsa` (3072 bits).
        file: where to.
        passphrase: what to encrypt the file with.

    Raises:
        ConfigError: the file exists or cannot be written; or the passphrase is empty or over 1023 bytes.
    """
    if passphrase is not None and not 0 < len(passphrase.reveal().encode()) < 1024:  # noqa: PLR2004 - OpenSSL's limit
        raise ConfigError("a passphrase has 1 to 1023 bytes", code="key_passphrase")
    key = _made(kind)
    fault = _write(file, key, passphrase)
    if fault is not None:
        raise ConfigError(f"{file} {fault}", code="key_file", hint="Choose another file for the new key")
    return PrivateKey.from_crypto(key, encrypted=passphrase is not None)


def _made(kind: KeyKind) -> Private:
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "p256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, _RSA_BITS)


def _write(file: Path, key: Private, passphrase: Secret | None) -> str | None:
    """Write the file, and say what was wrong instead of raising: the key's bytes are in this frame."""
    locked = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase.reveal().encode())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
    try:
        # The mode counts from the first byte on.
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(number, "wb") as out:
                out.write(pem)
                out.flush()
                os.fsync(number)
        except OSError:
            file.unlink(missing_ok=True)
            raise
    except FileExistsError:
        return "exists already and is not overwritten"
    except OSError as error:
        return f"cannot be written: {error.strerror}"
    return None
