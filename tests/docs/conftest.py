"""The built site, once for all tests that look at it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Built:
    """The site as `make docs` builds it, in a folder of its own."""

    folder: Path

    def text(self, page: str) -> str:
        """What a reader sees of a page."""
        source = (self.folder / page).read_text("utf-8")
        return html.unescape(re.sub(r"<[^>]+>", "", source))


@pytest.fixture(scope="session")
def site(site: Path) -> Built:
    """The documentation, built strictly, with what its pages say."""
    return Built(site)
