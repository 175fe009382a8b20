"""Signals, closed streams, odd terminals: what a shell, a service manager or a pipe does to a running command."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import clean

from egov_serang import Client, Config
from egov_serang.models.complaints import Location
from egov_serang.models.permits import Applicant
from egov_serang.sandbox.server import Sandbox

Process = Callable[..., subprocess.Popen[str]]
EGOV = (sys.executable, "-m", "egov_serang")


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    clean(out + err)
    assert "Traceback" not in out + err
    return process.returncode, out, err


@pytest.fixture
def draft(environment: dict[str, str]) -> str:
    with Client(Config.load(environment=environment)) as client:
        who = Applicant(subject_ref="sub_uji_1", name="Pedagang Contoh")
        return client.permits.applications.start("TDU-PKL", applicant=who).application_id


@pytest.fixture
def many(environment: dict[str, str]) -> None:
    """More complaints than a pipe holds."""
    with Client(Config.load(environment=environment)) as client:
        for _ in range(30):
            client.complaints.submit("jalan_rusak", "Lubang. " * 400, location=Location(area_code="36.73.01.1001"))


@pytest.mark.parametrize(("language", "said"), [("C.UTF-8", "Interrupted."), ("id_ID.UTF-8", "Dihentikan.")])
def test_ctrl_c_ends_a_wait_quietly(process: Process, sandbox: Sandbox, draft: str, language: str, said: str) -> None:
    before = len(sandbox.requests())
    running = process("permits", "wait", draft, "--timeout", "300", LC_ALL=language)
    while len(sandbox.requests()) == before and running.poll() is None:
        pass  # it looks, or has looked and sleeps until it looks again
    running.send_signal(signal.SIGINT)
    code, out, err = ended(running)
    assert (code, out, err.strip()) == (130, "", said)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_sandbox_told_to_end_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    command = [*EGOV, "sandbox", "--port", "0", "--database", str(tmp_path / "city.db")]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith("Ctrl-C"):
            break
    running.send_signal(number)
    code, _, err = ended(running)
    assert (code, err) == (0, "")
    assert not list(tmp_path.glob("*-journal"))


def test_ctrl_c_ends_the_demo_without_a_trace(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [*EGOV, "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, bufsize=1
    )
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith(">"):
            break
    running.send_signal(signal.SIGINT)
    code, _, err = ended(running)
    assert code == 130
    assert err.strip() in {"", "Aborted.", "Interrupted."}
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("options", [(), ("--json",), ("--limit", "1")])
def test_a_reader_that_goes_away_from_a_list_is_no_failure(process: Process, options: tuple[str, ...]) -> None:
    running = process("complaints", "list", *options)
    assert running.stdout is not None
    running.stdout.close()
    assert running.stderr is not None
    err = running.stderr.read()
    assert running.wait(60) == 0
    assert "Traceback" not in err
    assert "Broken" not in err
    for stream in (running.stdin, running.stderr):
        if stream is not None:
            stream.close()


@pytest.mark.parametrize("closed", ["<&-", "< /dev/null", "<&- >out.txt 2>&1", "<&- >out.txt 2>&-"])
def test_a_command_needs_neither_input_nor_terminal(environment: dict[str, str], tmp_path: Path, closed: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if name not in {"TERM", "COLUMNS"}}
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m egov_serang permits types {closed}'],
        env={**inherited, **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    file = tmp_path / "out.txt"
    written = file.read_text("utf-8") if file.exists() else done.stdout
    assert "permit_type_code" in written
    assert "TDU-PKL" in written
    assert "\x1b" not in written


def at_terminal(arguments: tuple[str, ...], environment: dict[str, str], **more: str) -> tuple[int, str]:
    """Exit code and what a terminal showed."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [*EGOV, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **environment, "TERM": "xterm", **more},
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:
        pass  # how Linux says that the other side of a terminal is closed
    finally:
        os.close(ours)
    text = shown.decode("utf-8", "replace")
    clean(text)
    return running.wait(120), text


def test_a_narrow_terminal_folds_and_loses_nothing(environment: dict[str, str]) -> None:
    code, shown = at_terminal(("permits", "types"), environment, COLUMNS="40", NO_COLOR="1")
    assert code == 0
    assert "TDU-PKL" in shown
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in shown.splitlines()) <= 40
    assert "\x1b[3" not in shown, "NO_COLOR is set"


def test_a_wait_shows_at_a_terminal_that_it_waits(environment: dict[str, str], draft: str) -> None:
    code, shown = at_terminal(("permits", "wait", draft, "--timeout", "0.3"), environment)
    assert code == 4
    assert "Waiting for the office" in shown


def test_a_wait_says_nothing_of_it_without_a_terminal(process: Process, draft: str) -> None:
    code, out, err = ended(process("permits", "wait", draft, "--timeout", "0.3"))
    assert (code, out) == (4, "")
    assert "Waiting for the office" not in err
