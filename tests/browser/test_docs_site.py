"""Every page of the built documentation, wide and on a phone: axe-core finds nothing serious, nobody else is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.browser.conftest import SIZES, Visits

DOCS = Path(__file__).parents[2] / "docs"
NAMES = [page.relative_to(DOCS).with_suffix("") for page in DOCS.rglob("*.md")]
PAGES = sorted((name.parent if name.name == "index" else name).as_posix() for name in NAMES)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("phone", "dark")])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_documentation(visits: Visits, address: str, page: str, size: str, scheme: str) -> None:
    with visits.open(f"{address}/{page}/", SIZES[size], color_scheme=scheme) as visit:
        assert visit.violations() == []
        assert visit.overflow() <= 0
        assert (visit.errors, visit.elsewhere) == ([], [])
