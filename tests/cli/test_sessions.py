"""Where a session is kept, and that no renewal loses it: keyrings, the lock, what is cut off. Against the sandbox."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from tests.cli.keyrings import PLACE
from tests.cli.machine import APP, DRIVEN, SCOPES, Machine
from tests.cli.opened import go

from egov_serang import Config, ConnectionFailed, Unauthorized
from egov_serang.assembly import sync_transport
from egov_serang.assembly.authentication import session_of
from egov_serang.auth import sessions as sessions_of
from egov_serang.auth.issuer import Issuer
from egov_serang.auth.person import PersonTokens
from egov_serang.auth.sessions import Session, Sessions
from egov_serang.cli.person import Person
from egov_serang.core.message import Limits, Request, Response, TransportFault
from egov_serang.core.runtime import SyncRuntime, run_sync
from egov_serang.sandbox.server import RETURN, Sandbox

SEEN = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
"""Where processes find our keyrings."""


@pytest.fixture
def config(sandbox: Sandbox, city: Config, tmp_path: Path) -> Config:
    sandbox.register(APP, {"keys": []}, SCOPES, public=True, redirect_uris=[RETURN])
    return Config(
        gateway=city.gateway, auth="login", client_id=APP, signature="none", session_folder=tmp_path / "sessions"
    )


@pytest.fixture
def machine(config: Config, tmp_path: Path) -> Machine:
    found = Machine(config, tmp_path)
    found.variables |= {PLACE: str(tmp_path / "keyring.json"), "PYTHONPATH": SEEN, "BROWSER": f"{DRIVEN} allow %s"}
    return found


def logged_in(config: Config) -> Session:
    """A session in a file, whose access token has expired."""
    Person(config, "me").log_in_here("file", lambda _: None, lambda address: go("allow", address))
    sessions = session_of(config)[1]
    session = sessions.read()
    assert session is not None
    old = Session(session.access, session.refresh, 0.0, session.lifetime, session.scope)
    sessions.write(old, "file")
    return old


def keyring(name: str) -> dict[str, str]:
    return {"PYTHON_KEYRING_BACKEND": f"tests.cli.keyrings.{name}"}


def test_a_keyring_that_works_keeps_renews_and_forgets(machine: Machine) -> None:
    working, file = keyring("Working"), Path(machine.variables[PLACE])
    code, out, err = machine.run("login", "--browser", **working)
    assert (code, "keyring" in out) == (0, True), err
    (name,) = json.loads(file.read_text("utf-8"))  # and the probe is gone
    document = json.loads(json.loads(file.read_text("utf-8"))[name])
    for kept in Path(str(machine.config.session_folder)).glob("*.json"):
        assert not any(document[secret] in kept.read_text("utf-8") for secret in ("access", "refresh"))
    assert machine.run("token", "--reveal", **working)[1].strip() == document["access"]
    file.write_text(json.dumps({name: json.dumps(document | {"expires_at": 0})}), "utf-8")
    renewed = machine.run("token", "--reveal", **working)[1].strip()
    now = json.loads(json.loads(file.read_text("utf-8"))[name])
    assert renewed == now["access"] != document["access"]
    assert now["refresh"] != document["refresh"]
    assert machine.run("logout", **working)[0] == 0
    assert json.loads(file.read_text("utf-8")) == {}


@pytest.mark.parametrize(("name", "said"), [("Forgetful", "forgets"), ("Locked", "KeyringLocked"), ("Deaf", "OSError")])
def test_a_keyring_that_fails_at_the_probe_is_found_out_before_anything_is_asked(
    sandbox: Sandbox, machine: Machine, name: str, said: str
) -> None:
    before = len(sandbox.requests())
    for flow in ((), ("--browser",)):
        code, out, err = machine.run("login", *flow, "--language", "id", **keyring(name))
        assert (code, out) == (3, "")
        assert "Keyring komputer ini tidak dapat dipakai" in err
        assert said in err
        assert "cannot keep" not in err
    assert len(sandbox.requests()) == before


def test_a_keyring_that_is_gone_by_now_does_not_cost_the_next_login(machine: Machine) -> None:
    """The session before was kept there; this one is kept in a file, and is there when all is done."""
    assert machine.run("login", "--browser", **keyring("Working"))[0] == 0
    code, out, err = machine.run("login", "--browser", "--token-file")  # a machine whose keyring fails
    assert (code, "file" in out) == (0, True), err
    assert machine.run("whoami")[0] == 0
    assert machine.run("logout")[0] == 0


def test_a_file_that_others_can_read_is_replaced_by_the_next_login(machine: Machine, config: Config) -> None:
    logged_in(config)
    file = session_of(config)[1].file
    file.chmod(0o644)
    code, out, err = machine.run("whoami")
    assert (code, out) == (3, "")
    assert "egov login" in err
    assert machine.run("login", "--browser", "--token-file")[0] == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert machine.run("whoami")[0] == 0


class _NoLock:
    """The file lock, taken away."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def acquire(self, **_: Any) -> Self:
        return self

    def release(self) -> None: ...


def _renew(config: Config, told: Any, barrier: Any, *, locked: bool) -> None:
    """Renew in a process of its own; without the lock, when everybody has read what is kept."""
    if not locked:
        ask = Issuer.tokens

        async def together(self: Issuer, *arguments: Any) -> Response:
            barrier.wait(60)
            return await ask(self, *arguments)

        sessions_of.FileLock, Issuer.tokens = _NoLock, together  # type: ignore[misc, assignment, method-assign]
    else:
        barrier.wait(60)
    try:
        told.put(Person(config, "me").access_token())
    except Unauthorized as error:
        told.put(error.code)


@pytest.mark.parametrize("locked", [True, False])
def test_several_processes_at_one_expiry_need_the_lock(sandbox: Sandbox, config: Config, locked: bool) -> None:
    """With it they renew once. Without it one of them shows a used refresh token, and the session is over."""
    logged_in(config)
    spawn, many, before = multiprocessing.get_context("spawn"), 3, sandbox.counts()["token_calls"]
    told, barrier = spawn.Queue(), spawn.Barrier(many)
    crowd = [spawn.Process(target=_renew, args=(config, told, barrier), kwargs={"locked": locked}) for _ in range(many)]
    for one in crowd:
        one.start()
    results = [told.get(timeout=120) for _ in crowd]
    for one in crowd:
        one.join(120)
    session = session_of(config)[1].read()
    if locked:
        assert (len(set(results)), sandbox.counts()["token_calls"] - before) == (1, 1)
        assert session is not None
        assert session.access.reveal() == results[0]
        return
    assert sandbox.counts()["token_calls"] - before == many
    assert results.count("invalid_grant") == many - 1
    lost = session is None
    if session is not None and session.refresh is not None:  # who won wrote last: what it wrote is dead all the same
        form = {"grant_type": "refresh_token", "client_id": APP, "refresh_token": session.refresh.reveal()}
        lost = (
            httpx.post(f"{config.gateway}/oauth2/token", data=form, trust_env=False).json()["error"] == "invalid_grant"
        )
    assert lost


class Lossy:
    """A transport whose answers are lost on their way."""

    def __init__(self, config: Config, sent: Any) -> None:
        self._real, self._sent = sync_transport(config, None), sent

    def send(self, request: Request, limits: Limits) -> Response:
        if request.method == "GET":
            return self._real.send(request, limits)
        if self._sent != "no":
            self._real.send(request, limits)
        raise TransportFault("reset", sent=self._sent, reason="the connection was cut")

    def close(self) -> None:
        self._real.close()


@pytest.fixture
def sessions(config: Config) -> Sessions:
    logged_in(config)
    return session_of(config)[1]


def fetch(config: Config, transport: Any) -> str:
    runtime = SyncRuntime(transport)
    try:
        return run_sync(PersonTokens(*session_of(config)).get(runtime, runtime.now() + 30)).header()
    finally:
        transport.close()


def test_an_answer_that_was_lost_is_named_as_the_reason_when_the_session_is_over(
    config: Config, sessions: Sessions
) -> None:
    with pytest.raises(ConnectionFailed) as lost:
        fetch(config, Lossy(config, "maybe"))
    assert lost.value.sent == "no"  # the call that wanted the token was not
    assert sessions.is_renewing()
    with pytest.raises(Unauthorized) as over:
        Person(config, "me").access_token()
    assert over.value.code == "invalid_grant"
    assert "cut off" in (over.value.hint or "")
    assert "egov login" in (over.value.hint or "")
    assert sessions.read() is None


def test_a_request_that_never_left_costs_nothing(config: Config, sessions: Sessions) -> None:
    with pytest.raises(ConnectionFailed):
        fetch(config, Lossy(config, "no"))
    assert not sessions.is_renewing()
    assert Person(config, "me").access_token()
    assert not sessions.is_renewing()


def test_without_a_renewal_cut_off_the_copy_of_a_session_is_named(config: Config, sessions: Sessions) -> None:
    copied = sessions.read()
    assert copied is not None
    Person(config, "me").access_token()
    sessions.write(copied, "file")
    with pytest.raises(Unauthorized) as over:
        Person(config, "me").access_token()
    assert "never copy" in (over.value.hint or "")


SLOW = """
import sys, threading, time
from egov_serang import Config
from egov_serang.auth import issuer
from egov_serang.cli.person import Person

ask = issuer.Issuer.tokens
async def slowly(self, runtime, fields, until):
    response = await ask(self, runtime, fields, until)
    print("rotated", flush=True)
    sys.stdin.readline()  # the issuer has rotated, and nothing is kept yet
    return response
issuer.Issuer.tokens = slowly
Person(Config.load(), "me").access_token()
"""


@pytest.fixture
def rotated(machine: Machine, sessions: Sessions) -> Iterator[subprocess.Popen[str]]:
    """A process that has the issuer's answer, and has not written it yet."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SLOW)],
        env={**os.environ, **machine.variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "rotated\n"
        yield running


def test_ctrl_c_between_rotation_and_writing_loses_nothing(
    rotated: subprocess.Popen[str], config: Config, sessions: Sessions
) -> None:
    before = sessions.read()
    rotated.send_signal(signal.SIGINT)
    _, err = rotated.communicate("\n", timeout=60)
    assert "KeyboardInterrupt" in err
    after = sessions.read()
    assert before is not None
    assert after is not None
    assert after.access.reveal() != before.access.reveal()
    assert not sessions.is_renewing()
    assert Person(config, "me").access_token() == after.access.reveal()


def test_a_kill_between_rotation_and_writing_ends_the_session_and_says_why(
    rotated: subprocess.Popen[str], machine: Machine, sessions: Sessions
) -> None:
    """What no program can prevent: the only copy of the next refresh token died with it."""
    rotated.kill()
    rotated.wait(60)
    assert sessions.is_renewing()
    code, out, err = machine.run("token", "--reveal", "--language", "id")
    assert (code, out) == (1, "")
    assert "Sesi sudah berakhir. Masuk lagi dengan: egov login" in err
    assert "cut off" in err
