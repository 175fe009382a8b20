"""`egov login --browser`: the page a browser comes back to, what it refuses, and whole logins against the sandbox."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from tests.cli.machine import APP, DRIVEN, SCOPES, Machine, decide
from tests.cli.opened import go
from tests.login.browser import Browser

from egov_serang import Config, ConfigError, DeadlineExceeded, Forbidden, Unauthorized
from egov_serang.assembly.authentication import session_of
from egov_serang.cli.loopback import Loopback
from egov_serang.cli.person import Person
from egov_serang.sandbox.server import RETURN, Sandbox


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with Loopback(RETURN) as listening:
        listening.expect(lambda query: query == "state=right&code=secret")
        yield listening


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


ID = {"LC_ALL": "id_ID.UTF-8"}
FORGED: dict[str, tuple[str, str, dict[str, str], int]] = {
    "another login's": ("GET", "/callback?state=wrong&code=secret", {}, 400),
    "none": ("GET", "/callback", {}, 400),
    "far too long": ("GET", f"/callback?state=right&code={'x' * 9000}", {}, 400),
    "another page": ("GET", "/favicon.ico", {}, 404),
    "another name of this address": ("GET", "/callback?state=right&code=secret", {"host": "evil.test"}, 404),
    "a form": ("POST", "/callback?state=right&code=secret", {}, 405),
    "a look": ("HEAD", "/callback?state=right&code=secret", {}, 405),
    "a verb nobody knows": ("BREW", "/callback?state=right&code=secret", {}, 405),
}


def test_what_is_no_answer_gets_an_error_page_and_ends_no_wait(
    loopback: Loopback, http: httpx.Client, capfd: pytest.CaptureFixture[str]
) -> None:
    base = loopback.back.removesuffix("/callback")
    for name, (method, target, headers, status) in FORGED.items():
        told = http.request(method, base + target, headers=headers)
        assert told.status_code == status, name
        assert "secret" not in told.text
    with pytest.raises(DeadlineExceeded, match="in time"):
        loopback.wait(0)
    done = http.get(f"{loopback.back}?state=right&code=secret")
    assert done.status_code == 200
    assert loopback.wait(30) == "state=right&code=secret"
    assert http.get(f"{loopback.back}?state=right&code=secret").status_code == 400  # the first is the only one
    with pytest.raises(DeadlineExceeded):
        loopback.wait(0)
    assert capfd.readouterr() == ("", "")


def test_the_page_says_in_two_languages_that_it_may_be_closed_and_keeps_nothing(
    loopback: Loopback, http: httpx.Client
) -> None:
    page = http.get(f"{loopback.back}?state=right&code=secret")
    assert "boleh ditutup" in page.text
    assert "may close this window" in page.text
    assert "secret" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["server"] == "egov"


@pytest.mark.parametrize(
    "noise", [b"", b"\x16\x03\x01\x02\x00", b"GET /\r\n\r\n", b"GET " + b"x" * 70_000, b"GET / HTTP/9\r\n\r\n"]
)
def test_connections_that_say_nothing_or_nonsense_hold_nobody_up(
    loopback: Loopback, http: httpx.Client, capfd: pytest.CaptureFixture[str], noise: bytes
) -> None:
    port = urlsplit(loopback.back).port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port)) as silent:
        silent.sendall(noise)
        assert http.get(f"{loopback.back}?state=right&code=secret").status_code == 200
        assert loopback.wait(30)
    assert capfd.readouterr() == ("", "")


def test_it_listens_on_this_address_alone_and_no_longer_than_it_must() -> None:
    with Loopback(RETURN) as listening:
        port = urlsplit(listening.back).port
        assert listening.back == f"http://127.0.0.1:{port}/callback"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port))
        with pytest.raises(ConfigError, match="cannot be listened on") as caught:
            Loopback(listening.back)
        assert "egov login" in (caught.value.hint or "")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    with Loopback(f"http://127.0.0.1:{port}/own") as again:
        assert again.back == f"http://127.0.0.1:{port}/own"


@pytest.fixture
def config(sandbox: Sandbox, city: Config, tmp_path: Path) -> Config:
    sandbox.register(APP, {"keys": []}, SCOPES, public=True, redirect_uris=[RETURN])
    return Config(
        gateway=city.gateway, auth="login", client_id=APP, signature="none", session_folder=tmp_path / "sessions"
    )


def test_a_person_logs_in_and_the_session_renews(config: Config) -> None:
    shown: list[str] = []
    person = Person(config, "me")
    status = person.log_in_here("file", shown.append, lambda address: go("allow", address))
    assert status.scope == " ".join(SCOPES)
    assert status.renewable
    sent = dict(parse_qsl(urlsplit(shown[0]).query))
    assert set(sent) == {"client_id", "request_uri"}  # pushed: the address holds no state and no challenge
    sessions = session_of(config)[1]
    first = sessions.read()
    assert first is not None
    assert person.access_token() == first.access.reveal()
    sessions.write(replace(first, expires_at=0.0), "file")
    assert person.access_token() != first.access.reveal()


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"iss": "https://evil.test"}, Unauthorized, "login_issuer"),
        ({"iss": None}, Unauthorized, "login_issuer"),
        ({"code": None}, Unauthorized, "login_answer"),
        ({"code": "made-up"}, Unauthorized, "invalid_grant"),
        ({"code": None, "error": "access_denied"}, Forbidden, "access_denied"),
    ],
    ids=str,
)
def test_an_answer_that_was_tampered_with_lets_nobody_in(
    config: Config, changes: dict[str, str | None], error: type[Exception], code: str
) -> None:
    def tampered(address: str) -> None:
        browser = Browser()
        back = urlsplit(browser.agree(address))
        fields = {**dict(parse_qsl(back.query)), **changes}
        query = urlencode({name: value for name, value in fields.items() if value is not None})
        with httpx.Client(trust_env=False) as http:
            forged = f"http://{back.netloc}{back.path}?"
            assert http.get(forged + urlencode({**fields, "state": "guessed"})).status_code == 400
            http.get(forged + query)
        browser.close()

    with pytest.raises(error) as caught:
        Person(config, "me").log_in_here("file", lambda _: None, tampered)
    assert caught.value.code == code  # type: ignore[attr-defined]
    assert "egov login" in str(caught.value)
    assert session_of(config)[1].read() is None


def test_an_issuer_that_knows_no_such_client_says_so_on_its_page(sandbox: Sandbox, config: Config) -> None:
    sandbox.register(APP, {"keys": []}, SCOPES, public=True, redirect_uris=["http://127.0.0.1/other"])
    with pytest.raises(Unauthorized) as caught:
        Person(config, "me").log_in_here("file", lambda _: None, lambda _: None)
    assert caught.value.code == "invalid_request"  # at the pushed request: no browser is needed to learn it


@pytest.fixture
def machine(config: Config, tmp_path: Path) -> Machine:
    return Machine(config, tmp_path)


@pytest.mark.parametrize("options", [(), ("--json", "--language", "id")])
def test_a_process_logs_in_with_the_browser_the_environment_names(
    sandbox: Sandbox, machine: Machine, options: tuple[str, ...]
) -> None:
    code, out, err = machine.run("login", "--browser", "--token-file", *options, BROWSER=f"{DRIVEN} allow %s")
    assert code == 0, err
    assert "file" in out
    assert "Sudah masuk." in err if options else "Logged in." in err
    assert [secret for secret in machine.secrets() if secret in out + err] == []
    assert machine.run("whoami")[0] == 0
    assert machine.run("token", "--reveal")[1].strip() == machine.session.access.reveal()
    assert machine.run("logout")[0] == 0
    assert machine.run("whoami")[0] == 1


def test_where_no_browser_opens_the_printed_address_does(machine: Machine) -> None:
    running = machine.start("login", "--browser", "--token-file")
    assert running.stderr is not None
    said = [running.stderr.readline() for _ in range(2)]
    assert "Ctrl-C" in said[0]
    go("allow", said[1].strip())
    out, err = running.communicate(timeout=60)
    assert (running.returncode, "logged_in     yes" in out) == (0, True), err


def test_who_denies_in_the_browser_is_not_logged_in(machine: Machine) -> None:
    code, out, err = machine.run("login", "--browser", "--token-file", BROWSER=f"{DRIVEN} deny %s", **ID)
    assert (code, out) == (1, "")
    assert "Login ditolak" in err
    assert "access_denied" in err
    assert machine.run("whoami")[0] == 1


def test_ctrl_c_while_the_browser_is_awaited_leaves_nothing(machine: Machine, http: httpx.Client) -> None:
    running = machine.start("login", "--browser", "--token-file")
    assert running.stderr is not None
    assert "Ctrl-C" in running.stderr.readline()
    address = running.stderr.readline().strip()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err.strip()) == (130, "", "Interrupted.")
    assert list(Path(str(machine.config.session_folder)).glob("*.json")) == []
    with pytest.raises(httpx.ConnectError):
        go("allow", address)  # nobody listens any more


def test_a_process_logs_in_by_a_code_typed_elsewhere(machine: Machine) -> None:
    running = machine.start("login", "--token-file")
    assert running.stderr is not None
    said = running.stderr.readline()
    code = re.findall(r"type the code (\S+)", said)[0]
    decide(machine.config.gateway, code)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, "logged_in     yes" in out) == (0, True), err
    assert [secret for secret in machine.secrets() if secret in said + out + err] == []
    code, _, err = machine.run("doctor", "--language", "id")
    assert code == 1, err  # this client signs nothing, and the gateway wants that: all before it was well


def test_the_doctor_shows_the_session_and_never_its_tokens(machine: Machine) -> None:
    missing = json.loads(machine.run("doctor", "--json")[1])
    checks = {check["check"]: check for check in missing["checks"]}
    assert (checks["session"]["state"], checks["session"]["remedy"]) == ("wrong", "Log in: egov login")
    machine.run("login", "--browser", "--token-file", BROWSER=f"{DRIVEN} allow %s")
    _, out, err = machine.run("doctor", "--json")
    checks = {check["check"]: check for check in json.loads(out)["checks"]}
    session = checks["session"]
    assert (session["state"], checks["token"]["state"]) == ("ok", "ok")
    expires = datetime.fromtimestamp(machine.session.expires_at, UTC).isoformat(timespec="seconds")
    for word in ("profile me", "file only you can read", "\u2022" * 12, expires, "renewed"):
        assert word in session["found"]
    assert [secret for secret in machine.secrets() if secret in out + err] == []
    whoami = json.loads(machine.run("whoami", "--json")[1])
    assert (whoami["profile"], whoami["kept_in"], whoami["valid_until"]) == ("me", "file", expires)
    assert whoami["access_token"] == "\u2022" * 12
