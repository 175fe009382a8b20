"""The built site, once for all tests that look at it."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.docs.pages import ROOT


@dataclass(frozen=True)
class Built:
    """The site as `make docs` builds it, in a folder of its own."""

    folder: Path

    def text(self, page: str) -> str:
        """What a reader sees of a page."""
        source = (self.folder / page).read_text("utf-8")
        return html.unescape(re.sub(r"<[^>]+>", "", source))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Built(folder)
