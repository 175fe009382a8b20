"""Statements that a client acts for an officer, by a client that shares no code with the SDK."""

from __future__ import annotations

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.sandbox.conftest import OFFICER, Register
from tests.sandbox.peer import Peer

from egov_serang.sandbox.server import Sandbox

CASES = "/v1/complaints/cases"


def statement(peer: Peer, key: Any = None, kid: str | None = None, **claims: Any) -> str:
    now = int(time.time())
    body = {
        "iss": peer.client_id,
        "sub": "uji-0001",
        "unit": "DPUPR",
        "loa": "substantial",
        "aud": peer.url,
        "jti": f"jti-{time.time_ns()}",
        "iat": now,
        "exp": now + 60,
    }
    key = key or peer.assertion_key
    body = {name: value for name, value in (body | claims).items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": kid or peer.assertion_key.thumbprint()}, body, key, ["ES256"])


def ask(peer: Peer, said: str) -> tuple[int, str | None]:
    message = peer.message("GET", CASES, headers={"x-acting-for": said})
    answer = peer.send(peer.sign(message))
    return answer.status_code, answer.json().get("code")


def test_a_statement_that_holds_is_written_to_the_audit_trail(officer: Peer, server: Sandbox) -> None:
    assert ask(officer, statement(officer)) == (200, None)
    entry = server.audit()[-1]
    assert (entry["client_id"], entry["actor"], entry["unit"], entry["loa"], entry["operation"]) == (
        officer.client_id,
        "uji-0001",
        "DPUPR",
        "substantial",
        "complaints.list",
    )
    server.reset()
    assert server.audit() == []


def test_without_a_statement_nothing_is_written(officer: Peer, server: Sandbox) -> None:
    assert officer.get(CASES).status_code == 200
    assert server.audit() == []


def test_a_statement_counts_once(officer: Peer, server: Sandbox) -> None:
    said = statement(officer)
    assert ask(officer, said) == (200, None)
    assert ask(officer, said) == (403, "forbidden")
    assert len(server.audit()) == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "another-app"},
        {"aud": "https://elsewhere.example"},
        {"aud": None},
        {"sub": None},
        {"sub": " "},
        {"sub": 7},
        {"unit": None},
        {"loa": None},
        {"jti": None},
        {"iat": None},
        {"exp": None},
        {"iat": 0, "exp": 61},
        {"iat": 61, "exp": 0},
    ],
    ids=str,
)
def test_what_does_not_hold(officer: Peer, server: Sandbox, claims: dict[str, Any]) -> None:
    assert ask(officer, statement(officer, **claims)) == (403, "forbidden")
    assert server.audit() == []


@pytest.mark.parametrize("off", [-3600, 3600])
def test_a_wrong_time_can_be_corrected(officer: Peer, server: Sandbox, off: int) -> None:
    begin = int(time.time()) + off
    assert ask(officer, statement(officer, iat=begin, exp=begin + 60)) == (401, "clock_skew")
    assert server.audit() == []


def test_another_key_another_client_and_no_jwt(officer: Peer, register: Register, server: Sandbox) -> None:
    other = register("another-desk", OFFICER)
    assert ask(officer, statement(officer, key=ECKey.generate_key("P-256")))[0] == 403
    assert ask(officer, statement(other))[0] == 403
    assert ask(officer, statement(officer, key=other.assertion_key))[0] == 403
    assert ask(officer, "uji-0001")[0] == 403
    assert server.audit() == []


def test_it_must_be_covered_by_the_signature(officer: Peer, server: Sandbox) -> None:
    message = officer.sign(officer.message("GET", CASES))
    message.headers["x-acting-for"] = statement(officer)
    answer = officer.send(message)
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
    assert server.audit() == []


def test_a_call_that_may_not_be_made_is_not_in_the_trail(register: Register, server: Sandbox) -> None:
    peer = register("no-scopes", ["notify:read"])
    assert ask(peer, statement(peer)) == (403, "scope_missing")
    assert server.audit() == []
