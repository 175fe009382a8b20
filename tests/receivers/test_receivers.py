"""Receivers over real HTTP: told once, strangers learn nothing, what failed comes again."""

from __future__ import annotations

import asyncio
import io
import json
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.receivers.worlds import SECRET, WORLDS, App, World, asgi, event, wsgi

import egov_serang.receivers
from egov_serang import Client, Config, Event, Webhooks
from egov_serang.receivers import LIMIT, AsgiReceiver, Delivery, WsgiReceiver

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    (tmp_path / "webhook.secret").write_text(SECRET.reveal(), "utf-8")
    monkeypatch.chdir(tmp_path)
    with WORLDS[request.param](tmp_path) as made:
        yield made


def test_an_app_is_told_once_and_of_nothing_false(world: World) -> None:
    first, second = event(1), event(2)
    for body in (first, second, first):
        answer = world.deliver(body)
        assert (answer.status_code, answer.content) == (204, b"")
    assert world.told() == ["e-1", "e-2"]

    stranger = [
        world.deliver(event(3).replace(b"resolved", b"rejected"), signed_for=event(3)),
        world.deliver(event(4), at=time.time() - 400),
        world.deliver(event(5), at=time.time() + 400),
        world.post(event(6), {}),
        world.post(event(6), {"webhook-id": "m", "webhook-timestamp": "now", "webhook-signature": "v1,AAAA"}),
        world.post(b"", {}),
    ]
    for answer in stranger:
        assert answer.status_code == 401
        assert answer.headers["content-type"].partition(";")[0] == "application/problem+json"
    assert len({answer.content for answer in stranger}) == 1, "a stranger learns nothing"
    assert stranger[0].json() == {"type": "about:blank", "title": "Unauthorized", "status": 401}

    assert world.deliver(b"not json").status_code == 400
    assert world.deliver(b"{}").json()["status"] == 400
    assert world.deliver(b"x" * (LIMIT + 1)).status_code == 413
    challenge = world.deliver(json.dumps({"type": "subscription.challenge", "challenge": "abc/123"}).encode())
    assert (challenge.status_code, challenge.json()) == (200, {"challenge": "abc/123"})
    assert world.post(b"", {}, method="GET").status_code == 405
    assert world.told() == ["e-1", "e-2"]

    large = json.dumps({"id": "e-9", "type": "t", "data": "x" * 900_000}).encode()
    assert world.deliver(large).status_code == 204
    assert world.told() == ["e-1", "e-2", "e-9"]


def kind_of_receiver(kind: str, app: App) -> Any:
    webhooks = Webhooks(SECRET)
    if kind == "wsgi":
        return wsgi(WsgiReceiver(webhooks, app.handle))
    return asgi(AsgiReceiver(webhooks, app.handle_later if kind == "coroutine" else app.handle))


@pytest.mark.parametrize("kind", ["function", "coroutine", "wsgi"])
def test_what_could_not_be_handled_comes_again(kind: str) -> None:
    app = App(trouble=True)
    with kind_of_receiver(kind, app) as url:
        world = World(url, app.told)
        assert world.deliver(event(1)).status_code == 500
        assert world.told() == []
        app.trouble = False
        assert world.deliver(event(1)).status_code == 204
        assert world.deliver(event(1)).status_code == 204
    assert world.told() == ["e-1"]


def test_a_body_without_a_stated_length() -> None:
    """Sent in chunks: ASGI servers join them; a WSGI server that does not sees no body, and the app refuses."""
    body, app = event(1), App()
    headers = World("", app.told).signer.sign("m", body, at=time.time())
    with asgi(AsgiReceiver(Webhooks(SECRET), app.handle)) as url:
        assert World(url, app.told).post(iter([body[:20], body[20:]]), headers).status_code == 204
        endless = World(url, app.told).post(iter([b"x" * 65536] * 17), headers)
        assert endless.status_code == 413
    assert app.told() == ["e-1"]


def environ(body: bytes, **more: Any) -> dict[str, Any]:
    headers = World("", list).signer.sign("m", body, at=time.time())
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return {"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO(body), **named, **more}


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"wsgi.input_terminated": True}, "204 No Content"),
        ({"CONTENT_LENGTH": "9" * 5000}, "204 No Content"),  # no more than the limit is read
        ({"CONTENT_LENGTH": "-1"}, "401 Unauthorized"),
        ({"CONTENT_LENGTH": "\u0663"}, "401 Unauthorized"),
        ({"CONTENT_LENGTH": ""}, "401 Unauthorized"),
        ({"CONTENT_LENGTH": "10"}, "401 Unauthorized"),
    ],
)
def test_what_wsgi_servers_say_of_the_length(more: dict[str, Any], status: str) -> None:
    answered: list[Any] = []
    app = App()
    WsgiReceiver(Webhooks(SECRET), app.handle)(environ(event(1), **more), lambda *line: answered.append(line))
    assert answered[0][0] == status
    assert app.told() == (["e-1"] if status.startswith("204") else [])


def test_only_http(tmp_path: Path) -> None:
    receiver = AsgiReceiver(Webhooks(SECRET), App().handle)
    with pytest.raises(ValueError):
        asyncio.run(receiver({"type": "websocket"}, None, None))  # type: ignore[arg-type]


def test_a_sender_that_goes_away_is_not_answered() -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        raise AssertionError("nobody is there")

    receiver = AsgiReceiver(Webhooks(SECRET), App().handle)
    asyncio.run(receiver({"type": "http", "method": "POST", "headers": []}, gone, send))


def test_an_app_with_a_client_gives_its_events(tmp_path: Path) -> None:
    path = tmp_path / "webhook.secret"
    path.write_text(SECRET.reveal(), "utf-8")
    app = App()
    config = Config(gateway="https://gateway.invalid", auth="none", signature="none", webhook_secret_file=path)
    with Client(config) as client, wsgi(WsgiReceiver(client.events, app.handle)) as url:
        world = World(url, app.told)
        assert [world.deliver(event(1)).status_code for _ in range(2)] == [204, 204]
    assert app.told() == ["e-1"]


def call_wsgi(webhooks: Any, app: App, body: bytes) -> None:
    WsgiReceiver(webhooks, app.handle)(environ(body, CONTENT_LENGTH=str(len(body))), lambda *_: None)


def call_asgi(webhooks: Any, app: App, body: bytes) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    headers = World("", list).signer.sign("m", body, at=time.time())
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "headers": pairs}
    asyncio.run(AsgiReceiver(webhooks, app.handle)(scope, receive, None))


class Broken:
    """A receiver whose store or configuration fails."""

    def receive(self, headers: object, body: bytes) -> Event:
        del headers, body
        raise OSError("the disk is full")

    def handled(self, event: Event) -> None:
        raise OSError("the disk is full")


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
@pytest.mark.parametrize("fails", ["handler", "receiver"])
def test_a_crash_report_has_no_body(kind: str, fails: str) -> None:
    """Crash reporters keep the locals of each frame, and a body is full of people."""
    app, body = App(trouble=True), event(1).replace(b"road", b"CANARY")
    webhooks: Any = Broken() if fails == "receiver" else Webhooks(SECRET)
    call = call_wsgi if kind == "wsgi" else call_asgi
    with pytest.raises((RuntimeError, OSError)) as caught:
        call(webhooks, app, body)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    ours = [frame for frame in frames if "/egov_serang/" in frame.filename]
    assert ours
    assert [frame.name for frame in ours if "CANARY" in str(frame.locals)] == []


def test_refusals_are_logged_by_code_and_explained_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "egov_serang.events")
    body = event(1)
    headers = World("", list).signer.sign("m", body, at=time.time())
    delivery = Delivery(Webhooks(SECRET), headers, body + b" ")
    assert delivery.event is None
    assert delivery.refusal is not None
    assert delivery.refusal.code == "signature_wrong"
    assert [(record.levelname, record.getMessage().splitlines()[0]) for record in caplog.records] == [
        ("WARNING", "a delivery was refused: signature_wrong"),
        ("DEBUG", f"{delivery.refusal.message} (signature_wrong)"),
    ]
    assert "resolved" not in caplog.text


def test_each_receiver_is_under_40_lines() -> None:
    library = Path(egov_serang.receivers.__file__).parent
    files = [library / "asgi.py", library / "wsgi.py", *sorted((ROOT / "examples").glob("webhook_*.py"))]
    assert len(files) == 4
    assert {path.name: lines for path in files if (lines := len(path.read_text("utf-8").splitlines())) >= 40} == {}
