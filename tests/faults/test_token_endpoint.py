"""Token endpoints that fail, over real connections: what is said, and that calls go on while the old token lives."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from typing import Any

import pytest
from tests.layers.keys import p256_pem

from egov_serang.auth.credentials import ClientSecret, Credentials, PrivateKeyJwt
from egov_serang.auth.dpop import ProofKey
from egov_serang.auth.tokens import TokenSource
from egov_serang.core.runtime import AsyncRuntime, SyncRuntime, run_sync
from egov_serang.errors import ConnectionFailed, EgovError, ServerFault, Unauthorized, UnexpectedReply
from egov_serang.signing.keys import PrivateKey
from egov_serang.testing.faults import (
    FaultServer,
    Peer,
    Step,
    close_before_answer,
    drip,
    hang,
    raw,
    reply,
    reset_before_answer,
    truncate,
)
from egov_serang.transport.alanes import AsyncLanes
from egov_serang.transport.lanes import Lanes

SECRET = "CANARY-secret"
BODY = {"access_token": "CANARY-token", "token_type": "Bearer", "expires_in": 100}


def of_issuer(issuer: str) -> str:
    """A token in the form of a JWT; its signature is not the client's to check."""
    parts = ({"alg": "ES256"}, {"iss": issuer, "sub": "CANARY"})
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + ".c2ln"


class Desk:
    """A token source over real connections to an issuer, in one of the runtimes, with a clock that can be moved."""

    def __init__(self, flow: str, issuer: str, credentials: Credentials | None = None, **more: Any) -> None:
        self.ahead = 0.0
        self.source = TokenSource(issuer, credentials or ClientSecret("app", SECRET), **more)
        self.runner = asyncio.Runner()
        if flow == "threads":
            self.threads: Lanes | None = Lanes()
            self.runtime: Any = self._moved(SyncRuntime)(self.threads)
        else:
            self.threads, self.tasks = None, AsyncLanes()
            self.runtime = self._moved(AsyncRuntime)(self.tasks)

    def _moved(self, kind: Any) -> Any:
        desk = self

        class Moved(kind):  # type: ignore[misc]
            def now(self) -> float:
                now: float = super().now()
                return now + desk.ahead

        return Moved

    def get(self, seconds: float = 60) -> str:
        work = self.source.get(self.runtime, self.runtime.now() + seconds)
        return (run_sync(work) if self.threads else self.runner.run(work)).header()

    def fails(self, seconds: float = 60) -> EgovError:
        with pytest.raises(EgovError) as caught:
            self.get(seconds)
        return caught.value

    def close(self) -> None:
        if self.threads is not None:
            self.threads.close()
        else:
            self.runner.run(self.tasks.close())
        self.runner.close()


@pytest.fixture(params=["threads", "tasks"])
def flow(request: pytest.FixtureRequest) -> str:
    return str(request.param)


FAULTS: list[tuple[str, Step, type[EgovError], str]] = [
    ("dies before it answers", reset_before_answer(), ConnectionFailed, "Check the issuer's address"),
    ("closes before it answers", close_before_answer(), ConnectionFailed, "Check the issuer's address"),
    ("cuts its answer", truncate(9, json=BODY), ConnectionFailed, "Check the issuer's address"),
    ("answers too much", reply(json={**BODY, "more": "x" * 70_000}), ConnectionFailed, "Check the issuer's address"),
    ("answers HTML", reply(body=b"<html>CANARY"), UnexpectedReply, "Check the issuer's address"),
    ("answers HTML and 502", reply(502, body=b"<html>CANARY"), ServerFault, "try again later"),
    ("is overloaded", reply(503, headers=[("retry-after", "7")]), ServerFault, "try again later"),
    ("redirects", reply(302, headers=[("location", "https://CANARY.test")]), Unauthorized, "Check client_id"),
    ("answers 400", reply(400, json={"error": "invalid_client", "error_description": "CANARY"}), Unauthorized, "key"),
    ("knows no such scope", reply(400, json={"error": "invalid_scope"}), Unauthorized, "setting scope"),
    ("knows no such grant", reply(400, json={"error": "unsupported_grant_type"}), Unauthorized, "setting auth"),
    (
        "answers a wrong issuer",
        reply(json={**BODY, "access_token": of_issuer("https://CANARY")}),
        UnexpectedReply,
        "settings issuer",
    ),
    ("is no HTTP server", raw(b"SSH-2.0-OpenSSH_9.2\r\n", close=True), ConnectionFailed, "Check the issuer's address"),
]


@pytest.mark.parametrize(("step", "kind", "remedy"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_the_error_names_the_issuer_and_a_remedy(flow: str, step: Step, kind: type[EgovError], remedy: str) -> None:
    with FaultServer(step) as server:
        desk = Desk(flow, server.url)
        error = desk.fails()
        desk.close()
        assert type(error) is kind
        assert server.url in str(error)
        assert remedy in (error.hint or "")
        assert error.sent == "no", "the call itself never left"
        assert "CANARY" not in f"{error} {error!r} {vars(error)}"
        assert len(server.requests) == 1


def test_nobody_listens(flow: str) -> None:
    with FaultServer() as server:
        address = server.url
    desk = Desk(flow, address)
    error = desk.fails()
    desk.close()
    assert type(error) is ConnectionFailed
    assert address in str(error)


@pytest.mark.parametrize("step", [hang(), drip(every=0.01, body=b"x" * 10_000)], ids=["hangs", "drips"])
def test_an_endpoint_that_never_ends_costs_the_calls_own_time(flow: str, step: Step) -> None:
    with FaultServer(step) as server:
        desk = Desk(flow, server.url)
        error = desk.fails(0.3)
        assert server.url in str(error)
        assert error.sent == "no"
        assert "CANARY" not in f"{error} {vars(error)}"
        desk.close()


@pytest.mark.parametrize("step", [hang(), *(f[1] for f in FAULTS)], ids=["hangs", *(f[0] for f in FAULTS)])
def test_calls_go_on_while_the_old_token_lives(flow: str, step: Step) -> None:
    with FaultServer(reply(json=BODY), step, default=hang()) as server:
        desk = Desk(flow, server.url)
        assert desk.get() == "Bearer CANARY-token"
        desk.ahead = 85.0
        # Had any of these waited for the renewal, the endpoint that hangs would have kept it for 20 s.
        assert {desk.get(1) for _ in range(20)} == {"Bearer CANARY-token"}
        if flow == "tasks":
            desk.runner.run(asyncio.sleep(0.01))  # lets the renewal begin, on a loop that nobody runs meanwhile
        assert server.wait_for(2)
        assert {desk.get(1) for _ in range(20)} == {"Bearer CANARY-token"}
        desk.close()


def test_a_renewal_that_ends_after_the_client_was_closed_leaves_no_connection(flow: str) -> None:
    held = threading.Event()

    async def late(peer: Peer) -> None:
        await asyncio.get_running_loop().run_in_executor(None, held.wait, 60)
        await reply(json=BODY)(peer)

    with FaultServer(reply(json=BODY), late) as server:
        desk = Desk(flow, server.url)
        desk.get()
        desk.ahead = 85.0
        desk.get(1)
        if flow == "tasks":
            desk.runner.run(asyncio.sleep(0.01))
        assert server.wait_for(2)
        lanes = desk.threads or desk.tasks
        if desk.threads is not None:
            desk.threads.close()
        else:
            desk.runner.run(desk.tasks.close())
        held.set()
        assert server.wait_for_step(2)
        if flow == "tasks":
            while lanes.count.busy:
                desk.runner.run(asyncio.sleep(0.001))
        else:
            renewal = next((one for one in threading.enumerate() if one.name == "egov-renewal"), None)
            if renewal is not None:
                renewal.join(60)
        assert (lanes.count.busy, lanes.count.idle) == (0, 0)
        desk.runner.close()


def test_a_downgrade_and_a_foreign_binding_are_named(flow: str) -> None:
    bearer = reply(json=BODY)
    other = reply(json={**BODY, "token_type": "DPoP", "access_token": of_issuer("placeholder")})
    with FaultServer(bearer, other) as server:
        credentials = PrivateKeyJwt("app", PrivateKey(p256_pem()))
        desk = Desk(flow, server.url, credentials, dpop=ProofKey())
        assert desk.fails().code == "token_downgrade"
        desk.close()
        desk = Desk(flow, "http://placeholder", credentials, dpop=ProofKey(), endpoint=f"{server.url}/t")
        assert desk.fails().code == "token_issuer"
        desk.close()
