"""A client of the contract without code of the SDK: tokens by joserfc, signatures by http-message-signatures."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from http_message_signatures import HTTPMessageSigner, algorithms
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

ALGORITHMS = {
    "ed25519": algorithms.ED25519,
    "ecdsa-p256-sha256": algorithms.ECDSA_P256_SHA256,
    "rsa-pss-sha512": algorithms.RSA_PSS_SHA512,
    "hmac-sha256": algorithms.HMAC_SHA256,
}
KEYED = {"POST", "PATCH", "PUT", "DELETE"}


@dataclass
class Message:
    """What is signed, and then sent as it is."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class OneKey:
    key: Any

    def resolve_public_key(self, key_id: str) -> Any:
        raise AssertionError("only signs")

    def resolve_private_key(self, key_id: str) -> Any:
        return self.key


@dataclass
class Peer:
    """One registered client."""

    url: str
    client_id: str
    scopes: list[str]
    assertion_key: Any = field(default_factory=lambda: ECKey.generate_key("P-256"))
    message_key: Any = field(default_factory=lambda: OKPKey.generate_key("Ed25519"))
    algorithm: str = "ed25519"
    token: str | None = None

    def __post_init__(self) -> None:
        self.http = httpx.Client(trust_env=False, timeout=30)

    def jwks(self) -> dict[str, Any]:
        return {"keys": [_public(self.assertion_key, "sig"), _public(self.message_key, "httpsig")]}

    def assertion(self, key: Any = None, alg: str = "ES256", kid: str | None = None, **claims: Any) -> str:
        key = key or self.assertion_key
        now = int(time.time())
        body = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.url,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
        }
        body = {name: value for name, value in (body | claims).items() if value is not None}
        return jwt.encode({"alg": alg, "kid": kid or key.thumbprint()}, body, key, [alg])

    def token_form(self, assertion: str | None = None) -> dict[str, str]:
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion or self.assertion(),
        }

    def ask_token(self, assertion: str | None = None, **fields: str) -> httpx.Response:
        return self.http.post(f"{self.url}/oauth2/token", data=self.token_form(assertion) | fields)

    def bearer(self) -> str:
        if self.token is None:
            self.token = self.ask_token().raise_for_status().json()["access_token"]
        return self.token

    def message(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, content_type: str = ""
    ) -> Message:
        """A complete request, not yet signed. `headers` add to ours or, with None, take them away."""
        ours = {"authorization": f"Bearer {self.bearer()}", "x-request-id": str(uuid.uuid4())}
        if method in KEYED:
            ours["idempotency-key"] = str(uuid.uuid4())
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if raw:
            ours["content-type"] = content_type or "application/json"
            ours["content-digest"] = digest(raw)
        merged = ours | {name.lower(): value for name, value in (headers or {}).items()}
        return Message(method, self.url + path, {k: v for k, v in merged.items() if v is not None}, raw)

    def sign(
        self,
        message: Message,
        *,
        key: Any = None,
        keyid: str | None = None,
        algorithm: str | None = None,
        drop: str | None = None,
        age: float = 0,
        nonce: str | None = None,
        life: int = 300,
        tag: str = "egov-serang",
        label: str = "egov",
    ) -> Message:
        """Sign as the profile says, but for what the keywords spoil."""
        key = key or self.message_key
        signer = HTTPMessageSigner(
            signature_algorithm=ALGORITHMS[algorithm or self.algorithm],
            key_resolver=OneKey(key.raw_value if isinstance(key, OctKey) else key.private_key),
        )
        created = datetime.datetime.fromtimestamp(int(time.time() - age))
        signer.sign(
            message,
            key_id=keyid or key.thumbprint(),
            created=created,
            expires=created + datetime.timedelta(seconds=life),
            nonce=nonce or secrets.token_urlsafe(16),
            label=label,
            use_existing_digest="content-digest" in message.headers,
            tag=tag,
            covered_component_ids=[name for name in components(message) if name != drop],
        )
        return message

    def send(self, message: Message) -> httpx.Response:
        return self.http.request(message.method, message.url, headers=message.headers, content=message.body)

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Signed and sent."""
        return self.send(self.sign(self.message(method, path, body, **more)))

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return self.call("POST", path, body, **more)


def components(message: Message) -> list[str]:
    """The list of contract-v1 section 1, from the headers a message carries."""
    names = ["@method", "@target-uri"]
    names += ["content-type", "content-digest"] if message.body else []
    names += ["idempotency-key"] if message.method in KEYED and "idempotency-key" in message.headers else []
    names += [n for n in ("authorization", "dpop", "if-match", "x-acting-for") if n in message.headers]
    return [*names, *(["x-request-id"] if "x-request-id" in message.headers else [])]


def digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def multipart(filename: str, media_type: str, content: bytes, kind: str | None = None) -> tuple[bytes, str]:
    """A form with one file (and a document's kind), and its content type."""
    boundary = "sandbox-test-boundary"
    head = "" if kind is None else f'--{boundary}\r\nContent-Disposition: form-data; name="kind"\r\n\r\n{kind}\r\n'
    head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
    body = f"{head}Content-Type: {media_type}\r\n\r\n".encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def _public(key: Any, use: str) -> dict[str, Any]:
    public = key.as_dict(private=isinstance(key, OctKey))
    return {**public, "kid": key.thumbprint(), "use": use}


def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048)
