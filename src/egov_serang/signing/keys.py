"""Private keys: read once, held where no `repr`, `vars`, pickle or copy shows them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Never

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from egov_serang.errors import ConfigError

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, OKPKey, RSAKey

LEAST_RSA_BITS: Final = 2048

Private = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey


class PrivateKey:
    """A private key for assertions or messages.

    Args:
        pem: PKCS#8 or traditional PEM, unencrypted.
        keyid: its name at the gateway; the RFC 7638 thumbprint of the public key by default.

    Raises:
        ConfigError: not a key, or one too weak or of a kind the contract does not know.
    """

    __slots__ = ("_key", "jwt_algorithm", "keyid")

    def __init__(self, pem: bytes, keyid: str | None = None) -> None:
        self.keyid = keyid or ""
        key = _load(pem)
        del pem  # what may raise from here on must not have the key in its frame
        if key is None:
            raise ConfigError(
                "this is not an unencrypted private key in PEM",
                code="key_unreadable",
                hint="The file should begin with -----BEGIN PRIVATE KEY-----",
            )
        if isinstance(key, Ed25519PrivateKey):
            self.jwt_algorithm = "Ed25519"
        elif isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
            self.jwt_algorithm = "ES256"
        elif isinstance(key, RSAPrivateKey) and key.key_size >= LEAST_RSA_BITS:
            self.jwt_algorithm = "PS256"
        else:
            raise ConfigError(
                "this private key cannot be used",
                code="key_unusable",
                hint="Use Ed25519, ECDSA P-256, or RSA of at least 2048 bits",
            )
        self._key: Private = key
        if not self.keyid:
            self.keyid = self.jose().thumbprint()

    @classmethod
    def from_file(cls, path: str | Path, keyid: str | None = None) -> PrivateKey:
        """Read a PEM file.

        Raises:
            ConfigError: not readable, or not a usable key; the message names the file.
        """
        try:
            return cls(Path(path).expanduser().read_bytes(), keyid)
        except OSError as error:
            reason = error.strerror
        raise ConfigError(
            f"the key file {path} cannot be read: {reason}",
            code="key_file",
            hint="Check the path and its permissions; a key file should be readable by its owner only",
        )

    @property
    def crypto(self) -> Private:
        """The key itself, for the signers."""
        return self._key

    def jose(self) -> ECKey | OKPKey | RSAKey:
        """The key as the JWT library wants it."""
        from joserfc import jwk  # noqa: PLC0415 - a client without private_key_jwt never needs it

        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        if self.jwt_algorithm == "ES256":
            return jwk.ECKey.import_key(pem)
        if self.jwt_algorithm == "Ed25519":
            return jwk.OKPKey.import_key(pem)
        return jwk.RSAKey.import_key(pem)

    def __repr__(self) -> str:
        return f"<PrivateKey {self.keyid}>"

    def __reduce__(self) -> Never:
        raise TypeError("a private key cannot be pickled or copied: pass the path of its file")


def _load(pem: bytes) -> object | None:
    try:
        return load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
