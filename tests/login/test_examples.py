"""Both examples, over real HTTP: log in, log out, and refuse what is not their answer."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.login.apps import served
from tests.login.browser import Browser

from egov_serang.sandbox.server import Sandbox

NAME = "Contoh Rahmawati"


@pytest.fixture(params=["fastapi", "django"], scope="module")
def home(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[str]:
    sandbox.reset()
    with served(request.param, sandbox) as address:
        yield address


def begun(browser: Browser, home: str) -> str:
    answer = browser.open(f"{home}/login")
    assert answer.status_code in {302, 303}, answer.text
    for cookie in answer.headers.get_list("set-cookie"):
        assert {"secure", "httponly", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}
    return answer.headers["location"]


def test_a_resident_logs_in_and_out(browser: Browser, home: str) -> None:
    assert "Masuk" in browser.open(f"{home}/").text
    answer = browser.open(browser.agree(begun(browser, home)))
    assert (answer.status_code, answer.headers["location"]) in {(302, "/"), (303, "/")}
    page = browser.open(f"{home}/")
    assert f"Halo, {NAME}" in page.text
    token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    left = browser.post(f"{home}/logout", {"csrfmiddlewaretoken": token})
    assert "Masuk" in browser.open(f"{home}/").text
    done = browser.answer(browser.open(left.headers["location"]), "logout")
    assert done.headers["location"] == f"{home}/"


def test_a_tampered_state_and_a_used_answer_log_nobody_in(browser: Browser, home: str) -> None:
    back = browser.agree(begun(browser, home))
    state = httpx.URL(back).params["state"]
    tampered = browser.open(back.replace(state, f"x{state[1:]}" if state[0] != "x" else f"y{state[1:]}"))
    assert (tampered.status_code, 'role="alert"' in tampered.text) == (403, True)
    assert state not in tampered.text
    assert browser.open(back).status_code == 403  # and the login that was tampered with is over
    assert "Masuk" in browser.open(f"{home}/").text
    back = browser.agree(begun(browser, home))
    assert browser.open(back).status_code in {302, 303}
    assert browser.open(back).status_code == 403


def test_an_answer_in_another_browser_logs_nobody_in(browser: Browser, home: str) -> None:
    back = browser.agree(begun(browser, home))
    browser.cookies.clear()
    assert browser.open(back).status_code == 403
