"""The documentation builds without a warning, and what it builds asks nothing of any other place."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FETCHED = re.compile(r"""<(?:script|img|iframe|source)\b[^>]*\ssrc=["']?(?P<src>[^"'\s>]+)|<link\b(?P<link>[^>]*)>""")
OUTSIDE = re.compile(r"(?:https?:)?//")
IMPORTED = re.compile(r"""(?:url\(|@import\s)\s*["']?(?:https?:)?//""")


def test_every_page_is_there(site: Path) -> None:
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    assert {path.parent.name for path in site.glob("*/index.html")} >= pages
    assert "egov sandbox" in (site / "index.html").read_text("utf-8")
    assert "--8<--" not in (site / "index.html").read_text("utf-8")


def test_no_page_or_style_fetches_from_elsewhere(site: Path) -> None:
    asked: list[str] = []
    for page in site.rglob("*.html"):
        for tag in FETCHED.finditer(page.read_text("utf-8")):
            link = tag["link"]
            if link is None:
                asked.append(tag["src"])
            elif "stylesheet" in link or "preconnect" in link or "icon" in link:
                asked.append(re.sub(r""".*href=["']?""", "", link))
    assert asked
    assert [address for address in asked if OUTSIDE.match(address)] == []
    styles = list(site.rglob("*.css"))
    assert styles
    assert [style.name for style in styles if IMPORTED.search(style.read_text("utf-8"))] == []
