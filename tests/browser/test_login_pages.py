"""Logging in with a real browser: the FastAPI example in front, the sandbox's pages behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Visit, Visits, sizes
from tests.login.apps import served

from egov_serang.sandbox.server import Sandbox

NAME = "Contoh Rahmawati"


@pytest.fixture
def home(sandbox: Sandbox) -> Iterator[str]:
    sandbox.reset()
    with served("fastapi", sandbox) as address:
        yield address


def is_sound(visit: Visit) -> None:
    """Accessible, as wide as its window, without errors; asked of the sandbox and the application alone."""
    assert visit.violations() == []
    assert visit.overflow() <= 0
    assert visit.errors == []


@sizes
def test_a_resident_logs_in_agrees_and_logs_out(
    visits: Visits, home: str, sandbox: Sandbox, size: tuple[int, int]
) -> None:
    with visits.open(f"{home}/login", size, locale="en-GB") as visit:
        page = visit.page
        expect(page.get_by_text("A sandbox: everybody here is invented.")).to_be_visible()
        expect(page.get_by_role("group", name="Who is logging in?")).to_be_visible()
        assert page.get_by_role("radio").count() == 4  # neither the dead nor those whose number is not active
        is_sound(visit)
        page.get_by_label(NAME).check()
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text(f"You are logged in as {NAME}.")).to_be_visible()
        expect(page.get_by_text("learn your name, date and place of birth, and sex (profile)")).to_be_visible()
        is_sound(visit)
        page.get_by_role("button", name="Allow").click()
        expect(page.get_by_role("heading", name=f"Halo, {NAME}")).to_be_visible()
        assert page.url == f"{home}/"
        page.get_by_role("button", name="Keluar").click()
        expect(page.get_by_role("heading", name="Log out of the sandbox?")).to_be_visible()
        is_sound(visit)
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("link", name="Masuk")).to_be_visible()
        page.get_by_role("link", name="Masuk").click()
        expect(page.get_by_role("button", name="Log in")).to_be_visible()  # at the sandbox too
        assert {address.split("/")[2] for address in visit.elsewhere} <= {sandbox.url.split("/")[2]}


def test_a_tampered_state_is_refused(visits: Visits, home: str) -> None:
    with visits.open(home, (1280, 800), locale="en-GB") as visit:
        page = visit.page
        page.get_by_role("link", name="Masuk").click()
        page.get_by_label(NAME).check()
        page.get_by_role("button", name="Log in").click()
        with page.expect_request(lambda sent: sent.url.startswith(f"{home}/callback")) as came:
            page.get_by_role("button", name="Allow").click()
        expect(page.get_by_role("heading", name=f"Halo, {NAME}")).to_be_visible()
        page.context.clear_cookies(name="__Host-person")
        # The same answer again, and one with another state: neither logs anybody in.
        for address in (came.value.url, came.value.url.replace("state=", "state=tampered")):
            page.goto(f"{home}/login")
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 403
            expect(page.get_by_role("alert")).to_be_visible()
        page.goto(home)
        expect(page.get_by_role("link", name="Masuk")).to_be_visible()


def test_who_says_no_comes_back_without_being_logged_in(visits: Visits, home: str) -> None:
    with visits.open(f"{home}/login", (360, 740), locale="id-ID") as visit:
        page = visit.page
        expect(page.get_by_role("group", name="Masuk sebagai siapa?")).to_be_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")  # by keyboard alone: choose, and send
        page.get_by_role("button", name="Tolak").click()
        expect(page.get_by_role("alert")).to_have_text("Anda tidak berwenang melakukan tindakan ini.")
