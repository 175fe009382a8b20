"""The browser that `BROWSER` names in tests: a person of the sandbox logs in and agrees, or does not.

BROWSER="python tests/cli/opened.py allow %s"
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.login.browser import PERSON, Browser


def go(decision: str, address: str) -> None:
    """Walk through the pages, and follow the redirect to the program that waits."""
    browser = Browser()
    try:
        page = browser.open(address)
        assert page.status_code == 200, page.text
        consent = browser.answer(page, "login", person=PERSON)
        back = browser.answer(consent, decision).headers["location"]
        browser.open(back).raise_for_status()
    finally:
        browser.close()


if __name__ == "__main__":
    go(sys.argv[1], sys.argv[2])
