"""The certificate a client shows in mutual TLS: PEM or PKCS#12, followed while its file is replaced (RFC 8705)."""

from __future__ import annotations

import base64
import functools
import re
import secrets
import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Never, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)

from egov_serang import sources
from egov_serang.errors import ConfigError
from egov_serang.signing.following import Followed
from egov_serang.signing.formats import read_private
from egov_serang.types import Secret

_KEY: Final = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)
_DER: Final = b"\x30"
_PAIR: Final = "Name the certificate whose key this is; a chain begins with the client's own certificate"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its chain and key, as read at one moment. Two of the same bytes are one.

    Attributes:
        thumbprint: `x5t#S256`: base64url of the SHA-256 of the certificate (RFC 8705 section 3.1).
        expires: when it does.
        chain: PEM, the client's own first.
    """

    thumbprint: str
    expires: datetime
    chain: bytes = field(repr=False)
    _key: bytes = field(repr=False, compare=False)
    _word: str = field(repr=False, compare=False)

    def load(self, context: ssl.SSLContext) -> None:
        """Let connections of this context show it.

        Raises:
            OSError: the TLS library does not take it.
        """
        # The library reads files alone. This one is its owner's, encrypted under a word of ours, and gone again.
        with tempfile.TemporaryDirectory(prefix="egov-") as folder:
            pem = Path(folder) / "shown.pem"
            pem.touch(mode=0o600)
            pem.write_bytes(self.chain + self._key)
            context.load_cert_chain(pem, password=self._word)

    def pem(self) -> bytes:
        """The chain and the key as it is, for a TLS library that takes them from memory; never written anywhere."""
        key = load_pem_private_key(self._key, self._word.encode())
        return self.chain + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def __reduce__(self) -> Never:
        raise TypeError("a certificate with its key cannot be pickled or copied: pass the configuration instead")


class ClientCertificate:
    """A client's certificate, as its file is replaced.

    Args:
        followed: reads what the file holds.
    """

    def __init__(self, followed: Followed[Certificate]) -> None:
        self._followed = followed

    def current(self, at: float) -> Certificate:
        """What is shown now.

        Args:
            at: seconds since the epoch.
        """
        return self._followed.current(at)


@functools.lru_cache(maxsize=32)
def client_certificate(certificate: str, key: str | None, passphrase: str | None) -> ClientCertificate:
    """The certificate kept in these places: one object for the whole process.

    So the transport that shows it and the token source that checks what a token is bound to never see two of them.

    Args:
        certificate: the file: PEM with its chain, or PKCS#12 with its key.
        key: the PEM key, where it is in a file of its own.
        passphrase: where the passphrase of the key or the PKCS#12 file is.

    Raises:
        ConfigError: one cannot be read, or they do not fit each other.
    """
    return ClientCertificate(Followed(Path(certificate), lambda: _read(certificate, key, passphrase)))


def _read(certificate: str, key: str | None, passphrase: str | None) -> Certificate:
    word = None if passphrase is None else sources.read_secret(passphrase, "passphrase")
    data = sources.read(certificate, "certificate")
    if data.startswith(_DER):
        private = _private(data, word, certificate)  # first: it says what is wrong with a passphrase
        chain = _from_pkcs12(data, word)
        _check_found(certificate, chain)
    else:
        chain = _from_pem(data)
        _check_found(certificate, chain)
        private = _private(_key_block(data if key is None else sources.read(key, "key")), word, key or certificate)
    del data, word
    own = chain[0]
    if _spki(own.public_key()) != _spki(private.public_key()):
        raise ConfigError(f"the key does not belong to the certificate {certificate}", code="key_unusable", hint=_PAIR)
    locked = secrets.token_urlsafe(32)
    return Certificate(
        base64.urlsafe_b64encode(own.fingerprint(hashes.SHA256())).rstrip(b"=").decode(),
        own.not_valid_after_utc,
        b"".join(each.public_bytes(Encoding.PEM) for each in chain),
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(locked.encode())),
        locked,
    )


def _check_found(place: str, chain: list[x509.Certificate]) -> None:
    if not chain:
        hint = "It should be PEM (-----BEGIN CERTIFICATE-----), or PKCS#12 with certificate and key"
        raise ConfigError(f"{place} holds no certificate", code="key_unreadable", hint=hint)


def _private(data: bytes, word: Secret | None, place: str) -> CertificateIssuerPrivateKeyTypes:
    if not data:
        hint = "Put its PEM key beside the certificate, or name the key's file: client_key_file"
        raise ConfigError(f"{place} holds no private key", code="key_unreadable", hint=hint)
    found = read_private(data, word)
    del data
    if found.fault:
        raise ConfigError(f"{place}: {found.fault}", code=found.code, hint=found.hint)
    return cast("CertificateIssuerPrivateKeyTypes", found.key)


def _key_block(pem: bytes) -> bytes:
    """The key alone: beside it there may be a chain."""
    found = _KEY.search(pem)
    return b"" if found is None else found[0] + b"\n"


def _from_pem(data: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError:
        return []


def _from_pkcs12(data: bytes, word: Secret | None) -> list[x509.Certificate]:
    try:
        _, own, others = pkcs12.load_key_and_certificates(data, None if word is None else word.reveal().encode())
    except ValueError:
        return []
    return [] if own is None else [own, *others]


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
