"""A person's session: device flow, keeping, renewal by several processes, the commands. Against the real sandbox."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.machine import APP, SCOPES, decide
from typer.testing import CliRunner

from egov_serang import AsyncClient, Client, Config, ConfigError, DeadlineExceeded, Unauthorized
from egov_serang.assembly import message_key, sync_transport
from egov_serang.assembly.authentication import session_of, token_source
from egov_serang.auth import device
from egov_serang.auth.sessions import Session
from egov_serang.cli.app import app
from egov_serang.core.runtime import SyncRuntime, run_sync
from egov_serang.sandbox.server import Sandbox


class Advancing(SyncRuntime):
    """Sleeps by moving the city's time."""

    def __init__(self, sandbox: Sandbox, config: Config) -> None:
        self.transport = sync_transport(config, None)
        super().__init__(self.transport)
        self.sandbox = sandbox
        self.slept: list[float] = []

    def log_in(self, config: Config, show: Callable[[device.Prompt], None]) -> Session:
        try:
            return run_sync(device.log_in(self, session_of(config)[0], None, show))
        finally:
            self.transport.close()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.sandbox.advance(seconds)


@pytest.fixture
def config(sandbox: Sandbox, city: Config, tmp_path: Path) -> Config:
    sandbox.register(APP, {"keys": []}, SCOPES, public=True)
    return Config(
        gateway=city.gateway, auth="login", client_id=APP, signature="none", session_folder=tmp_path / "sessions"
    )


def log_in(sandbox: Sandbox, config: Config, decision: str = "allow") -> Session:
    sessions = session_of(config)[1]
    sessions.probe("file")
    session = Advancing(sandbox, config).log_in(config, lambda prompt: decide(config.gateway, prompt.code, decision))
    sessions.write(session, "file")
    return session


def aged(config: Config, session: Session) -> Session:
    """The same, with an access token that has expired."""
    old = Session(session.access, session.refresh, 0.0, session.lifetime, session.scope)
    session_of(config)[1].write(old, "file")
    return old


def renewals(sandbox: Sandbox) -> int:
    return sum("/oauth2/token" in str(request) for request in sandbox.requests())


def test_a_denial_and_a_silence_keep_nothing(sandbox: Sandbox, config: Config) -> None:
    with pytest.raises(Unauthorized) as caught:
        log_in(sandbox, config, "deny")
    assert caught.value.code == "access_denied"
    with pytest.raises(DeadlineExceeded, match="in time"):
        Advancing(sandbox, config).log_in(config, lambda _: sandbox.advance(700))
    assert session_of(config)[1].read() is None


def test_it_asks_every_interval_and_slower_when_told(sandbox: Sandbox, config: Config) -> None:
    codes: list[str] = []

    class Hurried(Advancing):
        async def sleep(self, seconds: float) -> None:
            self.slept.append(seconds)
            if len(self.slept) != 2:  # the second question comes too early
                self.sandbox.advance(seconds)
            if len(self.slept) == 4:
                decide(config.gateway, codes[0])

    runtime = Hurried(sandbox, config)
    runtime.log_in(config, lambda prompt: codes.append(prompt.code))
    assert runtime.slept == [5, 5, 10, 10]


def test_the_file_is_its_owners_alone_and_shows_in_no_repr(sandbox: Sandbox, config: Config) -> None:
    session = log_in(sandbox, config)
    sessions = session_of(config)[1]
    assert session.access.reveal() not in repr(session)
    assert sessions.file.stat().st_mode & 0o777 == 0o600
    assert sorted(file.suffix for file in sessions.file.parent.iterdir()) == [".json"]
    sessions.file.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        sessions.read()
    sessions.file.chmod(0o600)
    sessions.file.write_text("{", "utf-8")
    with pytest.raises(ConfigError, match="egov login"):
        sessions.read()


def token_of(config: Config, started: Any = None, go: Any = None, told: Any = None) -> str:
    """An access token, as another process obtains it."""
    if go is not None:
        started.release()
        go.wait()
    transport = sync_transport(config, None)
    runtime = SyncRuntime(transport)
    source = token_source(config)
    assert source is not None
    try:
        token = run_sync(source.get(runtime, runtime.now() + 60)).header()
    finally:
        transport.close()
    if told is not None:
        told.put(token)
    return token


def test_processes_at_one_expiry_renew_once(sandbox: Sandbox, config: Config) -> None:
    aged(config, log_in(sandbox, config))
    before, many = renewals(sandbox), 4
    spawn = multiprocessing.get_context("spawn")
    started, go, told = spawn.Semaphore(0), spawn.Event(), spawn.Queue()
    crowd = [spawn.Process(target=token_of, args=(config, started, go, told)) for _ in range(many)]
    for one in crowd:
        one.start()
    for _ in crowd:
        started.acquire()
    go.set()
    tokens = {told.get(timeout=120) for _ in crowd}
    for one in crowd:
        one.join(120)
        assert one.exitcode == 0
    assert (len(tokens), renewals(sandbox) - before) == (1, 1)
    sandbox_session = session_of(config)[1].read()
    assert sandbox_session is not None
    aged(config, sandbox_session)
    assert token_of(config) not in tokens  # nobody lost the session: it still renews


def test_both_clients_use_the_session_and_renew_it_when_it_is_refused(
    sandbox: Sandbox, config: Config, tmp_path: Path
) -> None:
    settings = sandbox.credentials("keys-of-a-person", SCOPES, tmp_path / "keys").settings
    config = config.with_(signature="rfc9421", signing_key_file=settings["signing_key_file"])
    sandbox.register(APP, {"keys": [message_key(config).public_jwk("message")]}, SCOPES, public=True)
    log_in(sandbox, config)
    with Client(config) as client:
        next(iter(client.complaints.services()))
        sandbox.advance(7200)  # the city refuses the token; this machine's clock knows nothing of it
        before = renewals(sandbox)
        next(iter(client.complaints.services()))
        assert renewals(sandbox) == before + 1

    async def alone() -> None:
        async with AsyncClient(config) as other:
            async for _ in other.complaints.services():
                break

    asyncio.run(alone())
    assert renewals(sandbox) == before + 1  # the other client found the renewed one


def test_a_dead_session_says_so_and_is_forgotten(sandbox: Sandbox, config: Config) -> None:
    with pytest.raises(ConfigError, match="egov login"):
        token_of(config)
    first = log_in(sandbox, config)
    aged(config, first)
    token_of(config)
    aged(config, first)  # a copy: the refresh token was used
    with pytest.raises(Unauthorized) as caught:
        token_of(config)
    assert caught.value.code == "invalid_grant"
    assert session_of(config)[1].read() is None


@pytest.fixture
def run(config: Config, tmp_path: Path) -> Callable[..., Any]:
    file = tmp_path / "config.toml"
    file.write_text(
        f'[profile.me]\ngateway = "{config.gateway}"\nauth = "login"\nclient_id = "{APP}"\nsignature = "none"\n'
        'session_folder = "sessions"\n',
        "utf-8",
    )
    environment = {"EGOV_SERANG_CONFIG": str(file), "EGOV_SERANG_PROFILE": "me", "LC_ALL": "C.UTF-8"}
    environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"  # a machine without a desktop
    return lambda *arguments: CliRunner().invoke(app, arguments, env=environment)


def test_the_commands(sandbox: Sandbox, config: Config, run: Callable[..., Any]) -> None:
    assert run("whoami").exit_code == 1
    session = log_in(sandbox, config)
    printed = run("whoami", "--json")
    assert '"kept_in": "file"' in printed.stdout
    masked = run("token")
    assert masked.stdout.strip() == "•" * 12
    assert run("token", "--reveal").stdout.strip() == session.access.reveal()
    done = run("logout")
    assert (done.exit_code, done.stdout) == (0, "Logged out.\n")
    assert session.refresh is not None
    for result in (printed, masked, done):
        for secret in (session.access.reveal(), session.refresh.reveal()):
            assert secret not in result.stdout + result.stderr
    form = {"grant_type": "refresh_token", "client_id": APP, "refresh_token": session.refresh.reveal()}
    refused = httpx.post(f"{config.gateway}/oauth2/token", data=form, trust_env=False)
    assert refused.json()["error"] == "invalid_grant"
    assert run("logout").exit_code == 3


def test_without_a_keyring_nothing_is_asked(sandbox: Sandbox, config: Config, run: Callable[..., Any]) -> None:
    before = len(sandbox.requests())
    code = "import sys; from egov_serang.cli import main; main()"
    variables = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    file = Path(str(config.session_folder)).parent / "config.toml"
    variables |= {"EGOV_SERANG_CONFIG": str(file), "EGOV_SERANG_PROFILE": "me", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", code, "login"], env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stderr
    assert "--token-file" in done.stderr
    assert len(sandbox.requests()) == before


def test_ctrl_c_during_the_wait_leaves_nothing(sandbox: Sandbox, config: Config, run: Callable[..., Any]) -> None:
    folder = Path(str(config.session_folder))
    variables = {**os.environ, "EGOV_SERANG_PROFILE": "me", "LC_ALL": "C.UTF-8"}
    variables["EGOV_SERANG_CONFIG"] = str(folder.parent / "config.toml")
    waiting = subprocess.Popen(
        [sys.executable, "-m", "egov_serang", "login", "--token-file"],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert waiting.stderr is not None
    assert "/device" in waiting.stderr.readline()  # the person is asked; nobody answers
    waiting.send_signal(signal.SIGINT)
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, out, err.strip()) == (130, "", "Interrupted.")
    assert list(folder.iterdir()) == []
    assert run("whoami").exit_code == 1
