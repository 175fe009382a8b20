"""Pages of the documentation as tests read them: their fenced blocks, with included examples in place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
EXAMPLES: Final = ROOT / "examples"
README: Final = ROOT / "README.md"
STARTS: Final = (DOCS / "quick-start.md", DOCS / "mulai-cepat.md")
WALKED: Final = (*STARTS, *sorted((DOCS / "tutorials").glob("*.md")))
"""Walked as a whole by test_walks.py."""

_FENCE: Final = re.compile(r"^```(?P<language>\w+)(?P<info>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE: Final = re.compile(r'title="([^"]+)"')
_INCLUDED: Final = re.compile(r'^--8<-- "(?P<path>[^"]+)"\n$')


class Block(NamedTuple):
    """A fenced block: its language, title, text, the line of the page it begins on, and the example it includes."""

    language: str
    title: str | None
    code: str
    line: int
    example: Path | None


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    found: list[Block] = []
    for fence in _FENCE.finditer(text):
        title = _TITLE.search(fence["info"])
        included = _INCLUDED.match(fence["code"])
        example = None if included is None else ROOT / included["path"]
        code = fence["code"] if example is None else example.read_text("utf-8")
        line = text.count("\n", 0, fence.start("code"))
        found.append(Block(fence["language"], title and title[1], code, line, example))
    return found


def shown_pattern(line: str) -> str:
    """The pattern for a line of output as a page shows it: any number for a number, anything for `…`."""
    return "".join(_wanted(part) for part in re.split(r"(\d+|…|\s+)", line.strip()))


def _wanted(part: str) -> str:
    if part == "…":
        return ".*"
    if part.isdigit():
        return r"\d+"
    return r"\s+" if part.isspace() else re.escape(part)
