"""Keys made for one test run, and an issuer that hands out tokens and counts."""

from __future__ import annotations

import functools
import json
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.layers.worlds import Sent

from egov_serang.core.message import Headers, Response
from egov_serang.signing.keys import PrivateKey

ISSUER = "https://issuer.test"


def pem(key: Any) -> bytes:
    data: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return data


@functools.cache
def ed25519_pem() -> bytes:
    return pem(ed25519.Ed25519PrivateKey.generate())


@functools.cache
def p256_pem() -> bytes:
    return pem(ec.generate_private_key(ec.SECP256R1()))


@functools.cache
def rsa_pem() -> bytes:
    return pem(rsa.generate_private_key(65537, 2048))


def message_key() -> PrivateKey:
    return PrivateKey(ed25519_pem(), "message-key")


class Issuer:
    """Answers token requests with `token-1`, `token-2`, ... and passes everything else on."""

    def __init__(self, lifetime: float = 3600) -> None:
        self.lifetime = lifetime
        self.forms: list[dict[str, str]] = []
        self.asked: list[Sent] = []
        self.answers: list[Response | BaseException] = []
        """What to answer instead, in turn, before tokens are handed out again."""

    @property
    def count(self) -> int:
        return len(self.asked)

    def owns(self, sent: Sent) -> bool:
        return sent.url == ISSUER + "/oauth2/token"

    def __call__(self, sent: Sent) -> Response:
        self.asked.append(sent)
        self.forms.append({name: values[0] for name, values in parse_qs(sent.body.decode()).items()})
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, BaseException):
                raise answer
            return answer
        return token(f"token-{self.count}", self.lifetime)


def token(value: str, lifetime: float | None = 3600, kind: str = "Bearer") -> Response:
    document: dict[str, Any] = {"access_token": value, "token_type": kind}
    if lifetime is not None:
        document["expires_in"] = lifetime
    return answer(200, document)


def answer(status: int, document: Any, **headers: str) -> Response:
    fields = {"content-type": "application/json", **{n.replace("_", "-"): v for n, v in headers.items()}}
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Response(status, Headers(fields.items()), body)
