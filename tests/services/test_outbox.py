"""The outbox against the sandbox: kept without a network, made once with one, looked up when the key is too old."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import multiprocessing
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from egov_serang import (
    AsyncClient,
    Client,
    Config,
    ConfigError,
    File,
    Invalid,
    Nik,
    Outbox,
    Phone,
    UnsupportedOperation,
)
from egov_serang.batch.entries import Outcome
from egov_serang.models.complaints import Location, Reporter
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing.faults import FaultGateway, lose_answer, refuse, refusing, reset_before_answer

PLACE = Location(area_code="36.73.01.1001")
PHOTO = Path(__file__).parents[2] / "examples" / "pothole.png"
NAME, WORDS = "Kenari Uji Rahasia", "Kalimat kenari di dalam aduan"
NIK = "9973010101900000"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    made = base64.b64encode(os.urandom(32)).decode()
    monkeypatch.setenv("EGOV_SERANG_OUTBOX_KEY", made)
    return made


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def outbox(tmp_path: Path, clock: Time) -> Iterator[Outbox]:
    with Outbox(tmp_path / "laporan.db", now=clock) as made:
        yield made


@pytest.fixture
def nowhere() -> Iterator[Client]:
    """A client without a network."""
    with refusing() as address, FaultGateway() as gateway:
        settings: Any = {**gateway.settings, "gateway": address}
        with Client(Config(**settings, retries=0)) as made:
            yield made


def test_a_report_captured_without_a_network_is_made_once_when_there_is_one(
    outbox: Outbox, nowhere: Client, client: Client
) -> None:
    entry = outbox.add(
        nowhere.complaints.submit,
        "jalan_rusak",
        WORDS,
        location=PLACE,
        photos=[PHOTO, File(b"\x89PNG\r\n\x1a\n" + b"x" * 700_000, "besar.png")],
        reporter=Reporter(name=NAME, phone=Phone("+6281200000001")),
    )
    assert (entry.operation, entry.state, entry.files, entry.sent) == ("complaints.submit", "waiting", 2, "no")
    offline = outbox.send(nowhere)
    assert (offline.sent, offline.waiting, offline.stopped) == (0, 1, "connect")
    (waiting,) = outbox.entries()
    assert (waiting.state, waiting.attempts, waiting.sent, waiting.code) == ("waiting", 0, "no", "connect")

    outcomes: list[Outcome] = []
    report = outbox.send(client, handle=outcomes.append)
    assert (report.sent, report.waiting, report.given_up, report.stopped) == (1, 0, 0, None)
    assert outbox.entries() == []
    complaint = outcomes[0].result
    assert complaint.client_reference == entry.client_reference
    assert [media.sha256 for media in complaint.media] == [
        hashlib.sha256(content).hexdigest() for content in (PHOTO.read_bytes(), b"\x89PNG\r\n\x1a\n" + b"x" * 700_000)
    ]
    assert complaint.reporter is not None
    assert (complaint.reporter.name, complaint.description) == (NAME, WORDS)
    assert outbox.send(client).sent == 0


def test_the_same_with_tasks(outbox: Outbox, city: Config) -> None:
    async def work() -> None:
        async with AsyncClient(city) as client:
            entry = await outbox.add(client.complaints.submit, "jalan_rusak", WORDS, location=PLACE, photos=[PHOTO])
            outcomes: list[Outcome] = []

            async def handle(outcome: Outcome) -> None:
                await asyncio.sleep(0)
                outcomes.append(outcome)

            report = await outbox.send(client, handle=handle)
            assert (report.sent, outcomes[0].entry.id) == (1, entry.id)
            assert len((await client.complaints.get(outcomes[0].result.complaint_id)).media) == 1

    asyncio.run(work())


def test_the_file_shows_nothing_and_is_its_owners(outbox: Outbox, client: Client, tmp_path: Path) -> None:
    entry = outbox.add(
        client.complaints.submit,
        "jalan_rusak",
        WORDS,
        location=PLACE,
        reporter=Reporter(name=NAME),
        photos=[File(b"\x89PNG\r\n\x1a\n" + WORDS.encode() * 9, f"{NAME}.png")],
        attributes={"nik": Nik(NIK)},
    )
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
        content = file.read_bytes()
        for secret in (WORDS, NAME, NIK, "complaints.submit", "jalan_rusak", entry.client_reference or ""):
            assert secret.encode() not in content, file.name
    assert NIK not in str(entry.arguments)
    assert entry.arguments["attributes"] == {"nik": "9973••••••••••••"}
    assert WORDS not in repr(entry)
    outbox.discard(entry.id)
    sealed = sqlite3.connect(tmp_path / "laporan.db")
    assert sealed.execute("SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM pieces)").fetchone() == (0, 0)
    sealed.close()
    with pytest.raises(Invalid, match="no entry"):
        outbox.discard(entry.id)


def test_no_key_and_another_key_are_refused(outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "laporan.db"
    monkeypatch.setenv("EGOV_SERANG_OUTBOX_KEY", base64.b64encode(bytes(32)).decode())
    with pytest.raises(ConfigError, match="with this key"):
        Outbox(path)
    monkeypatch.setenv("EGOV_SERANG_OUTBOX_KEY", "c2hvcnQ=")
    with pytest.raises(ConfigError, match="32 random bytes"):
        Outbox(path)
    monkeypatch.delenv("EGOV_SERANG_OUTBOX_KEY")
    with pytest.raises(ConfigError, match="EGOV_SERANG_OUTBOX_KEY is not set"):
        Outbox(path)
    with pytest.raises(ConfigError, match="not in a file"):
        Outbox(path, key="outbox.key")


@pytest.mark.parametrize("content", [b"no database at all, " * 100, b""])
def test_what_is_no_outbox_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(content)
    if not content:
        made = sqlite3.connect(path)
        made.execute("CREATE TABLE mine (x)")
        made.close()
    with pytest.raises(ConfigError, match="cannot be used"):
        Outbox(path)
    with pytest.raises(ConfigError, match="cannot be used"):
        Outbox(tmp_path / "nowhere" / "laporan.db")


def test_what_cannot_be_kept_is_refused_at_once(outbox: Outbox, client: Client) -> None:
    add: Callable[..., Any] = outbox.add
    with pytest.raises(UnsupportedOperation, match="only reads"):
        add(client.complaints.get, "cmp_1")
    with pytest.raises(UnsupportedOperation, match="list"):
        add(client.complaints.list)
    with pytest.raises(UnsupportedOperation, match="no method"):
        add(print, "x")
    with pytest.raises(UnsupportedOperation, match="only reads"):
        add(client.complaints.download_to, "cmp_1", "med_1", "x.jpg")
    with pytest.raises(Invalid, match="description"):
        add(client.complaints.submit, "jalan_rusak", " ", location=PLACE)
    with pytest.raises(Invalid, match="no readable file"):
        add(client.complaints.submit, "jalan_rusak", WORDS, location=PLACE, photos=["nowhere.jpg"])
    with pytest.raises(Invalid, match="cannot be kept"):
        add(client.complaints.submit, "jalan_rusak", WORDS, attributes={"x": object()})
    with pytest.raises(TypeError, match="colour"):
        add(client.complaints.submit, "jalan_rusak", WORDS, colour="red")
    assert outbox.entries() == []


def test_a_refusal_is_given_up_with_its_reason_and_can_be_sent_again(
    outbox: Outbox, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    refused = outbox.add(client.complaints.submit, "tidak_ada", WORDS, location=PLACE)
    good = outbox.add(client.complaints.submit, "jalan_rusak", WORDS, location=PLACE)
    outcomes: list[Outcome] = []
    report = outbox.send(client, handle=outcomes.append)
    assert (report.sent, report.given_up, report.waiting) == (1, 1, 0)
    assert [(one.entry.id, one.state) for one in outcomes] == [(refused.id, "given_up"), (good.id, "sent")]
    (entry,) = outbox.entries("given_up")
    assert (entry.id, entry.code) == (refused.id, "service_not_found")
    assert "service_not_found" in (entry.reason or "")
    assert outbox.send(client).given_up == 0
    with pytest.raises(Invalid):
        outbox.retry(good.id)
    assert outbox.retry(entry.id).state == "waiting"
    assert outbox.send(client).given_up == 1


def test_a_retry_of_what_was_done_in_part_goes_on_with_its_key(outbox: Outbox, client: Client) -> None:
    bad = File(b"<html>", "halaman.html")
    entry = outbox.add(client.complaints.submit, "jalan_rusak", WORDS, location=PLACE, photos=[PHOTO, bad])
    for _ in range(2):
        assert outbox.send(client).given_up == 1
        assert outbox.entries()[0].code == "unsupported_media"
        outbox.retry(entry.id)
    (made,) = client.complaints.list(client_reference=entry.client_reference)
    assert len(made.media) == 1


def test_every_write_of_every_service(outbox: Outbox, client: Client) -> None:
    complaint = client.complaints.submit("jalan_rusak", WORDS, location=PLACE)
    outbox.add(client.complaints.updates.add, complaint.complaint_id, WORDS, photos=[BytesIO(PHOTO.read_bytes())])
    outbox.add(client.complaints.attach, complaint.complaint_id, str(PHOTO))
    outcomes: list[Outcome] = []
    assert outbox.send(client, handle=outcomes.append).sent == 2
    assert len(client.complaints.get(complaint.complaint_id).media) == 2
    now = client.complaints.get(complaint.complaint_id)
    outbox.add(client.complaints.change, now, description="Lain", location=Location(lat=-6.1153, long=106.1503))
    assert outbox.send(client).sent == 1
    now = client.complaints.get(complaint.complaint_id)
    assert (now.description, now.lat, now.area_code) == ("Lain", -6.1153, complaint.area_code)
    outbox.add(client.complaints.transition, now, "withdraw", comment=WORDS)
    assert outbox.send(client, handle=outcomes.append).sent == 1
    assert outcomes[-1].result.status == "withdrawn"


def test_a_lost_answer_has_one_effect(outbox: Outbox, clock: Time) -> None:
    with FaultGateway(lose_answer()) as gateway, Client(Config(**gateway.settings, retries=0)) as client:
        outbox.add(client.complaints.submit, "jalan_rusak", WORDS, location=PLACE)
        first = outbox.send(client)
        assert (first.sent, first.waiting) == (0, 1)
        (entry,) = outbox.entries()
        assert (entry.sent, entry.attempts) == ("maybe", 1)
        assert outbox.send(client).sent == 0, "its turn comes later"
        clock.now += 31
        assert outbox.send(client).sent == 1
        assert (gateway.effects, gateway.desk.replays) == (1, 1)


def test_what_fails_waits_longer_each_time_and_is_given_up(tmp_path: Path, clock: Time) -> None:
    with FaultGateway(default=refuse("internal", 500)) as gateway:
        settings = Config(**gateway.settings, retries=0)
        with Client(settings) as client, Outbox(tmp_path / "o.db", attempts=3, now=clock) as outbox:
            outbox.add(client.complaints.submit, "jalan_rusak", WORDS, location=PLACE)
            pauses = []
            for _ in range(2):
                assert outbox.send(client).waiting == 1
                (entry,) = outbox.entries()
                assert entry.due_at is not None
                pauses.append(round(entry.due_at.timestamp() - clock.now))
                assert outbox.send(client).waiting == 1
                assert outbox.entries()[0].attempts == entry.attempts
                clock.now = entry.due_at.timestamp() + 0.001
            assert pauses == [30, 60]
            assert outbox.send(client).given_up == 1
            assert outbox.entries()[0].code == "internal"
        assert len(gateway.calls) == 3


def test_a_service_that_asks_to_wait_stops_the_round(outbox: Outbox) -> None:
    with (
        FaultGateway(refuse("rate_limited", 429, retry_after="7")) as gateway,
        Client(Config(**gateway.settings, retries=0)) as client,
    ):
        for _ in range(2):
            outbox.add(client.complaints.submit, "jalan_rusak", WORDS, location=PLACE)
        report = outbox.send(client)
        assert (report.stopped, report.retry_after, report.waiting, len(gateway.calls)) == ("rate_limited", 7, 2, 1)
        assert all(entry.attempts == 0 for entry in outbox.entries())


def test_what_is_the_clients_own_affair_costs_no_entry_anything(outbox: Outbox, city: Config, client: Client) -> None:
    from dataclasses import replace

    outbox.add(client.complaints.submit, "jalan_rusak", WORDS, location=PLACE)
    with Client(replace(city, client_id="somebody-else")) as stranger, pytest.raises(Exception) as caught:
        outbox.send(stranger)
    assert type(caught.value).__name__ in {"Unauthorized", "ConfigError"}
    (entry,) = outbox.entries()
    assert (entry.state, entry.attempts) == ("waiting", 0)
    assert outbox.send(client).sent == 1


def test_past_the_ttl_of_keys_it_is_looked_up_and_its_missing_photos_are_added(
    outbox: Outbox, client: Client, clock: Time, sandbox: Sandbox
) -> None:
    photos = [PHOTO, b"\x89PNG\r\n\x1a\ntwo", b"\x89PNG\r\n\x1a\ntwo"]
    entry = outbox.add(client.complaints.submit, "jalan_rusak", WORDS, location=PLACE, photos=photos)
    reference = entry.client_reference or ""
    sandbox.fault("complaints.attach", kind="lost_answer")
    assert outbox.send(client.with_options(retries=0)).waiting == 1
    clock.now += 25 * 3600
    sandbox.advance(25 * 3600)
    outcomes: list[Outcome] = []
    assert outbox.send(client, handle=outcomes.append).sent == 1
    assert outcomes[0].result.client_reference == reference
    digests = [media.sha256 for media in outcomes[0].result.media]
    contents = [photo if isinstance(photo, bytes) else photo.read_bytes() for photo in photos]
    assert digests == [hashlib.sha256(content).hexdigest() for content in contents]
    found = list(client.complaints.list(client_reference=reference))
    assert [one.complaint_id for one in found] == [outcomes[0].result.complaint_id]


def test_past_the_ttl_what_is_not_found_stays_unknown_and_is_not_made_again(
    outbox: Outbox, client: Client, clock: Time
) -> None:
    entry = outbox.add(client.complaints.submit, "jalan_rusak", WORDS, location=PLACE)
    with FaultGateway(reset_before_answer()) as gateway, Client(Config(**gateway.settings, retries=0)) as faulty:
        assert outbox.send(faulty).waiting == 1
    clock.now += 25 * 3600
    assert outbox.send(client).given_up == 1
    (given_up,) = outbox.entries()
    assert (given_up.code, given_up.sent) == ("unknown", "maybe")
    assert list(client.complaints.list(client_reference=entry.client_reference)) == []
    outbox.retry(entry.id)
    assert outbox.send(client).sent == 1


def test_a_clock_set_back_counts_as_a_key_too_old(outbox: Outbox, client: Client, clock: Time) -> None:
    outbox.add(client.complaints.submit, "jalan_rusak", WORDS, location=PLACE)
    with FaultGateway(reset_before_answer()) as gateway, Client(Config(**gateway.settings, retries=0)) as faulty:
        outbox.send(faulty)
    clock.now -= 3600
    assert outbox.send(client).sent == 0, "not due before its pause is over"


def test_what_has_a_handle_is_erased_after_it(outbox: Outbox, client: Client) -> None:
    class Stopped(Exception):
        pass

    def stop(outcome: Outcome) -> None:
        raise Stopped

    outbox.add(client.complaints.submit, "jalan_rusak", WORDS, location=PLACE)
    with pytest.raises(Stopped):
        outbox.send(client, handle=stop)
    assert [(entry.state, entry.sent) for entry in outbox.entries()] == [("waiting", "maybe")]
    outcomes: list[Outcome] = []
    outbox.send(client, handle=outcomes.append)
    assert len(list(client.complaints.list(client_reference=outcomes[0].entry.client_reference))) == 1


def test_one_process_sends_at_a_time(outbox: Outbox, client: Client, tmp_path: Path) -> None:
    outbox.add(client.complaints.submit, "jalan_rusak", WORDS, location=PLACE)
    refused: list[str] = []

    def meanwhile(outcome: Outcome) -> None:
        with Outbox(tmp_path / "laporan.db") as other:
            acts: list[Callable[[], object]] = [lambda: other.send(client), lambda: other.discard(outcome.entry.id)]
            for act in acts:
                with pytest.raises(Invalid) as caught:
                    act()
                refused.append(caught.value.errors[0].code)
            assert [entry.state for entry in other.entries()] == ["sending"]

    assert outbox.send(client, handle=meanwhile).sent == 1
    assert refused == ["busy", "busy"]


def _work(path: Path, config: Config, number: int, sent: Any) -> None:
    with Client(config) as client, Outbox(path) as outbox:
        for count in range(10):
            outbox.add(client.complaints.submit, "jalan_rusak", f"{number}/{count}", location=PLACE, photos=[PHOTO])
        while outbox.entries("waiting") or outbox.entries("sending"):
            with contextlib.suppress(Invalid):  # the other one is sending
                report = outbox.send(client)
                with sent.get_lock():
                    sent.value += report.sent


def test_two_processes_add_and_send_and_each_call_is_made_once(client: Client, city: Config, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    sent = context.Value("i", 0)
    path = tmp_path / "laporan.db"
    processes = [context.Process(target=_work, args=(path, city, number, sent)) for number in (1, 2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert sent.value == 20
    made = [complaint.description for complaint in client.complaints.list() if complaint.client_reference]
    assert sorted(made) == sorted(f"{number}/{count}" for number in (1, 2) for count in range(10))
