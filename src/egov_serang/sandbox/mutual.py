"""TLS with client certificates (RFC 8705): an authority of the sandbox's own, and what a connection shows of it."""

from __future__ import annotations

import base64
import datetime
import hashlib
import ipaddress
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from fastapi import Request

_LIFE: Final = datetime.timedelta(days=365)
_USES: Final = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


class Authority:
    """Signs the certificates of one sandbox and of its clients. Its key is in memory alone: a restart makes another.

    Args:
        folder: where its certificate and the server's are written.
    """

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("egov-serang sandbox, for tests only")
        own = self._sign(self._name, self._key.public_key(), x509.BasicConstraints(ca=True, path_length=0))
        self.ca_file = folder / "sandbox-ca.pem"
        self.ca_file.write_bytes(own.public_bytes(Encoding.PEM))
        self.server_file = folder / "sandbox-server.pem"
        _write(self.server_file, self._issue("127.0.0.1"))

    def issue(self, client_id: str, file: Path) -> None:
        """Write a certificate for a client with its key, PEM, for its owner alone; what stood there is replaced."""
        _write(file, self._issue(client_id))

    def _issue(self, name: str) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        signed = self._sign(_named(name), key.public_key(), x509.BasicConstraints(ca=False, path_length=None))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return signed.public_bytes(Encoding.PEM) + private

    def _sign(
        self, subject: x509.Name, public: ec.EllipticCurvePublicKey, constraints: x509.BasicConstraints
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        may = {"key_cert_sign", "crl_sign"} if constraints.ca else {"digital_signature"}
        places = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + _LIFE)
            .add_extension(constraints, critical=True)
            .add_extension(x509.KeyUsage(**{use: use in may for use in _USES}), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if not constraints.ca:
            builder = builder.add_extension(x509.SubjectAlternativeName(places), critical=False)
        return builder.sign(self._key, hashes.SHA256())


@dataclass(frozen=True, slots=True)
class Shown:
    """The certificate a connection was opened with: whose it is, and its `x5t#S256` (RFC 8705 section 3.1)."""

    client_id: str
    thumbprint: str


def shown(request: Request) -> Shown | None:
    """What the request's connection shows; None over plain HTTP, or where the client showed none.

    TLS has checked it against the sandbox's own authority, which signs for registered names alone.
    """
    line: ssl.SSLObject | None = request.state.transport.get_extra_info("ssl_object")
    found = None if line is None else line.getpeercert(binary_form=True)
    if found is None:
        return None
    names = x509.load_der_x509_certificate(found).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    digest = base64.urlsafe_b64encode(hashlib.sha256(found).digest()).rstrip(b"=").decode()
    return Shown(str(names[0].value), digest) if names else None


def listening(authority: Authority | None) -> dict[str, Any]:
    """What uvicorn has to know to speak TLS and to ask for a certificate, without insisting on one."""
    if authority is None:
        return {}
    return {
        "ssl_certfile": str(authority.server_file),
        "ssl_ca_certs": str(authority.ca_file),
        "ssl_cert_reqs": ssl.CERT_OPTIONAL,
    }


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _write(file: Path, pem: bytes) -> None:
    fresh = file.with_name(file.name + ".new")
    # The mode counts from the first byte on; whoever follows the file never reads half of it.
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(pem)
    os.replace(fresh, file)
