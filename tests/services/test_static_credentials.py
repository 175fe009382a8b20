"""Static credentials of whole clients: over real connections, and in no log, error, span, cassette or repr."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from tests.spans import Spans, said

from egov_serang import AsyncClient, Client, Config, ConfigError, EgovError
from egov_serang.layers.static import Static
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing import Cassette
from egov_serang.testing.faults import FaultServer, reply, reset_before_answer

KEY = "canary+api/key=1"
ENCODED = "canary%2Bapi%2Fkey%3D1"
PASSWORD = "canary password"
COMPLAINT = {"complaint_id": "c", "service_code": "road", "status": "submitted", "version": 1}


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(default=reply(json=COMPLAINT)) as server:
        yield server


@pytest.fixture
def places(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text(KEY + "\n", "utf-8")
    (tmp_path / "password").write_text(PASSWORD + "\n", "utf-8")
    return tmp_path


def config(server: FaultServer, places: Path, **more: Any) -> Config:
    base: dict[str, Any] = {
        "gateway": server.url,
        "auth": "api_key",
        "credential_file": places / "key",
        "signature": "none",
        "request_id_echo": False,
        "retries": 0,
    }
    return Config(**base | more)


def backend(places: Path) -> dict[str, Any]:
    return {"backend_auth": "basic", "backend_user": "serang", "backend_credential_file": places / "password"}


def test_two_credentials_on_one_call_for_both_clients(server: FaultServer, places: Path) -> None:
    both = config(server, places, credential_name="apikey", **backend(places))
    with Client(both) as client:
        client.complaints.get("c")

    async def get() -> None:
        async with AsyncClient(both) as client:
            await client.complaints.get("c")

    asyncio.run(get())
    for seen in server.requests:
        assert seen.headers["apikey"] == KEY
        assert seen.headers["auth"] == "Basic c2VyYW5nOmNhbmFyeSBwYXNzd29yZA=="
        assert "authorization" not in seen.headers


@pytest.mark.parametrize(
    ("auth", "name", "sent"),
    [("bearer", "", f"Bearer {KEY}"), ("basic", "desk", "Basic ZGVzazpjYW5hcnkrYXBpL2tleT0x")],
)
def test_bearer_and_basic(server: FaultServer, places: Path, auth: str, name: str, sent: str) -> None:
    with Client(config(server, places, auth=auth, credential_name=name)) as client:
        client.complaints.get("c")
    assert server.requests[0].headers["authorization"] == sent


def test_a_replaced_file_counts_in_a_running_client(
    server: FaultServer, places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Client(config(server, places)) as client:
        client.complaints.get("c")
        (places / "fresh").write_text("second-key", "utf-8")
        os.replace(places / "fresh", places / "key")
        (static,) = [layer for layer in client._engine.layers if isinstance(layer, Static)]
        followed = vars(static)["_credentials"][0].__self__
        monkeypatch.setattr(followed, "_looked", float("-inf"))  # as if a second had passed
        client.complaints.get("c")
        (places / "key").write_text("\n", "utf-8")  # nothing that could be sent: the one before stays
        monkeypatch.setattr(followed, "_looked", float("-inf"))
        client.complaints.get("c")
    assert [seen.headers["x-api-key"] for seen in server.requests] == [KEY, "second-key", "second-key"]


def test_a_variable_is_read_once(server: FaultServer, places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_KEY", KEY)
    with Client(config(server, places, credential_file="env:CANARY_KEY")) as client:
        monkeypatch.delenv("CANARY_KEY")
        client.complaints.get("c")
    assert server.requests[0].headers["x-api-key"] == KEY


def test_a_token_somebody_else_obtained_opens_the_sandbox(city: Config, sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(sandbox.mint(city.client_id, ["complaints:read"]), "utf-8")
    fixed = {"auth": "bearer", "credential_file": tmp_path / "token", "key_file": None, "client_id": ""}
    with Client(city.with_(**fixed)) as client:
        assert client.tokens is None
        list(client.complaints.services())


def clean(*texts: str) -> None:
    for text in texts:
        for canary in (KEY, ENCODED, PASSWORD, "c2VyYW5nOmNhbmFyeSBwYXNzd29yZA"):
            assert canary.casefold() not in text.casefold()


ECHOES = {
    "refusal": reply(
        403, json={"code": "forbidden", "title": f"no {KEY}", "detail": f"GET /x?key={ENCODED} {PASSWORD}"}
    ),
    "fault": reset_before_answer(),
    "redirect": reply(302, headers={"location": f"https://other.invalid/?key={ENCODED}"}),
    "html": reply(200, body=f"<p>{KEY}</p>".encode()),
}


@pytest.mark.parametrize("case", ECHOES)
@pytest.mark.parametrize("where", ["header", "query"])
def test_it_reaches_the_service_and_nobody_else(
    server: FaultServer, places: Path, caplog: pytest.LogCaptureFixture, case: str, where: str
) -> None:
    caplog.set_level(logging.DEBUG)
    spans = Spans()
    server.then(ECHOES[case])
    mine = config(server, places, credential_in=where, credential_name="key", **backend(places))
    with Client(mine, tracer_provider=spans.provider) as client:
        with pytest.raises(EgovError) as caught:
            client.complaints.get("c")
        error = caught.value
        trace = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        clean(trace, repr(vars(error)), repr(mine), repr(client), repr(vars(client)), caplog.text, said(spans.all))
    target = server.requests[0].target
    if where == "query":
        assert dict(parse_qsl(urlsplit(target).query)) == {"key": KEY}
    else:
        assert server.requests[0].headers["key"] == KEY
        assert "?" not in target


@pytest.mark.parametrize("name", ["key", "token", "status", "limit"])
def test_a_cassette_holds_no_key_and_plays_without_one(server: FaultServer, places: Path, name: str) -> None:
    server.then(reply(json={**COMPLAINT, "reference": KEY, "status_notes": f"asked with {KEY}"}))
    mine = config(server, places, credential_in="query", credential_name=name, **backend(places))
    file = places / "tape.json"
    with Cassette(file, mode="record") as tape:
        Client(mine, transport=tape).complaints.get("c")
    clean(file.read_text("utf-8"))
    assert json.loads(file.read_text("utf-8"))["exchanges"][0]["request"]["query"] == {}
    (places / "key").write_text("another", "utf-8")
    for played in (mine, Config(gateway=server.url, auth="none", signature="none")):
        client = Client(played, transport=Cassette(file, mode="replay"))
        assert client.complaints.get("c").complaint_id == "c"


def test_an_http_client_would_log_the_key(server: FaultServer, places: Path) -> None:
    mine = config(server, places, credential_in="query")
    with httpx.Client() as http, pytest.raises(ConfigError, match="http_client") as caught:
        Client(mine, http_client=http)
    assert "credential_in = 'header'" in str(caught.value.hint)


def test_a_key_that_is_not_there_is_named_by_its_place(server: FaultServer, places: Path) -> None:
    with pytest.raises(ConfigError, match="gone"):
        Client(config(server, places, credential_file=places / "gone"))
