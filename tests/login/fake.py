"""A provider at the transport, which can lie in every way one can: real keys, real signatures, false words."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwe, jwt
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey

from egov_serang import EgovError
from egov_serang.auth.login import Login, LoginConfig, Transaction
from egov_serang.core.message import Headers, Limits, Request, Response, TransportFault

ISSUER = "https://login.test"
CLIENT = "app"
BACK = "https://app.test/callback"
ACCESS = "access-token"


@dataclass
class Provider:
    """What it says can be changed; what it is asked is kept."""

    key: Any = field(default_factory=lambda: ECKey.generate_key("P-256"))
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    signing_key: Any = None
    id_token: str | None = None
    encrypt_to: Any = None
    answers: dict[str, Response | TransportFault] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    limits: list[Limits] = field(default_factory=list)
    nonce: str = ""

    def document(self) -> dict[str, Any]:
        said = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/jwks",
            "userinfo_endpoint": f"{ISSUER}/userinfo",
            "end_session_endpoint": f"{ISSUER}/logout",
            "authorization_response_iss_parameter_supported": True,
            "code_challenge_methods_supported": ["S256"],
        }
        return {name: value for name, value in (said | self.metadata).items() if value is not None}

    def jwks(self) -> dict[str, Any]:
        return {"keys": [{**self.key.as_dict(private=False), "kid": "k1", "use": "sig"}]}

    def said(self) -> dict[str, Any]:
        now = int(time.time())
        half = hashlib.sha256(ACCESS.encode()).digest()[:16]
        claims = {
            "iss": ISSUER,
            "sub": "who",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        }
        return {name: value for name, value in (claims | self.claims).items() if value is not None}

    def token(self) -> str:
        if self.id_token is not None:
            return self.id_token
        header = {name: value for name, value in ({"alg": "ES256", "kid": "k1"} | self.header).items() if value}
        signed = jwt.encode(header, self.said(), self.signing_key or self.key, [header["alg"]])
        return signed if self.encrypt_to is None else encrypted(signed, self.encrypt_to)

    def send(self, request: Request, limits: Limits) -> Response:
        path = urlsplit(request.url).path
        body = b"" if request.body is None else b"".join(request.body.chunks())
        self.asked.append((path, parse_qs(body.decode())))
        self.limits.append(limits)
        answer = self.answers.get(path)
        if isinstance(answer, TransportFault):
            raise answer
        if answer is not None:
            return answer
        if path == "/token":
            return ok({"access_token": ACCESS, "token_type": "Bearer", "id_token": self.token()})
        found = {"/.well-known/openid-configuration": self.document, "/jwks": self.jwks, "/userinfo": self.said}
        return ok(found[path]())

    def close(self) -> None:
        """Nothing is open."""

    def back(self, transaction: Transaction, **changes: str | None) -> str:
        """The address a browser comes back to."""
        kept = json.loads(transaction.dump())
        self.nonce = kept["nonce"]
        fields = {"code": "the-code", "state": kept["state"], "iss": ISSUER} | changes
        return f"{BACK}?{urlencode({name: value for name, value in fields.items() if value is not None})}"


def ok(body: Any, status: int = 200, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, Headers([("content-type", "application/json"), *headers.items()]), raw)


def encrypted(text: str, key: Any, *, alg: str = "ECDH-ES+A256KW", enc: str = "A256GCM", **header: str) -> str:
    algorithms = [alg, enc, *header.values()]
    return jwe.encrypt_compact(
        {"alg": alg, "enc": enc, "cty": "JWT", **header}, text, key, registry=JWERegistry(algorithms=algorithms)
    )


def unsigned(claims: dict[str, Any], alg: str = "none") -> str:
    """A token that says it needs no signature."""
    parts = [json.dumps(part).encode() for part in ({"alg": alg, "kid": "k1"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""])


def confused(claims: dict[str, Any], public_pem: bytes) -> str:
    """A token signed with HMAC, whose secret is the public key: what a careless checker takes for a signature."""
    signed = unsigned(claims, "HS256").removesuffix(".")
    mac = hmac.digest(public_pem, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def refusal(provider: Provider, error: type[EgovError], code: str, *, back: Any = None, **config: Any) -> EgovError:
    """Go through a login that must be refused, and say nothing secret about it."""
    login = Login(settings(**config), transport=provider)

    def attempt() -> None:
        _, transaction = login.begin()
        login.finish(provider.back(transaction) if back is None else back(transaction), transaction)

    with pytest.raises(error) as refused:
        attempt()
    shown = "".join(traceback.format_exception(refused.value)) + repr(refused.value) + str(refused.value.hint)
    assert ACCESS not in shown
    assert "the-code" not in shown
    assert (refused.value.code, refused.value.__cause__, refused.value.__context__) == (code, None, None)
    return refused.value


def forging(provider: Provider, make: Callable[[], str]) -> Callable[[Transaction], str]:
    """A browser's answer after which the provider gives this token, which may be made of what it would have said."""

    def back(transaction: Transaction) -> str:
        answer = provider.back(transaction)
        provider.id_token = None
        provider.id_token = make()
        return answer

    return back


def settings(**changes: Any) -> LoginConfig:
    given: dict[str, Any] = {"issuer": ISSUER, "client_id": CLIENT, "redirect_uri": BACK, "auth": "none"}
    return LoginConfig(**(given | changes))
