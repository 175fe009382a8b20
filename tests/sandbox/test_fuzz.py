"""Whatever is sent, the gate refuses with a problem; it never breaks and never lets it through."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.sandbox.peer import Peer

from egov_serang.sandbox.server import Sandbox

CASES = "/v1/complaints/cases"
SCOPES = ["complaints:read", "complaints:write"]
HEADER = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=80).map(
    str.strip
)
PIECES = (
    st.lists(
        st.sampled_from(
            [
                "egov=",
                "(",
                ")",
                '"@method"',
                '"@target-uri"',
                " ",
                ";",
                "created=1",
                "nonce=",
                '"x"',
                "keyid",
                ":AA==:",
                ",",
            ]
        ),
        max_size=20,
    )
    .map("".join)
    .map(str.strip)
)


@pytest.fixture(scope="module")
def peer(sandbox: Sandbox) -> Iterator[Peer]:
    peer = Peer(sandbox.url, "fuzzer", SCOPES)
    sandbox.register("fuzzer", peer.jwks(), SCOPES)
    peer.bearer()
    yield peer
    peer.http.close()


def _is_refusal(answer: httpx.Response) -> bool:
    return 400 <= answer.status_code < 500 and answer.headers["content-type"] == "application/problem+json"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["Signature-Input", "Signature", "authorization", "content-digest"]), HEADER | PIECES)
def test_any_header(peer: Peer, name: str, value: str) -> None:
    message = peer.sign(peer.message("POST", CASES, {"service_code": "sampah"}))
    message.headers[name] = value.encode("latin-1")  # type: ignore[assignment]
    assert _is_refusal(peer.send(message))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_body(peer: Peer, body: bytes) -> None:
    assert _is_refusal(peer.post(CASES, body))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=30))
def test_any_form_at_the_token_endpoint(peer: Peer, text: str) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = peer.http.post(f"{peer.url}/oauth2/token", content=text, headers=form)
    assert answer.status_code == 401
    assert peer.ask_token(text).status_code == 401


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=30) | st.sampled_from(["x/media/y", "x/transitions", "a%2Fb", "a/../b", "\n", "%"]))
def test_any_id_reaches_its_own_route(sandbox: Sandbox, peer: Peer, identifier: str) -> None:
    assume(identifier not in {".", ".."})  # httpx takes these away before they are sent
    answer = peer.get(f"{CASES}/{quote(identifier, safe='', errors='replace')}")
    record = sandbox.requests()[-1]
    assert (answer.status_code, record["signature"]) == (404, "valid")
    assert record["route"] == f"{CASES}/{{complaint_id}}"
