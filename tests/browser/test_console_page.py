"""The console in a real browser, wide and on a phone: seen, by keyboard, by axe-core, with nobody else asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import SIZES, Visits, sizes

from egov_serang import Client, Config, NotFound, Phone
from egov_serang.models.civil import CivilApplicant, CivilStatus
from egov_serang.models.complaints import AuthorRole, ComplaintAction, ComplaintStatus, Location
from egov_serang.models.notifications import MessageStatus, Recipient
from egov_serang.models.permits import Applicant, ApplicationStatus, Stage
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing.plugin import SCOPES

KASEMEN = Location(lat=-6.052, long=106.17, area_code="36.73.02.1001")
TABS_MAX = 80


@pytest.fixture
def busy(sandbox: Sandbox, client: Client) -> Sandbox:
    """A city in which something of everything has happened."""
    client.complaints.submit("jalan_rusak", "Lubang", location=KASEMEN)
    late = client.complaints.submit("sampah", "Sampah", location=Location(area_code="36.73.03.1001"))
    client.complaints.transition(late, "verify")
    client.permits.applications.start(
        "TDU-PKL",
        applicant=Applicant(subject_ref="sub_uji", name="Pedagang Contoh"),
        form={"business_name": "Sate", "goods": "makanan", "trading_place": "Pasar"},
    )
    client.identity.applications.start(
        "kk", variant="new", applicant=CivilApplicant(subject_ref="sub_uji", relation="self")
    )
    sandbox.advance(20 * 86_400)
    client.notifications.send(
        "complaint-resolved-sms", Recipient(phone=Phone("+6281200000002")), personalisation={"reference": "x"}
    )
    sandbox.fault("complaints.services", kind="status", status=503, times=1)
    list(client.complaints.services())
    sandbox.advance(5)
    with pytest.raises(NotFound):
        client.complaints.get("cmp_nobody")
    return sandbox


def arrived(page: Page) -> None:
    expect(page.locator("#complaint-list button")).to_have_count(2)
    expect(page.locator("#map .marker")).to_have_count(2)


def tabbed(page: Page) -> Iterator[str]:
    """What the Tab key reaches, in order, until it leaves the page."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        what = page.evaluate(
            "() => document.activeElement === document.body ? '' : document.activeElement.id ||"
            " document.activeElement.getAttribute('class') || document.activeElement.textContent"
        )
        if not what:
            return
        yield what
    raise AssertionError("the Tab key never leaves the page")


@sizes
def test_a_complaint_appears_on_the_map_when_it_is_submitted(
    visits: Visits, sandbox: Sandbox, client: Client, size: tuple[int, int]
) -> None:
    with visits.open(sandbox.console, size, locale="en-GB") as visit:
        expect(visit.page.locator("#complaints-none")).to_be_visible()
        complaint = client.complaints.submit("jalan_rusak", "Kalimat kenari", location=KASEMEN)
        marker = visit.page.get_by_role("button", name=f"{complaint.reference}, Damaged road or pothole, submitted")
        expect(marker).to_be_visible()
        frame, at = visit.page.locator("#map svg").bounding_box(), marker.bounding_box()
        assert frame
        assert at
        assert frame["x"] < at["x"] < frame["x"] + frame["width"]
        assert frame["y"] < at["y"] < frame["y"] + frame["height"] / 3, "Kasemen lies in the north"
        assert at["width"] >= 24
        assert at["height"] >= 24
        submitted = visit.page.locator("#request-rows tr", has_text="complaints.submit")
        expect(submitted).to_contain_text("POST")
        expect(submitted).to_contain_text("201")
        expect(submitted).to_contain_text("valid")
        assert "kenari" not in visit.page.content()
        assert sandbox.sandbox_token not in visit.page.content()
        assert visit.page.url == f"{sandbox.url}/console", "the token must leave the address bar"
        assert (visit.errors, visit.elsewhere) == ([], [])


# Each size with each language and each scheme, each language with each scheme: every pair is met once.
@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [("wide", "en", "light"), ("wide", "id", "dark"), ("phone", "en", "dark"), ("phone", "id", "light")],
)
def test_axe_core_finds_no_serious_fault(visits: Visits, busy: Sandbox, size: str, language: str, scheme: str) -> None:
    with visits.open(busy.console, SIZES[size], locale=language, color_scheme=scheme) as visit:
        arrived(visit.page)
        assert visit.page.locator("html").get_attribute("lang") == language
        assert visit.violations() == []
        assert visit.overflow() <= 0
        visit.page.locator("#complaint-list button").first.click()
        expect(visit.page.locator("#details")).to_be_visible()
        assert visit.violations() == []
        visit.page.keyboard.press("Escape")
        visit.page.locator("#reset").click()
        expect(visit.page.locator("#confirm")).to_be_visible()
        assert visit.violations() == []
        assert (visit.errors, visit.elsewhere) == ([], [])
    with visits.open(f"{busy.url}/console", SIZES[size], locale=language, color_scheme=scheme) as visit:
        expect(visit.page.locator("#token")).to_be_focused()
        assert visit.violations() == []
        assert visit.overflow() <= 0


@sizes
def test_everything_is_reached_and_done_by_keyboard(visits: Visits, busy: Sandbox, size: tuple[int, int]) -> None:
    with visits.open(busy.console, size, locale="en") as visit:
        page = visit.page
        arrived(page)
        reached = list(tabbed(page))
        assert reached[0] == "skip"
        for wanted in ("pause", "Indonesia", "Messages", "reset", "filter", "failed", "scroll", "marker", "complaint"):
            assert wanted in reached, wanted
        assert reached.count("marker") == 1, "arrow keys, not Tab, go from marker to marker"

        page.locator("#map .marker[tabindex='0']").focus()
        first = page.evaluate("() => document.activeElement.getAttribute('aria-label')")
        page.keyboard.press("ArrowRight")
        second = page.evaluate("() => document.activeElement.getAttribute('aria-label')")
        assert first != second
        page.keyboard.press("Enter")
        details = page.get_by_role("dialog")
        expect(details).to_contain_text(second.split(",")[0])
        page.keyboard.press("Escape")
        expect(details).to_be_hidden()
        assert page.evaluate("() => document.activeElement.getAttribute('aria-label')") == second

        page.locator("#failed").focus()
        page.keyboard.press("Space")
        expect(page.locator("#request-rows tr")).to_have_count(3)
        expect(page.locator("#request-rows")).to_contain_text("404")
        page.locator("#filter").focus()
        page.keyboard.type("503")
        expect(page.locator("#request-rows tr")).to_have_count(1)
        assert visit.errors == []


def test_the_second_attempt_is_told(visits: Visits, busy: Sandbox) -> None:
    with visits.open(busy.console, SIZES["wide"], locale="en") as visit:
        rows = visit.page.locator("#request-rows tr", has_text="complaints.services")
        expect(rows).to_have_count(2)
        expect(rows.nth(0).locator(".attempt")).to_contain_text("attempt 2")
        expect(rows.nth(1)).to_contain_text("503")


def test_boards_and_messages_show_what_there_is(visits: Visits, busy: Sandbox) -> None:
    with visits.open(busy.console, SIZES["wide"], locale="en") as visit:
        page = visit.page
        expect(page.locator("#permit-board .column").first).to_contain_text("draft")
        expect(page.locator("#civil-board .column").first).to_contain_text("waiting for the applicant")
        expect(page.locator("#message-rows")).to_contain_text("phone ••••02")
        expect(page.locator("#message-rows")).to_contain_text("failed permanent")
        expect(page.locator("#complaint-list")).to_contain_text("late since")
        page.get_by_role("button", name="Indonesia").click()
        expect(page.locator("html")).to_have_attribute("lang", "id")
        expect(page.locator("#message-rows")).to_contain_text("gagal tetap")
        expect(page.locator("#permit-board .column").first).to_contain_text("Di pemohon")


@pytest.fixture
def queued(sandbox: Sandbox, client: Client) -> tuple[Sandbox, str]:
    """A city with a complaint that went some way, one whose term is soon over and one whose term has passed."""
    service = client.complaints
    old = service.submit("sampah", "Kalimat kenari", location=KASEMEN)
    sandbox.advance(30 * 86_400)
    way = service.transition(
        service.submit("jalan_rusak", "Kalimat kenari", location=KASEMEN), "verify", comment="kenari"
    )
    service.updates.add(way.complaint_id, "kenari", visibility="internal")
    service.transition(service.get(way.complaint_id), "assign", assignee="regu-kenari")
    near = service.submit("lampu_jalan", "Kalimat kenari", location=Location(area_code="36.73.03"))
    due = near.due
    assert due
    assert near.requested_at
    sandbox.advance((due.at - near.requested_at).total_seconds() - 3600)
    assert old.reference
    return sandbox, str(way.reference)


@sizes
def test_queues_show_whose_turn_it_is_and_how_the_term_stands(
    visits: Visits, queued: tuple[Sandbox, str], size: tuple[int, int]
) -> None:
    sandbox, moved = queued
    with visits.open(sandbox.console, size, locale="en") as visit:
        queues = visit.page.locator("#queues .column")
        expect(queues).to_have_count(8)
        cards = visit.page.locator("#queues > [data-key='submitted']").get_by_role("button")
        expect(cards).to_have_count(2)
        # What is due first is on top, and told in words and by a sign, not by a colour alone.
        expect(cards.nth(0)).to_contain_text("✕ late since")
        expect(cards.nth(1)).to_contain_text("! due soon")
        assigned = visit.page.locator("#queues > [data-key='assigned']").get_by_role("button")
        expect(assigned).to_contain_text(f"{moved} · Kasemen✓ in time, due")
        expect(visit.page.locator("#map .ring.late")).to_have_count(1)
        expect(visit.page.locator("#map .ring.soon")).to_have_count(1)
        assert visit.overflow() <= 0
        visit.page.get_by_role("button", name="Indonesia").click()
        expect(cards.nth(0)).to_contain_text("terlambat sejak")
        expect(cards.nth(1)).to_contain_text("segera jatuh tempo")
        assert (visit.errors, visit.elsewhere) == ([], [])


@pytest.mark.parametrize(("size", "scheme"), [("wide", "dark"), ("phone", "light")])
def test_a_thread_is_read_by_keyboard_and_grows_while_it_is_open(
    visits: Visits, queued: tuple[Sandbox, str], client: Client, size: str, scheme: str
) -> None:
    sandbox, moved = queued
    with visits.open(sandbox.console, SIZES[size], locale="en", color_scheme=scheme) as visit:
        page = visit.page
        card = page.locator("#queues button", has_text=moved)
        card.focus()
        page.keyboard.press("Enter")
        steps = page.locator("#details-thread li")
        expect(steps).to_have_count(4)
        for number, told in enumerate(
            ("citizen: submitted", "officer: verify → verified", "officer: comment", "officer: assign → assigned")
        ):
            expect(steps.nth(number)).to_contain_text(told)
        expect(steps.nth(2)).to_contain_text("internal")
        expect(page.locator("#details-title")).to_be_focused()
        assert visit.violations() == []
        assert "kenari" not in page.content()
        case = next(one for one in client.complaints.list() if one.reference == moved)
        client.complaints.transition(case, "start")
        expect(steps).to_have_count(5)
        expect(steps.nth(4)).to_contain_text("start → in progress")
        expect(page.locator("#details-list")).to_contain_text("in progress")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        # Its card has gone to another queue: the focus is on the same complaint in the list.
        expect(page.locator("#complaint-list button", has_text=moved)).to_be_focused()
        assert (visit.errors, visit.elsewhere) == ([], [])


def test_the_clock_moves_and_the_city_begins_anew(visits: Visits, busy: Sandbox) -> None:
    with visits.open(busy.console, SIZES["phone"], locale="en") as visit:
        page = visit.page
        arrived(page)
        before = page.locator("#now").get_attribute("datetime")
        page.get_by_role("button", name="+ 1 day").click()
        expect(page.locator("#news")).to_contain_text("The city's time is now")
        assert page.locator("#now").get_attribute("datetime")[:10] > before[:10]
        page.locator("#reset").click()
        page.get_by_role("button", name="Cancel").click()
        assert busy.counts()["complaints"] == 2
        page.locator("#reset").click()
        page.get_by_role("dialog").get_by_role("button", name="Reset").click()
        expect(page.locator("#complaints-none")).to_be_visible()
        expect(page.locator("#requests-none")).to_be_visible()
        assert busy.counts()["complaints"] == 0
        assert visit.errors == []


def test_the_token_is_asked_for_and_a_wrong_one_refused(visits: Visits, busy: Sandbox) -> None:
    with visits.open(f"{busy.url}/console", SIZES["phone"], locale="en") as visit:
        page = visit.page
        expect(page.locator("#board")).to_be_hidden()
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("not the token")
        assert all("401" in error for error in visit.errors)
        page.keyboard.type(busy.sandbox_token)
        page.keyboard.press("Enter")
        arrived(page)
        page.reload()
        arrived(page)


def test_a_pause_holds_and_ends(visits: Visits, sandbox: Sandbox, client: Client) -> None:
    with visits.open(sandbox.console, SIZES["wide"], locale="en") as visit:
        page = visit.page
        expect(page.locator("#connection")).to_have_text("Live")
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("#connection")).to_have_text("Paused")
        asked: list[str] = []
        page.on("request", lambda sent: asked.append(sent.url))
        client.complaints.submit("sampah", "Sampah", location=KASEMEN)
        page.wait_for_timeout(2500)  # longer than two beats: a pause is that nothing comes
        assert [url for url in asked if "console/requests" in url] == []
        expect(page.locator("#complaints-none")).to_be_visible()
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("#complaint-list button")).to_have_count(1)


def test_a_hidden_tab_asks_nothing(visits: Visits, sandbox: Sandbox, client: Client) -> None:
    with visits.open(sandbox.console, SIZES["wide"], locale="en") as visit:
        page = visit.page
        expect(page.locator("#connection")).to_have_text("Live")
        turn = """(hidden) => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
        page.evaluate(turn, True)
        asked: list[str] = []
        page.on("request", lambda sent: asked.append(sent.url))
        client.complaints.submit("sampah", "Sampah", location=KASEMEN)
        page.wait_for_timeout(2500)  # longer than two beats
        assert [url for url in asked if "console/requests" in url] == []
        page.evaluate(turn, False)
        expect(page.locator("#complaint-list button")).to_have_count(1)


def test_every_word_and_every_code_is_there_in_both_languages(visits: Visits, sandbox: Sandbox) -> None:
    states = (ComplaintStatus, CivilStatus, ApplicationStatus, MessageStatus, Stage, AuthorRole)
    codes = sorted({state.value for kind in states for state in kind})
    with visits.open(sandbox.console, SIZES["wide"], locale="en") as visit:
        told = visit.page.evaluate(
            """async ([codes, actions]) => {
                const { WORDS, action, code, speak } = await import("/console/words.js");
                speak("id");
                const named = [...document.querySelectorAll("[data-word]")].map((one) => one.dataset.word);
                return {
                    en: Object.keys(WORDS.en), id: Object.keys(WORDS.id), named,
                    raw: codes.filter((one) => code(one) === one.replaceAll("_", " ")),
                    done: actions.filter((one) => action(one) === one.replaceAll("_", " ")),
                };
            }""",
            [codes, [action.value for action in ComplaintAction]],
        )
    assert told["en"] == told["id"]
    assert set(told["named"]) <= set(told["en"])
    assert (told["raw"], told["done"]) == ([], [])


def test_a_lost_connection_is_told_and_found_again(visits: Visits, tmp_path: Path) -> None:
    database, keys = tmp_path / "city.sqlite", tmp_path / "keys"
    with Sandbox(database) as first:
        port = int(first.url.rsplit(":", 1)[1])
        address = first.console
        with visits.open(address, SIZES["wide"], locale="en") as visit:
            expect(visit.page.locator("#connection")).to_have_text("Live")
            first.stop()
            expect(visit.page.locator("#connection")).to_have_text("Connection lost, trying again")
            with Sandbox(database, port) as second:
                assert second.console == address
                profile = second.credentials("app", SCOPES, keys)
                config = Config(**profile.settings)
                with Client(config) as client:
                    client.complaints.submit("sampah", "Sampah", location=KASEMEN)
                expect(visit.page.locator("#connection")).to_have_text("Live", timeout=20_000)
                expect(visit.page.locator("#complaint-list button")).to_have_count(1)
