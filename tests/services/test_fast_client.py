"""Whole clients over the fast transport: chosen by argument or profile, plain about what they need."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from egov_serang import AsyncClient, Client, Config, ConfigError, ConnectionFailed, File, UnexpectedReply
from egov_serang.models.complaints import Location
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing.faults import FaultServer, reset_before_answer, stray
from egov_serang.transport.afast import AsyncFast
from egov_serang.transport.fast import Fast
from egov_serang.transport.lanes import Lanes

ANSWER = {"complaint_id": "c-1", "service_code": "road", "status": "submitted", "version": 1}
HERE = Location(area_code="36.73.01.1001")
OTHER = b"HTTP/1.1 200 OK\r\nx-request-id: another\r\ncontent-length: 2\r\n\r\n{}"


def over(client: Client | AsyncClient) -> object:
    return vars(client)["_transport"]


def test_the_transport_is_chosen_by_argument_profile_or_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain: dict[str, Any] = {"gateway": "http://127.0.0.1:9", "auth": "none", "signature": "none"}
    assert isinstance(over(Client(Config(**plain))), Lanes)
    assert isinstance(over(Client(Config(**plain), transport="fast")), Fast)
    assert isinstance(over(AsyncClient(Config(**plain), transport="fast")), AsyncFast)
    assert isinstance(over(Client(Config(**plain, transport="fast"))), Fast)
    assert isinstance(over(Client(Config(**plain, transport="fast"), transport="lanes")), Lanes)
    file = tmp_path / "config.toml"
    lines = [f'{name} = "{value}"' for name, value in plain.items()]
    file.write_text("\n".join(["[profile.default]", *lines, "[profile.batch]", *lines, 'transport = "fast"']), "utf-8")
    monkeypatch.setenv("EGOV_SERANG_CONFIG", str(file))
    assert isinstance(over(Client(profile="batch")), Fast)
    assert isinstance(over(Client()), Lanes)
    monkeypatch.setenv("EGOV_SERANG_TRANSPORT", "fast")
    assert isinstance(over(Client()), Fast)


def test_what_cannot_be_chosen_is_said() -> None:
    config = Config(gateway="http://127.0.0.1:9", auth="none", signature="none")
    with pytest.raises(ConfigError, match="transport = 'slow' is not known"):
        Client(config, transport="slow")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="http_client or transport"), httpx.Client() as own:
        Client(config, http_client=own, transport="fast")
    with pytest.raises(ConfigError, match="only transport = 'fast' goes through it"):
        config.with_(proxy="http://proxy.test:3128")
    for wrong in ("proxy.test:3128", "socks5://proxy.test", "http://user:secret@proxy.test"):
        with pytest.raises(ConfigError, match="proxy must") as caught:
            config.with_(proxy=wrong, transport="fast")
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("client", ["Client", "AsyncClient"])
def test_without_the_extra_the_command_is_named(client: str) -> None:
    script = f"""
        import sys
        sys.modules["pyreqwest"] = None
        from egov_serang import {client}, Config, ConfigError
        config = Config(gateway="http://127.0.0.1:9", auth="none", signature="none")
        {client}(config)
        try:
            {client}(config, transport="fast")
        except ConfigError as error:
            print(error.code, error.hint)
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "extra_missing pip install 'egov-serang[fast]'\n"


def test_a_fast_client_pickles_as_such(city: Config) -> None:
    with Client(city, transport="fast") as client:
        twin = pickle.loads(pickle.dumps(client))
        assert isinstance(over(twin), Fast)
        assert list(twin.complaints.services()) == list(client.complaints.services())
        twin.close()
        twin.close()
    with pytest.raises(ConnectionFailed) as caught:
        client.complaints.get("c-1")
    assert caught.value.sent == "no"


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_a_stray_answer_reaches_nobody(kind: str) -> None:
    """Where pyreqwest has not yet met it on the idle connection, its request id gives it away."""
    config = Config(gateway="http://127.0.0.1:9", auth="none", signature="none", retries=0)

    def ask(url: str) -> list[object]:
        seen: list[object] = []
        with Client(config.with_(gateway=url), transport="fast") as client:
            for _ in range(20):
                try:
                    seen.append(client.complaints.get("c-1").complaint_id)
                except UnexpectedReply as error:
                    seen.append(error.code)
        return seen

    async def ask_async(url: str) -> list[object]:
        seen: list[object] = []
        async with AsyncClient(config.with_(gateway=url), transport="fast") as client:
            for _ in range(20):
                try:
                    seen.append((await client.complaints.get("c-1")).complaint_id)
                except UnexpectedReply as error:
                    seen.append(error.code)
        return seen

    with FaultServer(default=stray(OTHER, json=ANSWER)) as server:
        seen = ask(server.url) if kind == "threads" else asyncio.run(ask_async(server.url))
    assert set(seen) <= {"c-1", "unbound_answer"}
    assert "c-1" in seen


def test_a_long_upload_and_a_download_go_over_it(city: Config, sandbox: Sandbox) -> None:
    photo = b"\xff\xd8\xff" + os.urandom(300_000)
    with Client(city, transport="fast") as client:
        made = client.complaints.submit("sampah", "Sampah.", location=HERE, photos=[File(photo, "a.jpg", "image/jpeg")])
        with client.complaints.download(made.complaint_id, made.media[0].media_id) as body:
            assert body.read() == photo


def test_a_httpx2_client_carries_signed_calls(city: Config) -> None:
    with httpx2.Client() as own, Client(city, http_client=own) as client:
        kinds = list(client.complaints.services())

    async def main() -> object:
        async with httpx2.AsyncClient() as own, AsyncClient(city, http_client=own) as client:
            return [kind async for kind in client.complaints.services()]

    assert asyncio.run(main()) == kinds


def test_an_error_says_whether_a_write_was_sent() -> None:
    config = Config(gateway="http://127.0.0.1:9", auth="none", signature="none", retries=0)
    with FaultServer(reset_before_answer()) as server:
        url = server.url
        with Client(config.with_(gateway=url), transport="fast") as client, pytest.raises(ConnectionFailed) as caught:
            client.complaints.submit("sampah", "Sampah.", location=HERE)
        assert (caught.value.sent, caught.value.code) == ("maybe", "reset")
    with Client(config.with_(gateway=url), transport="fast") as client, pytest.raises(ConnectionFailed) as caught:
        client.complaints.submit("sampah", "Sampah.", location=HERE)
    assert (caught.value.sent, caught.value.code) == ("no", "connect")
