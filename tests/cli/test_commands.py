"""The command line as a person meets it: in processes of its own, without a terminal."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console
from tests.cli.machine import DRIVEN

from egov_serang import Client, Config, Nik
from egov_serang.cli.demo.run import run_demo
from egov_serang.models.identity import Purpose, VerificationOutcome
from egov_serang.sandbox.server import Sandbox

EGOV = (sys.executable, "-m", "egov_serang")


def egov(*arguments: str, folder: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EGOV, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder,
        env={**os.environ, **more},
    )


@contextmanager
def running(*arguments: str, folder: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, **more}
    process = subprocess.Popen([*EGOV, *arguments], stdout=subprocess.PIPE, text=True, cwd=folder, env=environment)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_help_names_every_command() -> None:
    shown = egov("--help")
    assert shown.returncode == 0
    assert all(word in shown.stdout for word in ("demo", "sandbox", "--version"))
    assert "SQLite" in egov("sandbox", "--help").stdout


def test_an_unknown_command_is_an_error_of_use() -> None:
    shown = egov("sandbocks")
    assert shown.returncode == 2
    assert "sandbocks" in shown.stderr


@pytest.mark.parametrize(
    ("option", "city"), [((), "Kota Serang (36.73)"), (("--city", "cilegon"), "Kota Cilegon (36.72)")]
)
def test_the_demo_tells_the_story_to_the_end(option: tuple[str, ...], city: str) -> None:
    shown = egov("demo", *option)
    assert shown.stdout.startswith(f"Sandbox of {city} at ")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stdout.count("  ok: ") == 14
    assert "Every step held." in shown.stdout
    assert "9973••••••••••••" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_a_step_that_does_not_hold_is_shown_and_ends_the_story() -> None:
    told = io.StringIO()
    with Sandbox() as city:
        city.fault("complaints.transition", kind="status", status=403, code="forbidden", times=1)
        assert run_demo(Console(file=told, width=120), city) is False
    assert "FAILED" in told.getvalue()
    assert "Forbidden" in told.getvalue()
    assert "street trader" not in told.getvalue()


def test_the_sandbox_prints_a_profile_that_works(tmp_path: Path) -> None:
    with running("sandbox", "--port", "0", folder=tmp_path) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        start = lines.index("[profile.sandbox]\n")
        profile = tmp_path / "config.toml"
        profile.write_text("".join(lines[start : lines.index("\n", start)]))
        found = {"EGOV_SERANG_CONFIG": str(profile), "EGOV_SERANG_PROFILE": "sandbox"}
        with Client(Config.load(environment=found)) as client:
            verified = client.identity.verify(
                Nik("9973010101900000"), purpose=Purpose(purpose_code="permit", legal_basis="public_task")
            )
    assert verified.outcome is VerificationOutcome.MATCH
    assert process.returncode == 0
    assert all(os.stat(key).st_mode & 0o077 == 0 for key in (tmp_path / ".egov-sandbox").iterdir())


def test_a_taken_port_is_said_plainly(sandbox: Sandbox, tmp_path: Path) -> None:
    shown = egov("sandbox", "--port", sandbox.url.rpartition(":")[2], "--keys", str(tmp_path))
    assert shown.returncode == 2
    assert "--port" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_its_extra_the_command_says_how_to_get_it(missing: str) -> None:
    code = (
        "import importlib.util as u; find = u.find_spec\n"
        f"u.find_spec = lambda name, package=None: None if name == {missing!r} else find(name, package)\n"
        "from egov_serang.cli import main; main()"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert shown.returncode == 1
    assert f"egov needs {missing}: pip install 'egov-serang[cli,sandbox]'" in shown.stderr


def test_the_sandbox_writes_its_profile(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '# mine\n[profile.other]\ngateway = "https://a.example"\n\n[profile.cilegon]\ngateway = "old"\n', "utf-8"
    )
    environment = {"EGOV_SERANG_CONFIG": str(file)}
    options = ("--port", "0", "--city", "cilegon", "--write-profile")
    with running("sandbox", *options, folder=tmp_path, **environment) as process:
        assert process.stdout is not None
        said = list(iter(process.stdout.readline, "Ctrl-C ends it.\n"))
        assert any(line.startswith(f"Wrote [profile.cilegon] into {file}.") for line in said)
        with Client(Config.load("cilegon", environment=environment)) as client:
            assert client.config.city == "36.72"
            assert list(client.complaints.services())
    text = file.read_text("utf-8")
    assert "# mine" in text
    assert 'gateway = "old"' not in text
    assert file.stat().st_mode & 0o077 == 0


def test_the_sandbox_writes_a_profile_for_people_too(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    environment = {"EGOV_SERANG_CONFIG": str(file), "BROWSER": f"{DRIVEN} allow %s", "EGOV_SERANG_PROFILE": "me"}
    with running("sandbox", "--port", "0", "--people", "--write-profile", folder=tmp_path, **environment) as process:
        assert process.stdout is not None
        said = list(iter(process.stdout.readline, "Ctrl-C ends it.\n"))
        assert [line.partition("]")[0] for line in said if "Wrote" in line] == [
            "Wrote [profile.sandbox",
            "Wrote [profile.me",
        ]
        settings = {**environment, "HOME": str(tmp_path), "EGOV_SERANG_CITY": "36.73"}
        done = egov("login", "--browser", "--token-file", folder=tmp_path, **settings)
        assert done.returncode == 0, done.stderr
        shown = egov("complaints", "services", "--json", "--limit", "1", folder=tmp_path, **settings)
        assert "jalan_rusak" in shown.stdout, shown.stderr


def test_a_profile_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("not toml [", "utf-8")
    shown = egov("sandbox", "--port", "0", "--write-profile", folder=tmp_path, EGOV_SERANG_CONFIG=str(file))
    assert shown.returncode == 3
    assert "is not a configuration file" in shown.stderr
