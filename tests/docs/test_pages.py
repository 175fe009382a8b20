"""Every Python block of the documentation and every example runs, as a reader would run it, against the sandbox.

The quick starts and the tutorials are walked as a whole: test_walks.py.
"""

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

import pytest
from tests.docs.pages import DOCS, EXAMPLES, README, ROOT, WALKED, Block, blocks

from egov_serang import Client, Config, errors
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing.plugin import SCOPES

PAGES = sorted(page for page in {README, *DOCS.rglob("*.md")} - {*WALKED} if "```python" in page.read_text("utf-8"))
APPS = {
    "cron_batch.py",
    "django_view.py",
    "fastapi_app.py",
    "login_django.py",
    "login_fastapi.py",
    "my_complaints.py",
}  # they want to be served or given a file: own tests
SCRIPTS = sorted(path for path in EXAMPLES.glob("*.py") if path.name not in APPS and not path.name.startswith("test_"))
PROMISED = re.compile(r"(?:\)  |^)# -> (.+)$", re.MULTILINE)


def own_blocks(page: Path, language: str) -> list[Block]:
    """The blocks of a page in one language, but for those that include an example: it has a test of its own."""
    found = [block for block in blocks(page) if block.language == language]
    assert all(block.example is None or block.example.parent == EXAMPLES for block in found)
    return [block for block in found if block.example is None]


@pytest.fixture
def reader(sandbox: Sandbox, city: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A reader who copied what `egov sandbox` prints, profile and token; a photo and a webhook secret lie there."""
    wire = logging.getLogger("egov_serang.wire")
    level, handlers = wire.level, list(wire.handlers)
    profile = sandbox.credentials("sandbox-app", SCOPES, tmp_path)
    assert profile.gateway == city.gateway
    (tmp_path / "config.toml").write_text(profile.profile_toml("sandbox"), "utf-8")
    shutil.copy(EXAMPLES / "pothole.png", tmp_path)
    (tmp_path / "webhook.secret").write_text(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}\n", "utf-8")
    monkeypatch.setenv("EGOV_SERANG_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("EGOV_SERANG_PROFILE", "sandbox")
    monkeypatch.setenv("SANDBOX_TOKEN", sandbox.sandbox_token)
    monkeypatch.setenv("EGOV_SERANG_OUTBOX_KEY", base64.b64encode(secrets.token_bytes(32)).decode())
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
        for block in own_blocks(page, "python"):
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
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-o", "pythonpath=examples", str(EXAMPLES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout


def test_every_example_is_shown_or_named() -> None:
    shown = "\n".join(page.read_text("utf-8") for page in [*PAGES, *WALKED])
    assert [path.name for path in EXAMPLES.glob("*.py") if path.name not in shown] == []


def test_every_setting_is_documented_and_every_documented_profile_can_be_read() -> None:
    text = (DOCS / "configuration.md").read_text("utf-8")
    assert [field.name for field in fields(Config) if f"`{field.name}`" not in text] == []
    pages = [DOCS / f"{name}.md" for name in ("configuration", "authentication", "cli-login")]
    shown = [block for page in pages for block in own_blocks(page, "toml")]
    assert shown
    for table in (table for block in shown for table in tomllib.loads(block.code)["profile"].values()):
        assert set(table) <= {field.name for field in fields(Config)}
        Config(**table)


def test_every_error_is_documented() -> None:
    text = (DOCS / "errors.md").read_text("utf-8")
    public = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert {name for name in public if f"`{name}`" not in text} == set()
    assert set(re.findall(r"^`(\w+)`$", text, re.MULTILINE)) == public
