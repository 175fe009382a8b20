"""Where being a process matters: exit codes, a reader that goes away, Ctrl-C, no terminal, a terminal, completion."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from tests.cli.conftest import NIK, clean
from typer.main import get_command

from egov_serang.cli.app import app
from egov_serang.cli.output import Output
from egov_serang.sandbox.server import Sandbox

Process = Callable[..., subprocess.Popen[str]]


def ended(process: subprocess.Popen[str], stdin: str | None = None) -> tuple[int, str, str]:
    out, err = process.communicate(stdin, timeout=60)
    clean(out + err)
    assert "Traceback" not in err
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("complaints", "services", "--limit", "1"), 0),
        (("complaints", "show", "there-is-none"), 1),
        (("complaints", "submit", "jalan_rusak"), 2),
        (("complaints", "submit", "jalan_rusak", "  "), 2),
        (("complaints", "submit", "jalan_rusak", "x", "--photo", "/there/is/none.png"), 2),
        (("complaints", "submit", "jalan_rusak", "x", "--lat", "-6.1"), 2),
        (("permits", "types", "--profile", "there-is-none"), 3),
        (("complaints", "list", "--deadline", "0.001"), 4),
    ],
)
def test_exit_codes(process: Process, arguments: tuple[str, ...], code: int) -> None:
    returned, out, err = ended(process(*arguments))
    assert returned == code, out + err
    assert (out == "") == (code != 0)
    assert bool(err) == (code != 0) or "--limit 0" in err
    assert "\x1b" not in out + err


def test_a_refusal_is_said_in_indonesian_with_the_technical_line(process: Process) -> None:
    _, _, err = ended(process("permits", "show", "there-is-none", LC_ALL="id_ID.UTF-8"))
    sentence, technical = err.splitlines()
    assert sentence == "Data tidak ditemukan."
    assert technical.startswith("NotFound: [")
    assert "(not_found)" in technical


@pytest.mark.parametrize("command", [("permits", "types", "--json"), ("doctor",)])
def test_a_reader_that_goes_away_is_no_failure(process: Process, command: tuple[str, ...]) -> None:
    running = process(*command)
    assert running.stdout is not None
    running.stdout.close()
    assert running.stderr is not None
    assert running.stderr.read() == ""
    assert running.wait(60) == 0
    for stream in (running.stdin, running.stderr):
        if stream is not None:
            stream.close()


def test_ctrl_c_ends_a_call_quietly(process: Process, sandbox: Sandbox) -> None:
    before = sandbox.counts()["token_calls"]
    sandbox.fault("complaints.list", kind="delay", delay_s=30, times=1)
    running = process("complaints", "list")
    while sandbox.counts()["token_calls"] == before and running.poll() is None:
        pass  # once it has its token it waits for the answer, or is about to
    running.send_signal(signal.SIGINT)
    returned, out, err = ended(running)
    assert returned == 130
    assert (out, err.strip()) == ("", "Interrupted.")


def test_a_piped_number_is_not_repeated_and_no_terminal_is_asked(process: Process) -> None:
    why = ("identity", "verify", "--purpose", "permit", "--legal-basis", "public_task")
    returned, out, _ = ended(process(*why, "--nik", "-"), NIK)
    assert (returned, "match" in out) == (0, True)
    returned, _, err = ended(process(*why), NIK)
    assert returned == 2
    assert "no terminal" in err


def test_at_a_terminal_the_number_is_asked_for_and_not_shown(environment: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    why = ("identity", "verify", "--purpose", "permit", "--legal-basis", "public_task")
    running = subprocess.Popen(
        [sys.executable, "-m", "egov_serang", *why],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **environment, "TERM": "xterm"},
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while b"NIK: " not in shown:
            shown += os.read(ours, 1024)
        os.write(ours, NIK.encode() + b"\n")
        while True:
            piece = os.read(ours, 1024)
            if not piece:
                break
            shown += piece
    except OSError:
        pass  # how Linux says that the other side of a terminal is closed
    finally:
        os.close(ours)
    assert running.wait(60) == 0
    assert b"match" in shown
    clean(shown.decode("utf-8"))


def test_an_ascii_terminal_gets_question_marks(process: Process) -> None:
    returned, out, _ = ended(process("permits", "types", PYTHONIOENCODING="ascii", PYTHONUTF8="0"))
    assert returned == 0
    assert out.isascii()


@pytest.mark.parametrize(
    "group",
    [(), ("config",), ("identity",), ("identity", "applications"), ("complaints",), ("permits",), ("notifications",)],
)
def test_every_command_explains_itself(group: tuple[str, ...]) -> None:
    command = get_command(app)
    for name in group:
        command = command.commands[name]  # type: ignore[attr-defined]
    names = list(command.commands)  # type: ignore[attr-defined]
    assert names
    for name in names:
        inner = command.commands[name]  # type: ignore[attr-defined]
        assert inner.help, (group, name)
        assert all(getattr(option, "help", None) for option in inner.params), (group, name)


def test_a_shell_completes_commands(process: Process) -> None:
    asked = {"_EGOV_COMPLETE": "complete_bash", "COMP_WORDS": "egov complaints tr", "COMP_CWORD": "2"}
    start = "import sys; sys.argv[0] = 'egov'; from egov_serang.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", start],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["transition"]
    assert "--install-completion" in ended(process("--help"))[1]


def test_text_of_others_brings_no_control_characters_and_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).one({"status": "\x1b[2J[red]open[/red]\x07", "\x1b[1mkey": {"a": 1}})
    Output(as_json=True).one({"status": "\x1b[2J"})
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert "[red]open[/red]" in printed
