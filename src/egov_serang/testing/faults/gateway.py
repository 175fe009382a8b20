"""A very small gateway behind the script: tokens, writes counted by their keys, reads."""

from __future__ import annotations

import ssl
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, TypedDict

from egov_serang.testing.faults.server import FaultServer, Parts, SeenRequest, Step

TOKENS: Final = "/oauth2/token"
JWKS: Final = "/.well-known/jwks.json"
DISCOVERY: Final = "/.well-known/smartcity-gateway"

Resource = Callable[[str, SeenRequest], Mapping[str, Any]]
"""What the resource of this id looks like, as JSON."""


class Settings(TypedDict):
    """The settings with which a client reaches a `FaultGateway`."""

    gateway: str
    auth: Any
    client_id: str
    client_secret: Any
    signature: Any
    verify_answers: bool
    request_id_echo: bool


def complaint(resource_id: str, request: SeenRequest) -> Mapping[str, Any]:
    """A complaint of contract-v1 section 2."""
    return {"complaint_id": resource_id, "service_code": "jalan_rusak", "status": "submitted", "version": 1}


class Desk:
    """The service of a `FaultGateway`: what it carried out, it says in its attributes.

    Attributes:
        effects: how often each idempotency key had an effect; a request without one counts as `unkeyed-N`.
        tokens: how many tokens were given out.
        replays: how many answers were repeated from what was kept for their key.
    """

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[bytes, Parts]] = {}
        self._valid: str | None = None
        self.effects: Counter[str] = Counter()
        self.tokens = 0
        self.replays = 0

    def __call__(self, request: SeenRequest) -> Parts:
        with self._lock:
            if request.path == TOKENS:
                return self._token()
            if request.path == JWKS:
                return {"json": {"keys": []}}
            if request.path == DISCOVERY:
                return {"json": {"contract": "1.0", "request_id_echo": True}}
            given = request.headers.get("authorization", "")
            if given and given != f"Bearer {self._valid}":
                return problem("token_expired", 401)
            return self._read(request) if request.method == "GET" else self._write(request)

    def expire(self) -> None:
        """Let the token given out last be refused from now on."""
        with self._lock:
            self._valid = None

    def trust(self, other: Desk) -> None:
        """Take the token another gateway gave out last, as two machines of one gateway do."""
        with self._lock:
            self._valid = other._valid

    def _token(self) -> Parts:
        self.tokens += 1
        self._valid = f"token-{self.tokens}"
        return {"json": {"access_token": self._valid, "token_type": "Bearer", "expires_in": 3600}}

    def _read(self, request: SeenRequest) -> Parts:
        return {"json": self._resource(request.path.rpartition("/")[2], request)}

    def _write(self, request: SeenRequest) -> Parts:
        key = request.headers.get("idempotency-key") or f"unkeyed-{self.effects.total() + 1}"
        if key in self._kept:
            body, kept = self._kept[key]
            if body != request.body:
                return problem("idempotency_mismatch", 422)
            self.replays += 1
            return {**kept, "headers": [("idempotency-replayed", "true")]}
        self.effects[key] += 1
        said: Parts = {"status": 201, "json": self._resource(f"c-{key}", request)}
        self._kept[key] = request.body, said
        return said


def problem(code: str, status: int) -> Parts:
    """A refusal of the contract (section 1)."""
    said = {"title": "Scripted", "status": status, "code": code}
    return {"status": status, "json": said, "headers": [("content-type", "application/problem+json")]}


class FaultGateway(FaultServer):
    """A fault server in front of a very small gateway, for whole clients.

    It gives tokens, honours idempotency keys and counts effects. The script is for calls alone: what happens to
    requests for tokens and documents is scripted with `on(TOKENS, ...)`, `on(JWKS, ...)`, `on(DISCOVERY, ...)`. It
    checks no signatures and no scopes: for that, and for the states of things, there is the sandbox.

    Args:
        steps: the script of the calls.
        default: what answers afterwards; the gateway, without a fault, when None.
        resource: what resources look like; complaints by default.
        accepted: happens to each new connection.
        tls: serve https with this context.
        host: the address to listen on; of this machine only.
        port: the port to listen on; a free one when 0.
    """

    def __init__(
        self,
        *steps: Step,
        default: Step | None = None,
        resource: Resource = complaint,
        accepted: Step | None = None,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.desk = Desk(resource)
        super().__init__(*steps, default=default, service=self.desk, accepted=accepted, tls=tls, host=host, port=port)
        for path in (TOKENS, JWKS, DISCOVERY):
            self.on(path)

    @property
    def settings(self) -> Settings:
        """The settings of a client of this gateway: `Config(**gateway.settings)`, within the `with` block."""
        return {
            "gateway": self.url,
            "auth": "client_secret",
            "client_id": "test-app",
            "client_secret": "secret-of-a-test",
            "signature": "none",
            "verify_answers": False,
            "request_id_echo": True,
        }

    @property
    def calls(self) -> list[SeenRequest]:
        """The requests so far, without those for tokens and documents."""
        return [seen for seen in self.requests if seen.path not in {TOKENS, JWKS, DISCOVERY}]

    @property
    def effects(self) -> int:
        """How many effects the gateway holds; more than one for one key is a duplicate."""
        return self.desk.effects.total()
