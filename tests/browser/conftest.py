"""A real Chromium, driven by Playwright, and axe-core; `.ci/run` installs both.

Where one is missing the tests skip and say so; in CI (environment variable CI) they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

SIZES: Final = {"wide": (1280, 800), "phone": (360, 740)}
FLAGS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
AXE_OF_NPM: Final = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"

sizes = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)


@dataclass
class Visit:
    """A page with what went wrong on it: errors in its console, requests to other places than its own."""

    page: Page
    origin: str
    axe: str
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """What axe-core finds that is serious or critical: rule and elements."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(self.axe)
        found: dict[str, Any] = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        assert found["passes"], "axe-core looked at nothing"
        return [
            f"{one['id']}: {[node['target'] for node in one['nodes']][:5]}"
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return self.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")


class Visits:
    """Opens pages, each in a browser of its own with nothing in it from before."""

    def __init__(self, browser: Browser, axe: str) -> None:
        self._browser, self._axe = browser, axe

    @contextmanager
    def open(self, address: str, size: tuple[int, int], **context: Any) -> Iterator[Visit]:
        """Go there, and leave again."""
        origin = "/".join(address.split("/")[:3])
        inside = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce", **context
        )
        visit = Visit(inside.new_page(), origin, self._axe)
        visit.page.on("console", lambda said: visit.errors.append(said.text) if said.type == "error" else None)
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on(
            "request",
            lambda sent: None if sent.url.startswith((f"{origin}/", "data:")) else visit.elsewhere.append(sent.url),
        )
        try:
            visit.page.goto(address)
            yield visit
        finally:
            inside.close()


def _lacks(what: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{what}, which .ci/run installs", pytrace=False)
    pytest.skip(f"{what}; .ci/run installs it")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is."""
    found = os.environ.get("EGOV_SERANG_CHROMIUM") or shutil.which("chromium")
    return found or _lacks("there is no chromium")


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe-core."""
    path = Path(os.environ.get("EGOV_SERANG_AXE") or AXE_OF_NPM)
    return path.read_text("utf-8") if path.is_file() else _lacks("there is no axe-core")


# Not of the session: Playwright keeps an event loop running in this thread, in which no asynchronous test could run.
@pytest.fixture(scope="module")
def playwright(chromium: str, axe: str) -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def visits(playwright: Playwright, chromium: str, axe: str) -> Iterator[Visits]:
    """Opens pages."""
    browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
    yield Visits(browser, axe)
    browser.close()
