"""Events end to end: subscribed to, delivered by the sandbox over real HTTP, replayed from its log, followed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from egov_serang import (
    AsyncClient,
    Client,
    Config,
    Event,
    Forbidden,
    Invalid,
    NotFound,
    ServerFault,
    UnsupportedOperation,
    Webhooks,
)
from egov_serang.models.complaints import Complaint, Location
from egov_serang.models.subscriptions import Subscription
from egov_serang.receivers.delivery import Delivery
from egov_serang.sandbox.server import Sandbox

EVERYTHING = ["id.smartcity.*"]
CHANGED = "id.smartcity.complaints.complaint.status_changed.v1"
DAY = 86_400


class Sink:
    """An application on loopback that receives events as ours do; answers can be made to fail."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.attempts: list[tuple[str, int]] = []
        self.secrets: list[str] = []
        self.status_of: Callable[[str, int], int | None] = lambda name, attempt: None
        self.change = threading.Condition()
        self._webhooks: Webhooks | None = None
        self._closed = False
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status, media_type, content = sink.take(list(self.headers.items()), body)
                self.send_response_only(status)
                self.send_header("content-length", str(len(content)))
                self.send_header("content-type", media_type)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/events"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def know(self, *subscriptions: Subscription) -> None:
        with self.change:
            self._webhooks = Webhooks([one.secret for one in subscriptions if one.secret is not None])
            self.change.notify_all()

    def take(self, headers: list[tuple[str, str]], body: bytes) -> tuple[int, str, bytes]:
        with self.change:
            # The challenge may come before the program that subscribed has seen the secret.
            assert self.change.wait_for(lambda: self._webhooks is not None or self._closed, 30)
            if self._webhooks is None:
                return 503, "text/plain", b""
            name = dict(headers)["webhook-id"]
            attempt = sum(known == name for known, _ in self.attempts) + 1
            failure = self.status_of(name, attempt)
            if failure is not None:
                self.attempts.append((name, failure))
                self.change.notify_all()
                return failure, "text/plain", b"not now"
            delivery = Delivery(self._webhooks, headers, body)
            if delivery.event is not None:
                self.events.append(delivery.event)
            answer = delivery.answer()
            self.attempts.append((name, answer.status))
            self.change.notify_all()
            return answer.status, answer.media_type or "text/plain", answer.body

    def until(self, condition: Callable[[], bool]) -> None:
        with self.change:
            assert self.change.wait_for(condition, 30), (self.attempts, self.events)

    def until_answered(self, status: int, times: int) -> None:
        self.until(lambda: sum(answered == status for _, answered in self.attempts) == times)

    def close(self) -> None:
        with self.change:
            self._closed = True
            self.change.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.close()


def subscribed(client: Client, sink: Sink, types: list[str] | None = None, **more: Any) -> Subscription:
    """A subscription whose challenge was echoed."""
    made = client.events.subscriptions.create(types or EVERYTHING, sink.url, **more)
    sink.know(made)
    sink.until(lambda: any(name.startswith("chl_") and status == HTTPStatus.OK for name, status in sink.attempts))
    until_active(client, made.subscription_id)
    return made


def until_active(client: Client, subscription_id: str, status: str = "active") -> None:
    for _ in range(1000):
        if client.events.subscriptions.get(subscription_id).status == status:
            return
    raise AssertionError("the subscription never became " + status)


def complain(client: Client, text: str = "Jalan berlubang") -> Complaint:
    return client.complaints.submit("jalan_rusak", text, location=Location(lat=-6.1153, long=106.1503))


def test_a_subscription_shows_its_secret_once(client: Client, sink: Sink) -> None:
    made = subscribed(client, sink)
    assert made.secret is not None
    assert made.secret.reveal() not in f"{made!r} {made} {made.model_dump()} {made.model_dump_json()}"
    assert made.status == "pending"
    read = client.events.subscriptions.get(made.subscription_id)
    assert (read.secret, read.status, read.types, read.sink) == (None, "active", ("id.smartcity.*",), sink.url)
    assert [one.subscription_id for one in client.events.subscriptions.list()] == [made.subscription_id]
    client.events.subscriptions.delete(made.subscription_id)
    with pytest.raises(NotFound):
        client.events.subscriptions.get(made.subscription_id)


def test_what_happens_is_delivered_typed_and_in_order(client: Client, sink: Sink) -> None:
    subscribed(client, sink)
    complaint = complain(client)
    for action in ("verify", "assign", "start", "resolve"):
        assignee = "dpupr" if action == "assign" else None
        complaint = client.complaints.transition(
            complaint.complaint_id, action, version=complaint.version, assignee=assignee
        )
    sink.until(lambda: len(sink.events) == 5)
    assert [event.sequence for event in sink.events] == [1, 2, 3, 4, 5]
    assert [event.what for event in sink.events] == ["created", *["status_changed"] * 4]
    assert {event.subject for event in sink.events} == {complaint.complaint_id}
    assert {event.source for event in sink.events} == {"36.73"}


def test_types_and_subjects_are_chosen(client: Client, sink: Sink) -> None:
    first = complain(client)
    subscribed(client, sink, [CHANGED], filter={"subject": first.complaint_id})
    second = complain(client)
    for one in (second, first):
        client.complaints.transition(one.complaint_id, "verify", version=one.version)
    sink.until(lambda: len(sink.events) == 1)
    assert (sink.events[0].subject, sink.events[0].type) == (first.complaint_id, CHANGED)


def test_a_failing_sink_gets_them_again_in_order(client: Client, sink: Sink, sandbox: Sandbox) -> None:
    subscribed(client, sink)
    sink.status_of = lambda name, attempt: 503 if attempt <= 2 else None
    complaint = complain(client)
    complaint = client.complaints.transition(complaint.complaint_id, "verify", version=complaint.version)
    for refused, seconds in ((1, 6), (2, 301), (3, 6), (4, 301)):  # each of both events twice
        sink.until_answered(503, refused)
        assert len(sink.events) == (refused - 1) // 2
        sandbox.advance(seconds)
    sink.until(lambda: len(sink.events) == 2)
    assert [event.sequence for event in sink.events] == [1, 2]
    names = [name for name, status in sink.attempts if status == 503]
    assert len(names) == 4
    assert names == sorted(names), "the second waits until the first has arrived"


def test_a_day_in_vain_gives_an_event_up_and_the_log_still_has_it(client: Client, sink: Sink, sandbox: Sandbox) -> None:
    subscribed(client, sink)
    sink.status_of = lambda name, attempt: 500
    complain(client)
    for attempts, seconds in enumerate((5, 300, 1800, 7200, 18_000, 36_000, 23_095), 1):
        sink.until_answered(500, attempts)
        sandbox.advance(seconds + 1)
    sink.until_answered(500, 8)
    sandbox.advance(DAY)
    sink.status_of = lambda name, attempt: None
    later = complain(client)
    sink.until(lambda: len(sink.events) == 1)
    assert sink.events[0].subject == later.complaint_id
    with Client(client.config) as again:  # its token is as old as the city
        assert [event.what for event in again.events.log()] == ["created", "created"]


def test_a_sink_that_is_gone_disables_its_subscription(client: Client, sink: Sink) -> None:
    made = subscribed(client, sink)
    sink.status_of = lambda name, attempt: 410
    complain(client)
    until_active(client, made.subscription_id, "disabled")
    complain(client)
    assert sum(status == 410 for _, status in sink.attempts) == 1


def test_nothing_is_delivered_before_the_challenge_is_echoed(client: Client, sink: Sink, sandbox: Sandbox) -> None:
    sink.status_of = lambda name, attempt: 404 if attempt == 1 else None
    made = client.events.subscriptions.create(EVERYTHING, sink.url)
    sink.know(made)
    sink.until(lambda: len(sink.attempts) == 1)
    sink.status_of = lambda name, attempt: None
    complain(client)
    assert client.events.subscriptions.get(made.subscription_id).status == "pending"
    sandbox.advance(6)
    sink.until(lambda: len(sink.events) == 1)
    assert [name[:4] for name, _ in sink.attempts] == ["chl_", "chl_", "evt_"]


def test_a_secret_is_rotated_without_a_gap(client: Client, sink: Sink, sandbox: Sandbox) -> None:
    made = subscribed(client, sink)
    renewed = client.events.subscriptions.rotate(made.subscription_id)
    assert renewed.secret is not None
    assert made.secret is not None
    assert renewed.secret.reveal() != made.secret.reveal()
    assert renewed.previous_secret_until is not None
    complain(client)  # the sink knows the old one alone
    sink.until(lambda: len(sink.events) == 1)
    sink.know(renewed)
    complain(client)
    sink.until(lambda: len(sink.events) == 2)
    sandbox.advance(DAY + 1)
    with Client(client.config) as later:
        read = later.events.subscriptions.get(made.subscription_id)
        assert read.previous_secret_until is None
        sink.know(made)  # which counts no more
        complain(later)
        sink.until(lambda: sink.attempts[-1][1] == HTTPStatus.UNAUTHORIZED)


def test_what_is_no_subscription_is_refused(client: Client) -> None:
    create = client.events.subscriptions.create
    with pytest.raises(Invalid, match="list of event types"):
        create("id.smartcity.*", "http://127.0.0.1:1/x")
    for types, sink in ((["x"], "http://127.0.0.1:1/x"), (EVERYTHING, "http://10.0.0.1:80/"), (EVERYTHING, "ftp://a")):
        with pytest.raises(Invalid) as caught:
            create(types, sink)
        assert caught.value.fields


def test_events_of_confidential_complaints_are_for_those_who_may_see_them(
    client: Client, sandbox: Sandbox, tmp_path: Path
) -> None:
    place = Location(lat=-6.1153, long=106.1503)
    secret = client.complaints.submit("jalan_rusak", "Rahasia", location=place, confidential=True)
    public = complain(client)
    other = sandbox.credentials("other-app", ["complaints:read", "events:read"], tmp_path)
    with Client(Config(**other.settings)) as stranger:
        assert [event.subject for event in stranger.events.log()] == [public.complaint_id]
        with pytest.raises(Forbidden):
            stranger.events.subscriptions.create(EVERYTHING, "http://127.0.0.1:1/x")
    assert [event.subject for event in client.events.log()] == [secret.complaint_id, public.complaint_id]


def test_the_log_goes_on_where_one_stopped(client: Client) -> None:
    ids = [complain(client).complaint_id for _ in range(5)]
    log = client.events.log(limit=2)
    first = [next(log) for _ in range(3)]
    assert [event.subject for event in first] == ids[:3]
    rest = list(client.events.log(since=first[-1].cursor, limit=2))
    assert [event.subject for event in rest] == ids[3:]
    assert list(client.events.log(since=rest[-1].cursor)) == []
    assert [event.subject for event in client.events.log(subject=ids[1])] == [ids[1]]
    assert list(client.events.log(types=[CHANGED])) == []


def test_a_follower_waits_for_what_happens_and_remembers_its_place(client: Client, tmp_path: Path) -> None:
    mark = tmp_path / "events.cursor"
    ids = [complain(client).complaint_id]
    follower = client.events.follow(bookmark=mark, poll=0.01)
    assert next(follower).subject == ids[0]
    assert not mark.exists(), "it is being handled"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(next, follower)
        ids.append(complain(client).complaint_id)
        assert waiting.result(30).subject == ids[1]
    assert mark.stat().st_mode & 0o777 == 0o600
    # A crash now: the second was given out, and nobody said that it was handled.
    assert next(client.events.follow(bookmark=mark, poll=0.01)).subject == ids[1]
    with pytest.raises(UnsupportedOperation):
        client.raw.events.follow()  # type: ignore[misc]


def test_tasks_follow_too(client: Client, city: Config) -> None:
    ids = [complain(client).complaint_id for _ in range(3)]

    async def follow() -> list[str | None]:
        async with AsyncClient(city) as tasks:
            found = list[str | None]()
            async for event in tasks.events.follow(poll=0.01):
                found.append(event.subject)
                if len(found) == len(ids):
                    return found
        raise AssertionError

    assert asyncio.run(follow()) == ids


def test_an_outage_is_sat_out_or_raised(client: Client, sandbox: Sandbox) -> None:
    complain(client)
    impatient = client.with_options(retries=0)
    sandbox.fault("events.log", kind="status", status=503, times=2)
    assert next(impatient.events.follow(poll=0.01)).what == "created"
    sandbox.fault("events.log", kind="status", status=503, times=1)
    with pytest.raises(ServerFault):
        next(impatient.events.follow(poll=0.01, patience=0))
