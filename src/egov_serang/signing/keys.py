"""Private keys: read once, held where no `repr`, `vars`, pickle or copy shows them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Never

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from egov_serang import sources
from egov_serang.errors import ConfigError
from egov_serang.signing.formats import read_private
from egov_serang.types import Secret

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, OKPKey, RSAKey

LEAST_RSA_BITS: Final = 2048

Private = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey
KeyUse = Literal["assertion", "message"]

_JWK_USE: Final[dict[KeyUse, str]] = {"assertion": "sig", "message": "httpsig"}
# What fits between the quotes of a structured field: another character would change the field.
_KEYID: Final = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,200}")


class PrivateKey:
    """A private key for assertions or messages.

    Args:
        data: PEM (encrypted or not), PKCS#12, or a private JWK.
        keyid: its name at the gateway; by default the JWK's `kid`, or else the RFC 7638 thumbprint of the public key.
        passphrase: what `data` is encrypted with.

    Raises:
        ConfigError: not a key, or one too weak or of a kind the contract does not know; or the passphrase is missing,
            wrong, or one too many.
    """

    __slots__ = ("_key", "encrypted", "jwt_algorithm", "keyid")

    def __init__(self, data: bytes, keyid: str | None = None, *, passphrase: Secret | None = None) -> None:
        found = read_private(data, passphrase)
        del data  # what may raise from here on must not have the key in its frame
        if found.fault:
            raise ConfigError(found.fault, code=found.code, hint=found.hint)
        self._hold(found.key, keyid or found.keyid, encrypted=found.encrypted)

    def _hold(self, key: object, keyid: str | None, *, encrypted: bool) -> None:
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
        self.encrypted = encrypted
        """Whether it took a passphrase to read it."""
        self.keyid = checked_keyid(keyid or self.thumbprint())

    @classmethod
    def from_crypto(cls, key: Private, keyid: str | None = None, *, encrypted: bool = False) -> PrivateKey:
        """A key that is in memory already, as `cryptography` has it.

        Args:
            key: the key.
            keyid: its name at the gateway; the thumbprint by default.
            encrypted: whether the file it came from is.

        Raises:
            ConfigError: too weak, or of a kind the contract does not know.
        """
        held = cls.__new__(cls)
        held._hold(key, keyid, encrypted=encrypted)
        return held

    @classmethod
    def from_file(
        cls, source: str | Path, keyid: str | None = None, passphrase_file: str | Path | None = None
    ) -> PrivateKey:
        """Read a key from where it is kept.

        Args:
            source: a path, `env:NAME` or `keyring:service/name`.
            keyid: its name at the gateway.
            passphrase_file: where the passphrase is kept, likewise.

        Raises:
            ConfigError: not readable, or not a usable key; the message names the source.
        """
        passphrase = None if passphrase_file is None else sources.read_secret(passphrase_file, "passphrase")
        try:
            return cls(sources.read(source, "key"), keyid, passphrase=passphrase)
        except ConfigError as error:
            if error.code == "key_file":
                raise
            fault = ConfigError(f"{source}: {error.message}", code=error.code, hint=error.hint)
        raise fault

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

    def thumbprint(self) -> str:
        """The RFC 7638 thumbprint of the public key: the same key has the same one, whatever it is called."""
        return self.jose().thumbprint()

    def public_jwk(self, use: KeyUse) -> dict[str, Any]:
        """The public half as the gateway registers it (contract-v1 section 1).

        Args:
            use: `message` for the key of requests, `assertion` for the key that proves who the client is.
        """
        public = self.jose().as_dict(private=False)
        return {**public, "kid": self.keyid, "use": _JWK_USE[use]}

    def __repr__(self) -> str:
        return f"<PrivateKey {self.keyid}>"

    def __reduce__(self) -> Never:
        raise TypeError("a private key cannot be pickled or copied: pass the path of its file")


def checked_keyid(keyid: str) -> str:
    """The name, which has to stand in a header between quotes.

    Raises:
        ConfigError: it cannot.
    """
    if _KEYID.fullmatch(keyid):
        return keyid
    raise ConfigError(
        "a keyid has 1 to 200 printable ASCII characters, without quotes and backslashes", code="config_value"
    )
