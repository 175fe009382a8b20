"""Public announcements against the sandbox: for everybody, filtered, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from egov_serang import Client, Config, Invalid, NotFound
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing import FakeTransport

PUBLISHED = {
    *("ann-service-hours", "ann-flood-kasemen", "ann-road-closed", "ann-immunisation", "ann-market-night"),
    "ann-water-cut",
}


def found(client: Client, **filters: Any) -> list[str]:
    return [one.announcement_id for one in client.notifications.announcements.list(**filters)]


def test_only_what_is_published_is_shown(client: Client) -> None:
    assert set(found(client)) == PUBLISHED
    for hidden in ("ann-not-yet-published", "ann-withdrawn", "no-such"):
        with pytest.raises(NotFound):
            client.notifications.announcements.get(hidden)


def test_every_category_of_the_city_is_there(client: Client) -> None:
    kinds = {one.category.value for one in client.notifications.announcements.list()}
    assert kinds == {"service", "disaster", "traffic", "health", "event"}
    assert found(client, category="disaster") == ["ann-flood-kasemen"]
    assert found(client, category="weather") == []


@pytest.mark.parametrize(
    ("area", "local"),
    [
        ("36.73", PUBLISHED),
        ("36.73.02", {"ann-flood-kasemen"}),
        ("36.73.02.1001", {"ann-flood-kasemen"}),
        ("36.73.01", {"ann-road-closed"}),
        ("36.73.01.1002", {"ann-road-closed"}),
        ("36.73.01.1003", set[str]()),
        ("36.7", None),
        ("%", None),
    ],
)
def test_an_area_finds_what_concerns_it(client: Client, area: str, local: set[str] | None) -> None:
    if local is None:
        with pytest.raises(Invalid):
            found(client, area=area)
        return
    assert set(found(client, area=area)) == local | {"ann-service-hours", "ann-immunisation"}


def test_what_is_in_force_depends_on_the_time(client: Client) -> None:
    now = datetime.now(UTC)
    assert set(found(client, active_at=now)) == PUBLISHED - {"ann-market-night", "ann-water-cut"}
    assert "ann-market-night" in found(client, active_at=now + timedelta(days=2, hours=1))
    assert found(client, active_at=now + timedelta(days=30)) == ["ann-service-hours"]
    assert found(client, active_at=now - timedelta(days=4, hours=1)) == ["ann-water-cut"]
    with pytest.raises(Invalid, match="active_at"):
        found(client, active_at=now.replace(tzinfo=None))


def test_pages_hold_everything_once_newest_first(client: Client) -> None:
    whole = found(client)
    assert found(client, limit=2) == whole
    assert whole[-1] == "ann-service-hours"
    pages = [page.data for page in client.notifications.announcements.list(limit=4).pages()]
    assert [len(page.data) for page in pages] == [4, 2]


def test_an_announcement_speaks_the_readers_language(client: Client) -> None:
    one = client.notifications.announcements.get("ann-flood-kasemen")
    other = client.with_options(language="en").notifications.announcements.get("ann-flood-kasemen")
    assert (one.language, other.language) == ("id", "en")
    assert one.title != other.title
    assert one.areas == ("36.73.02",)
    assert one.valid_from is not None
    assert one.valid_until is not None
    assert one.severity == "severe"


def test_no_token_is_fetched_and_nothing_is_signed(city: Config, sandbox: Sandbox) -> None:
    with Client(city) as client:
        client.notifications.announcements.get("ann-service-hours")
        list(client.notifications.announcements.list())
    mine = [r for r in sandbox.requests() if r["operation"] is not None]
    assert {r["operation"] for r in mine} == {"notifications.announcements.get", "notifications.announcements.list"}
    assert {(r["signature"], r["client_id"]) for r in mine} == {("none", None)}


def test_they_carry_no_secret_of_the_client() -> None:
    transport = FakeTransport(lambda request: {"data": []})
    assert list(Client(transport=transport).notifications.announcements.list()) == []
    sent = transport.requests[0].headers
    assert not {"authorization", "signature", "signature-input"} & set(sent)
    assert "x-request-id" in sent


def test_anybody_may_read_with_any_client(sandbox: Sandbox) -> None:
    sandbox.reset()
    url = f"{sandbox.url}/v1/notifications/announcements"
    answer = httpx.get(url, params={"category": "health"}, trust_env=False)
    assert answer.status_code == 200
    assert [one["announcement_id"] for one in answer.json()["data"]] == ["ann-immunisation"]
    one = httpx.get(f"{url}/ann-immunisation", trust_env=False)
    held = httpx.get(f"{url}/ann-immunisation", headers={"if-none-match": one.headers["etag"]}, trust_env=False)
    assert (held.status_code, held.content) == (304, b"")
    assert httpx.post(url, json={}, trust_env=False).status_code == 405
