"""Cassettes: a real run against the sandbox recorded, then played without any network; nothing personal in the file."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from egov_serang import (
    AsyncClient,
    Client,
    Config,
    ConnectionFailed,
    EgovError,
    InvalidTransition,
    Phone,
    QuotaExhausted,
)
from egov_serang.core.message import TransportFault
from egov_serang.models.complaints import Location, Reporter
from egov_serang.models.identity import Attributes, Purpose
from egov_serang.models.notifications import Recipient
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing import Cassette, CassetteMismatch, FakeRequest, FakeResponse, FakeTransport
from egov_serang.testing.redaction import Redactor
from egov_serang.testing.tape import Asked

KEY = "a key of the tests, long enough"
NIK, SPENT = "9973010101900000", "9973010101900006"
NAME, MOTHER, WORDS = "Kenari Uji Rahasia", "Ibu Kenari", "Kalimat kenari di dalam aduan"
PHONE, MAIL, OWN = "+6281200000001", "kenari@example.invalid", "berkas-kenari-7"
CANARIES = (NIK, SPENT, NAME, MOTHER, WORDS, PHONE, PHONE[3:], MAIL, OWN, "1990-01-01", "BEGIN", "eyJ", "-6.1201", KEY)
HEADERS = ("authorization", "signature", "idempotency", "digest", "bearer", "x-request-id", "x-correlation-id")
SOMEWHERE = Location(area_code="36.73.01.1001", lat=-6.1201, long=106.1502)
PERMIT = Purpose(purpose_code="permit", legal_basis="public_task")


def app(client: Client) -> list[Any]:
    """A run through three services, with answers and refusals; what the app made of them."""
    person = Attributes(full_name=NAME, mother_name=MOTHER, birth_date=date(1990, 1, 1))
    verified = client.identity.verify(NIK, person, purpose=PERMIT, client_reference=OWN)
    with pytest.raises(QuotaExhausted) as spent:
        client.identity.verify(SPENT, person, purpose=PERMIT)
    case = client.complaints.submit(
        "jalan_rusak",
        WORDS,
        location=SOMEWHERE,
        reporter=Reporter(name=NAME, phone=Phone(PHONE), email=MAIL),
        photos=[b"\x89PNG\r\n\x1a\n" + WORDS.encode()],
    )
    case = client.complaints.get(case.complaint_id)
    with client.complaints.download(case.complaint_id, case.media[0].media_id) as photo:
        size = len(photo.read())
    case = client.complaints.transition(case, "withdraw", comment=WORDS)
    with pytest.raises(InvalidTransition) as late:
        client.complaints.transition(case, "verify")
    sent = client.notifications.send(
        "complaint-resolved-sms", Recipient(phone=Phone(PHONE)), personalisation={"reference": NAME, NAME: MAIL}
    )
    pages = [template.template_id for template in client.notifications.templates.list(limit=2)]
    return [
        *(verified.transaction_id, verified.outcome, verified.client_reference, sorted(verified.results)),
        *(spent.value.code, late.value.allowed_actions, size, pages, sent.message_id, sent.status),
        *(case.complaint_id, case.status, case.version, case.description, case.lat, case.updated_at),
    ]


@pytest.fixture
def recorded(city: Config, tmp_path: Path) -> tuple[Path, list[Any]]:
    """A cassette of the run, and what the app made of it."""
    path = tmp_path / "tapes" / "run.json"
    with Cassette(path, key=KEY) as tape, Client(city, transport=tape) as client:
        assert tape.is_recording
        return path, app(client)


def test_a_run_is_played_without_network_or_configuration(recorded: tuple[Path, list[Any]], sandbox: Sandbox) -> None:
    path, made = recorded
    asked = len(sandbox.requests())
    for _ in range(2):
        tape = Cassette(path, key=KEY)
        assert not tape.is_recording
        assert app(Client(transport=tape)) == made
        assert tape.unplayed == []
    assert len(sandbox.requests()) == asked


def test_nothing_personal_and_no_secret_stands_in_the_file(recorded: tuple[Path, list[Any]], city: Config) -> None:
    path, _ = recorded
    text = path.read_text("utf-8")
    folded = text.casefold()
    assert [canary for canary in CANARIES if canary.casefold() in folded] == []
    assert [header for header in HEADERS if header in folded] == []
    assert city.client_id not in text
    assert city.gateway not in text
    entries = json.loads(text)["exchanges"]
    assert len(entries) > 8
    assert all(entry["request"]["path"][0] == "v1" for entry in entries)
    assert [path.name for path in path.parent.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("cmp_8198996340660ad6e5d6", True),  # random, with 13 digits in a row
        ("nik_9973010101900000", False),
        ("9973010101900000a", False),
        ("cmp_9973010101900000 a", False),
    ],
)
def test_a_random_id_is_no_number_of_a_person(tmp_path: Path, value: str, kept: bool) -> None:
    case = {"complaint_id": value, "service_code": "sampah", "status": "new", "version": 1}
    gateway = FakeTransport(lambda _: FakeResponse(json=case))
    path = tmp_path / "run.json"
    with Cassette(path, transport=gateway) as tape:
        Client(transport=tape).complaints.get("c1")
    assert (value in path.read_text("utf-8")) is kept


def test_an_open_object_shows_nothing_even_under_names_that_are_shown(tmp_path: Path) -> None:
    case = {"complaint_id": "c1", "service_code": "sampah", "status": "new", "version": 1, "requested_by": NAME}
    case |= {
        "attributes": {"id": NAME, "status": NAME, NAME: 1},
        "reference": f"A {NIK}",
        "area_code": "9973 0101 0190 0000",
    }
    gateway = FakeTransport(lambda _: FakeResponse(json=case))
    path = tmp_path / "tape.json"
    Client(transport=Cassette(path, transport=gateway)).complaints.get(NAME)
    text = path.read_text("utf-8")
    assert NAME not in text
    assert "9973" not in text
    played = Client(transport=Cassette(path)).complaints.get("any other, for no key was given")
    assert (played.complaint_id, played.status, played.version) == ("c1", "new", 1)


def test_what_is_public_can_be_kept(city: Config, tmp_path: Path) -> None:
    path = tmp_path / "tape.json"
    with Cassette(path, keep=["service_name"]) as tape, Client(city, transport=tape) as client:
        names = [service.service_name for service in client.complaints.services()]
    played = list(Client(transport=Cassette(path)).complaints.services())
    assert [service.service_name for service in played] == names
    assert {service.description for service in played}.isdisjoint({"", *names})


CHANGES: dict[str, Callable[[Client], Any]] = {
    "another field": lambda client: client.complaints.submit("sampah", WORDS, location=SOMEWHERE),
    "another text": lambda client: client.complaints.submit("jalan_rusak", "Lain.", location=SOMEWHERE),
    "one field less": lambda client: client.complaints.submit("jalan_rusak", WORDS),
    "one field more": lambda client: client.complaints.submit(
        "jalan_rusak", WORDS, location=SOMEWHERE, client_reference=OWN
    ),
    "another operation": lambda client: client.complaints.get(NAME),
}
TOLD = {
    "another field": "with another body/service_code",
    "another text": "with another body/description",
    "one field less": "with another body/area_code",
    "one field more": "with another body",
    "another operation": "GET /v1/complaints/cases/* is not on the cassette tape.json; next would be POST",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_request_is_refused_by_operation_and_field(city: Config, tmp_path: Path, change: str) -> None:
    path = tmp_path / "tape.json"
    with Cassette(path, key=KEY) as tape, Client(city, transport=tape) as client:
        client.complaints.submit("jalan_rusak", WORDS, location=SOMEWHERE)
    with pytest.raises(CassetteMismatch) as refused:
        CHANGES[change](Client(transport=Cassette(path, key=KEY)))
    told = str(refused.value)
    assert TOLD[change] in told
    assert "record again" in told
    frames = traceback.TracebackException.from_exception(refused.value, capture_locals=True).stack
    ours = [f"{frame.locals}" for frame in frames if "/egov_serang/testing/" in frame.filename]
    assert len(ours) > 1
    assert [canary for canary in (*CANARIES, "Lain") if canary in told + "".join(ours)] == []


def test_a_request_too_many_is_refused(city: Config, tmp_path: Path) -> None:
    path = tmp_path / "tape.json"
    with Cassette(path) as tape, Client(city, transport=tape) as client:
        list(client.complaints.services())
    client = Client(transport=Cassette(path, mode="replay"))
    list(client.complaints.services())
    with pytest.raises(CassetteMismatch, match="everything recorded has been played"):
        list(client.complaints.services())


def test_tasks_record_and_play(city: Config, tmp_path: Path) -> None:
    path = tmp_path / "tape.json"

    async def run(config: Config | None, tape: Cassette) -> list[str]:
        async with tape, AsyncClient(config, transport=tape) as client:
            cases = [client.complaints.submit("sampah", f"{WORDS} {n}", location=SOMEWHERE) for n in range(4)]
            made = await asyncio.gather(*cases)
            again = await asyncio.gather(*[client.complaints.get(case.complaint_id) for case in reversed(made)])
            return [f"{case.complaint_id} {case.description}" for case in again]

    first = asyncio.run(run(city, Cassette(path, mode="record", key=KEY)))
    assert len(set(first)) == 4
    assert asyncio.run(run(None, Cassette(path, mode="replay", key=KEY))) == first


def test_retries_and_lost_connections_are_played_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "tape.json"
    asked: list[FakeRequest] = []

    def gateway(request: FakeRequest) -> FakeResponse:
        asked.append(request)
        if len(asked) < 3:
            raise TransportFault("reset", sent="maybe", reason=f"lost {NAME}")
        return FakeResponse(404, json={"code": "not_found", "title": NAME, "status": 404})

    def run(tape: Cassette) -> tuple[str | None, int]:
        with pytest.raises(EgovError) as missing:
            Client(transport=tape).complaints.get("c1")
        return missing.value.code, missing.value.attempts

    first = run(Cassette(path, transport=FakeTransport(gateway)))
    assert first == ("not_found", 3)
    assert run(Cassette(path)) == first
    assert len(asked) == 3
    assert NAME not in path.read_text("utf-8")


def test_a_cassette_can_be_recorded_on_any_transport(tmp_path: Path) -> None:
    case = {"complaint_id": "c1", "service_code": "sampah", "status": "new", "version": 1}
    gateway = FakeTransport(lambda _: FakeResponse(json=case))

    async def from_tasks(transport: Any) -> str:
        tape = Cassette(tmp_path / "tasks.json", transport=transport, mode="record")
        return (await AsyncClient(transport=tape).complaints.get("c1")).complaint_id

    assert asyncio.run(from_tasks(gateway)) == asyncio.run(from_tasks(gateway.asynchronous())) == "c1"
    tape = Cassette(tmp_path / "threads.json", transport=gateway.asynchronous())
    with pytest.raises(TypeError, match="its transport is asynchronous"):
        Client(transport=tape).complaints.get("c1")


def test_mistakes_are_told_at_once(city: Config, recorded: tuple[Path, list[Any]], tmp_path: Path) -> None:
    path, _ = recorded
    with pytest.raises(ValueError, match="needs the key it was recorded with"):
        Cassette(path)
    with pytest.raises(ValueError, match="at least 16 characters"):
        Cassette(path, key="short")
    with pytest.raises(ValueError, match="record, replay or auto"):
        Cassette(path, mode="again")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="record it with mode='record'"):
        Cassette(tmp_path / "none.json", mode="replay")
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(ValueError, match="not a cassette of this version"):
        Cassette(tmp_path / "other.json")
    with pytest.raises(ValueError, match="needs a real gateway"):
        Client(transport=Cassette(tmp_path / "new.json")).complaints.get("c1")
    nobody = city.with_(gateway="http://127.0.0.1:9", issuer=city.gateway, retries=0)
    with Cassette(tmp_path / "nobody.json") as tape, pytest.raises(ConnectionFailed):
        Client(nobody, transport=tape).complaints.get("c1")
    with pytest.raises(ConnectionFailed):
        Client(transport=Cassette(tmp_path / "nobody.json")).with_options(retries=0).complaints.get("c1")


def test_every_word_of_our_routes_stays_readable() -> None:
    document = json.loads((Path(__file__).parents[2] / "docs" / "contract" / "openapi.json").read_text("utf-8"))
    routes = [route.strip("/").split("/") for route in document["paths"] if route.startswith("/v1/")]
    assert routes
    for steps in routes:
        shape = Redactor((), None).request(0, Asked("GET", steps, {}, "", None))
        assert [step for step in shape["path"] if isinstance(step, str)] == [s for s in steps if "{" not in s]
