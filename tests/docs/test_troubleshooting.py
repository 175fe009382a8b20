"""What the troubleshooting page quotes is what is said; what goes wrong at set-up is quoted; no class is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs import failures
from tests.docs.pages import DOCS, blocks, shown_pattern

from egov_serang import Config, errors
from egov_serang.sandbox.problems import STATUS
from egov_serang.sandbox.server import Sandbox
from egov_serang.wires.gateway import problems

PAGE = DOCS / "troubleshooting.md"
QUOTED = [line for block in blocks(PAGE) if block.language == "text" for line in block.code.splitlines()]


@pytest.fixture
def messages(tmp_path: Path, sandbox: Sandbox, city: Config) -> list[str]:
    """What is said, one message each."""
    said = [
        *failures.of_configuration(tmp_path),
        *failures.of_the_way(sandbox, city, tmp_path),
        *failures.of_open311(sandbox),
        *failures.of_files(tmp_path),
        *failures.of_the_gateway(sandbox, city, tmp_path),
    ]
    sandbox.reset()
    return [*said, *failures.of_the_command(sandbox)]


def test_every_message_is_quoted_and_every_quote_is_said(
    messages: list[str], tmp_path: Path, sandbox: Sandbox, city: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # short paths, so that the doctor's table is not folded
    printed = [line for text in failures.of_the_doctor(sandbox, city, Path()) for line in text.splitlines()]
    assert [line for line in printed if "request id" in line] == []  # where none was made, none is asked for
    quotes = [re.compile(shown_pattern(line)) for line in QUOTED]
    assert [message for message in messages if not any(quote.search(message) for quote in quotes)] == []
    everything = [*messages, *printed]
    assert [quote.pattern for quote in quotes if not any(quote.search(line) for line in everything)] == []


def test_every_class_and_every_code_has_an_entry() -> None:
    text = PAGE.read_text("utf-8")
    public = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert set(re.findall(r"^### `(\w+)`$", text, re.MULTILINE)) == public
    known = {*problems._BY_CODE, *STATUS}
    assert {code for code in known if f"`{code}`" not in text} == set()


def test_a_code_stands_with_its_class() -> None:
    entries = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^### |\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL))
    misplaced = [code for code, kind in problems._BY_CODE.items() if f"`{code}`" not in entries[kind.__name__]]
    assert misplaced == []
