"""The pages a stranger begins with work from an empty folder, step by step, in real terminals."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from tests.docs.pages import DOCS, README, ROOT, STARTS, WALKED, blocks
from tests.docs.walk import Walk
from tests.scale import long


@long
@pytest.mark.parametrize("page", WALKED, ids=lambda page: page.stem)
def test_a_reader_gets_through(page: Path, tmp_path: Path) -> None:
    steps = blocks(page)
    assert any(step.language == "console" and step.title for step in steps), "nothing is started"
    with Walk(tmp_path) as reader:
        for step in steps:
            reader.step(step)


def test_the_readme_works_when_the_sandbox_runs(tmp_path: Path) -> None:
    steps = blocks(README)
    with Walk(tmp_path) as reader:  # it shows its code first and how to run it last
        for step in sorted(steps, key=lambda step: step.language == "python"):
            reader.step(step)


def test_both_languages_begin_with_the_same_commands() -> None:
    english, indonesian = ([block.code for block in blocks(page) if block.language == "bash"] for page in STARTS)
    assert english == indonesian


def test_what_the_pages_install_exists() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    asked = [
        extra
        for page in [README, *DOCS.rglob("*.md")]
        for wanted in re.findall(r"(?:egov-serang|\.|\.whl)\[([a-z,]+)\]", page.read_text("utf-8"))
        for extra in wanted.split(",")
    ]
    assert asked
    assert set(asked) <= set(extras)


def test_the_first_complaint_takes_at_most_five_lines() -> None:
    first = next(block for block in blocks(STARTS[0]) if block.language == "python")
    assert len(first.code.strip().splitlines()) <= 5
