"""Private keys as they come: PEM, encrypted PEM, PKCS#12, JWK. The kind is told by the content, not by the name.

Nothing here raises: whoever raises over a key must not have its bytes in a frame.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

from egov_serang.types import Secret

_DER: Final = b"\x30"
_FAULTS: Final = (ValueError, TypeError, UnsupportedAlgorithm)
_REMEDY: Final = "It should be PEM (-----BEGIN PRIVATE KEY-----), PKCS#12 or a private JWK"


@dataclass(frozen=True, slots=True)
class Found:
    """What was read: a key, or what is wrong with it.

    Attributes:
        key: of `cryptography`, of whatever kind; None where there is a fault.
        keyid: its name, where the format has one.
        encrypted: whether it took a passphrase.
        fault: what is wrong.
        code: of the error to raise for it.
        hint: what to do about it.
    """

    key: object = field(default=None, repr=False)
    keyid: str | None = None
    encrypted: bool = False
    fault: str = ""
    code: str = "key_unreadable"
    hint: str = ""


def read_private(data: bytes, passphrase: Secret | None) -> Found:
    """A private key from the bytes of a file.

    Args:
        data: the bytes.
        passphrase: what they are encrypted with.
    """
    word = None if passphrase is None else passphrase.reveal().encode()
    read = _jwk if data.lstrip().startswith(b"{") else _pkcs12 if data.startswith(_DER) else _pem
    try:
        return read(data, word)
    except Warning:  # where those are errors
        return Found(fault="this private key is in an outdated form", hint="Export it anew, as PEM")


def _pem(data: bytes, word: bytes | None) -> Found:
    try:
        return Found(load_pem_private_key(data, word), encrypted=word is not None)
    except TypeError:  # a passphrase that is missing, or one too many
        return _no_passphrase() if word is None else _not_encrypted()
    except _FAULTS:
        pass
    if word is not None and b"ENCRYPTED" in data:
        return _wrong_passphrase()
    return Found(fault="this is not a private key", hint=_REMEDY)


def _pkcs12(data: bytes, word: bytes | None) -> Found:
    try:
        key, _, _ = load_key_and_certificates(data, word)
    except _FAULTS:
        return _no_passphrase() if word is None else _wrong_passphrase()
    if key is None:
        return Found(fault="this PKCS#12 file holds no private key", hint="Export it together with its key")
    return Found(key, encrypted=word is not None)


def _jwk(data: bytes, word: bytes | None) -> Found:
    from joserfc.errors import JoseError  # noqa: PLC0415 - only for keys in this form
    from joserfc.jwk import import_key  # noqa: PLC0415

    try:
        document: Any = json.loads(data)
        members = {name: value for name, value in document.items() if name not in {"use", "kid", "alg", "key_ops"}}
        key = getattr(import_key(members), "private_key", None)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Found(fault="this is not a private key as JWK", hint=_REMEDY)
    if key is None:
        return Found(fault="this JWK holds no private key", hint="A public or symmetric key cannot sign here")
    if word is not None:
        return _not_encrypted()
    kid = cast("dict[str, Any]", document).get("kid")
    return Found(key, kid if isinstance(kid, str) else None)


def _no_passphrase() -> Found:
    return Found(
        fault="this private key is encrypted, and no passphrase is configured",
        code="key_passphrase",
        hint="Say where it is: key_passphrase_file or signing_key_passphrase_file; egov keys show: --passphrase-file",
    )


def _wrong_passphrase() -> Found:
    return Found(
        fault="the passphrase does not open this private key",
        code="key_passphrase",
        hint="Check the passphrase file, and that the key file is whole",
    )


def _not_encrypted() -> Found:
    return Found(
        fault="a passphrase is configured, but this private key is not encrypted",
        code="key_passphrase",
        hint="Encrypt the key file, or remove the passphrase setting",
    )
