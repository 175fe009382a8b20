"""A gateway and issuer on loopback that talks to nobody without a certificate, and binds tokens to it (RFC 8705)."""

from __future__ import annotations

import base64
import datetime
import hashlib
import http.server
import ipaddress
import json
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import ECKey

COMPLAINT = {"complaint_id": "c", "service_code": "road", "status": "submitted", "version": 1}


class Holder:
    """An authority, a certificate of it, and its key."""

    def __init__(self, authority: Holder | None = None, name: str = "test") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = self if authority is None else authority
        signing = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=authority is None,
            crl_sign=authority is None,
            encipher_only=False,
            decipher_only=False,
        )
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if authority is None else authority.certificate.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
            .add_extension(signing, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
            .add_extension(
                x509.SubjectAlternativeName(
                    [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
                ),
                critical=False,
            )
            .sign(issuer.key, hashes.SHA256())
        )

    @property
    def thumbprint(self) -> str:
        return x5t(self.certificate.public_bytes(Encoding.DER))

    def pem(self, word: str | None = None) -> bytes:
        locking: KeySerializationEncryption = NoEncryption() if word is None else BestAvailableEncryption(word.encode())
        return self.chain() + self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locking)

    def chain(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def p12(self, word: str) -> bytes:
        locking = BestAvailableEncryption(word.encode())
        return pkcs12.serialize_key_and_certificates(b"client", self.key, self.certificate, None, locking)


def x5t(der: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


class MutualGateway:
    """Serves while its `with` block lasts. `bind` says what tokens are bound to, from the certificate shown."""

    def __init__(self, folder: Path) -> None:
        self.authority = Holder(name="authority")
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(self.authority.chain())
        own = folder / "server.pem"
        own.write_bytes(Holder(self.authority, "127.0.0.1").pem())
        self.forms: list[dict[str, str]] = []
        self.shown: list[str] = []
        """The certificate of each call that was answered."""
        self.refused = 0
        self.bind: Any = lambda shown: {"cnf": {"x5t#S256": shown}}
        self.opaque = False
        self._signing = ECKey.generate_key("P-256")
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            connection: ssl.SSLSocket

            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.answer(200, gateway.token(form, x5t(self.connection.getpeercert(True) or b"")))

            def do_GET(self) -> None:
                self.answer(*gateway.call(self.headers["Authorization"], x5t(self.connection.getpeercert(True) or b"")))

            def answer(self, status: int, document: Any) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json" if status == 200 else "application/problem+json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("X-Request-Id", self.headers.get("X-Request-Id", ""))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                return

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                return  # a handshake without a certificate, which is what the test wants

        self._server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(own)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.ca_file)
        # The handshake is made in the request's own thread, when it first reads.
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"https://127.0.0.1:{self._server.server_port}"

    def token(self, form: str, shown: str) -> dict[str, Any]:
        self.forms.append(dict(parse_qsl(form)))
        value = jwt.encode({"alg": "ES256"}, {"iss": self.url, **self.bind(shown)}, self._signing)
        return {"access_token": "opaque" if self.opaque else value, "token_type": "Bearer", "expires_in": 600}

    def call(self, authorization: str, shown: str) -> tuple[int, Any]:
        if not self.opaque:
            bound = jwt.decode(authorization.removeprefix("Bearer "), self._signing).claims.get("cnf")
            if bound != {"x5t#S256": shown}:
                self.refused += 1
                return 401, {"code": "unauthenticated", "title": "no", "status": 401}
        self.shown.append(shown)
        return 200, COMPLAINT

    def holder(self, name: str = "client") -> Holder:
        """A client's certificate that this gateway trusts."""
        return Holder(self.authority, name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
