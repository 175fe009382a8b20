"""Every Python block of the documentation and every example runs, as a reader would run it, against the sandbox."""

from __future__ import annotations

import base64
import logging
import re
import runpy
import secrets
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

import pytest

from egov_serang import Client, Config, errors
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing.plugin import SCOPES

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAGES = sorted(path for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")] if "```python" in path.read_text())
SCRIPTS = sorted(path for path in EXAMPLES.glob("*.py") if path.name != "test_app.py")
FENCE = re.compile(r"^```(?P<language>\w+)[^\n]*\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
PROMISED = re.compile(r"\)  # -> (.+)$", re.MULTILINE)
INCLUDED = re.compile(r'^--8<-- "(?P<path>[^"]+)"\n$')


class Block(NamedTuple):
    """A fenced block: its text, and the line of the page it begins on."""

    code: str
    line: int


def blocks(page: Path, language: str) -> list[Block]:
    """The fenced blocks of a page in one language, but for those that include an example: it has a test of its own."""
    text = page.read_text("utf-8")
    found: list[Block] = []
    for fence in FENCE.finditer(text):
        if fence["language"] != language:
            continue
        included = INCLUDED.match(fence["code"])
        if included is None:
            found.append(Block(fence["code"], text.count("\n", 0, fence.start("code"))))
        else:
            assert (ROOT / included["path"]).parent == EXAMPLES, f"{page.name} includes what no test runs"
    return found


@pytest.fixture
def reader(sandbox: Sandbox, city: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A reader who copied the profile that `egov sandbox` prints, and a photo and a secret of webhooks at hand."""
    wire = logging.getLogger("egov_serang.wire")
    level, handlers = wire.level, list(wire.handlers)
    profile = sandbox.credentials("sandbox-app", SCOPES, tmp_path)
    assert profile.gateway == city.gateway
    (tmp_path / "config.toml").write_text(profile.profile_toml("sandbox"), "utf-8")
    shutil.copy(EXAMPLES / "pothole.png", tmp_path)
    (tmp_path / "webhook.secret").write_text(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}\n", "utf-8")
    monkeypatch.setenv("EGOV_SERANG_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("EGOV_SERANG_PROFILE", "sandbox")
    monkeypatch.chdir(tmp_path)
    yield
    # A page shows how to switch the log on; other tests find it as it was.
    wire.setLevel(level)
    wire.handlers[:] = handlers


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
@pytest.mark.usefixtures("reader")
def test_the_blocks_of_a_page_run_in_order(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    try:
        for block in blocks(page, "python"):
            code = compile("\n" * block.line + block.code, str(page), "exec", dont_inherit=True)
            exec(code, names)
    finally:
        for value in names.values():
            if isinstance(value, Client):
                value.close()
    printed = capsys.readouterr().out.splitlines()
    assert [promised for promised in PROMISED.findall(page.read_text("utf-8")) if promised not in printed] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
@pytest.mark.usefixtures("reader")
def test_an_example_runs(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out.strip()


def test_the_tests_of_the_examples_pass() -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(EXAMPLES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


def test_every_example_is_shown_or_named() -> None:
    shown = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert [path.name for path in EXAMPLES.glob("*.py") if path.name not in shown] == []


def test_every_setting_is_documented_and_every_documented_profile_can_be_read() -> None:
    page = ROOT / "docs" / "configuration.md"
    text = page.read_text("utf-8")
    assert [field.name for field in fields(Config) if f"`{field.name}`" not in text] == []
    profiles = [table for block in blocks(page, "toml") for table in tomllib.loads(block.code)["profile"].values()]
    assert profiles
    for table in profiles:
        assert set(table) <= {field.name for field in fields(Config)}
        Config(**table)


def test_every_error_is_documented() -> None:
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    public = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert {name for name in public if f"`{name}`" not in text} == set()
    assert set(re.findall(r"^`(\w+)`$", text, re.MULTILINE)) == public
