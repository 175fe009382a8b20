"""The documentation builds without a warning, and what it builds asks nothing of any other place."""

from __future__ import annotations

import html
import re
from urllib.parse import unquote

from tests.docs.conftest import Built
from tests.docs.pages import DOCS

FETCHED = re.compile(r"""<(?:script|img|iframe|source)\b[^>]*\ssrc=["']?(?P<src>[^"'\s>]+)|<link\b(?P<link>[^>]*)>""")
OUTSIDE = re.compile(r"(?:https?:)?//")
IMPORTED = re.compile(r"""(?:url\(|@import\s)\s*["']?(?:https?:)?//""")


def test_every_page_is_there(site: Built) -> None:
    for page in DOCS.rglob("*.md"):
        address = page.relative_to(DOCS).with_suffix("")
        built = site.folder / (address.parent if address.name == "index" else address) / "index.html"
        assert "--8<--" not in built.read_text("utf-8")
    assert "egov sandbox" in (site.folder / "index.html").read_text("utf-8")


def test_every_page_is_in_the_navigation(site: Built) -> None:
    start = (site.folder / "index.html").read_text("utf-8")
    pages = [page.relative_to(DOCS).with_suffix("") for page in DOCS.rglob("*.md") if page.name != "index.md"]
    assert [page for page in pages if f'href="{page.as_posix()}/"' not in start] == []


def test_every_link_leads_to_a_place(site: Built) -> None:
    """mkdocs checks pages; anchors are only a note to it."""
    lost: list[str] = []
    for page in site.folder.rglob("*.html"):
        for link in re.findall(r'href="([^"#:]*#[^"]+)"', page.read_text("utf-8")):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            target = target / "index.html" if target.is_dir() else target
            wanted = unquote(html.unescape(anchor))
            if page.name != "404.html" and f'id="{wanted}"' not in html.unescape(target.read_text("utf-8")):
                lost.append(f"{page.relative_to(site.folder)} -> {link}")
    assert lost == []


def test_no_page_or_style_fetches_from_elsewhere(site: Built) -> None:
    asked: list[str] = []
    for page in site.folder.rglob("*.html"):
        for tag in FETCHED.finditer(page.read_text("utf-8")):
            link = tag["link"]
            if link is None:
                asked.append(tag["src"])
            elif "stylesheet" in link or "preconnect" in link or "icon" in link:
                asked.append(re.sub(r""".*href=["']?""", "", link))
    assert asked
    assert [address for address in asked if OUTSIDE.match(address)] == []
    styles = list(site.folder.rglob("*.css"))
    assert styles
    assert [style.name for style in styles if IMPORTED.search(style.read_text("utf-8"))] == []
