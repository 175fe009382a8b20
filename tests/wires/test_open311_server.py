"""The Open311 wire against a server that was written from the specification alone, and against what real servers do."""

from __future__ import annotations

import asyncio
import inspect
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import tenacity
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.wires.open311_server import JURISDICTION, KEY, City, serving

from egov_serang import (
    AsyncClient,
    Client,
    Config,
    ConnectionFailed,
    EgovError,
    File,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    RetryPolicy,
    ServerFault,
    UnexpectedReply,
    UnsupportedOperation,
)
from egov_serang.models.complaints import Complaint, ComplaintStatus, Location, Reporter, ServiceType

POINT = Location(lat=-6.1153, long=106.1503)
SIZE = {"SIZE": "124"}

Make = Callable[..., Client]


@pytest.fixture
def city() -> Iterator[City]:
    with serving() as running:
        yield running


@pytest.fixture(params=["json", "xml"])
def format_(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def config(city: City, format_: str, tmp_path: Path) -> Config:
    key = tmp_path / "open311.key"
    key.write_text(KEY + "\n")
    return Config(
        gateway="http://127.0.0.1:9",
        auth="none",
        signature="none",
        complaints_wire="open311",
        open311_url=city.url,
        open311_jurisdiction=JURISDICTION,
        open311_key_file=key,
        open311_format=format_,  # type: ignore[arg-type]
        retries=0,
    )


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    with Client(config) as made:
        yield made


def submit(client: Client, **more: Any) -> Complaint:
    given = {"location": POINT, "attributes": SIZE} | more
    return client.complaints.submit("001", "A hole.", **given)


async def the_whole_way(client: Any, city: City) -> list[Any]:
    """Every call Open311 has, written once for both clients."""

    async def result(given: Any) -> Any:
        return await given if inspect.isawaitable(given) else given

    seen: list[Any] = [await result(client.complaints.discovery())]
    pager = client.complaints.services()
    seen.append([one async for one in pager] if hasattr(pager, "__aiter__") else list(pager))
    form = await result(client.complaints.service("001"))
    seen.append(form)
    filed = await result(
        client.complaints.submit(
            form,
            "A hole.\nAnd a second line: <&>",
            location=Location(lat=-6.1153, long=106.1503, address_string="Jl. Ahmad Yani 1", address_id="55"),
            attributes={"SIZE": "124", "LANES": ["left", "right"]},
            reporter=Reporter(
                name="Warga Uji Coba", phone="0812 0000 0001", email="warga@example.invalid", subject_ref="u-1"
            ),
            media_url="https://photos.example.invalid/1.jpg",
        )
    )
    seen += [filed, await result(client.complaints.get(filed.complaint_id))]
    batch = await result(client.complaints.submit("002", "A park."))
    seen += [batch, await result(client.complaints.token(batch.token))]
    city.run_batch()
    seen.append(await result(client.complaints.token(batch.token)))
    seen.append(await result(client.complaints.submit("003", "Thanks.")))
    pager = client.complaints.list(status="open", service_code="001", submitted_after=datetime(2026, 11, 1, tzinfo=UTC))
    seen.append([one async for one in pager] if hasattr(pager, "__aiter__") else list(pager))
    return seen


@pytest.mark.parametrize("runtime", ["threads", "tasks"])
def test_the_same_typed_calls_do_all_that_open311_has(city: City, config: Config, runtime: str) -> None:
    async def in_tasks() -> list[Any]:
        async with AsyncClient(config) as client:
            return await the_whole_way(client, city)

    if runtime == "tasks":
        seen = asyncio.run(in_tasks())
    else:
        with Client(config) as client:
            seen = asyncio.run(the_whole_way(client, city))
    discovered, catalogue, form, filed, read, batch, waiting, ready, boxed, found = seen
    assert discovered.endpoints[0].url == city.url
    assert discovered.endpoints[0].formats == ("text/xml", "application/json")
    assert [(one.service_code, one.type, one.metadata, one.keywords) for one in catalogue] == [
        ("001", ServiceType.REALTIME, True, ("road", "hole")),
        ("002", ServiceType.BATCH, False, ()),
        ("003", ServiceType.BLACKBOX, False, ()),
    ]
    assert [(one.code, one.required, one.values) for one in form.attributes] == [
        ("SIZE", True, ("123", "124")),
        ("LANES", False, ("left", "right")),
        ("NOTE", False, ()),
    ]
    assert form.attributes[0].names == {"123": "Small", "124": "Large"}
    assert (filed.complaint_id, filed.status, filed.version) == ("638344", "open", 0)
    assert read.description == "A hole.\nAnd a second line: <&>"
    assert (read.lat, read.long, read.address_string, read.address_id) == (-6.1153, 106.1503, "Jl. Ahmad Yani 1", "55")
    assert read.media_url == "https://photos.example.invalid/1.jpg"
    assert read.requested_at == datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
    assert (batch.complaint_id, batch.token) == ("", "token-638345")
    assert (waiting.complaint_id, ready.complaint_id) == (None, "638345")
    assert (boxed.complaint_id, boxed.token) == ("", None)
    assert [one.complaint_id for one in found] == ["638344"]
    assert city.forms[0] == {
        "jurisdiction_id": [JURISDICTION],
        "service_code": ["001"],
        "lat": ["-6.1153"],
        "long": ["106.1503"],
        "address_string": ["Jl. Ahmad Yani 1"],
        "address_id": ["55"],
        "description": ["A hole.\nAnd a second line: <&>"],
        "first_name": ["Warga"],
        "last_name": ["Uji Coba"],
        "phone": ["+6281200000001"],
        "email": ["warga@example.invalid"],
        "account_id": ["u-1"],
        "media_url": ["https://photos.example.invalid/1.jpg"],
        "attribute[SIZE]": ["124"],
        "attribute[LANES][]": ["left", "right"],
        "api_key": [KEY],
    }
    assert city.asked[-1] == (
        "/requests",
        {
            "jurisdiction_id": [JURISDICTION],
            "service_code": ["001"],
            "start_date": ["2026-11-01T00:00:00Z"],
            "status": ["open"],
        },
    )


def test_what_only_the_gateway_reads_is_not_sent(client: Client, city: City) -> None:
    submit(client)
    sent = city.headers[-1]
    assert not {"idempotency-key", "authorization", "signature", "egov-contract", "x-acting-for"} & sent.keys()
    assert all(KEY not in path and KEY not in str(query) for path, query in city.asked)


def test_the_key_is_asked_for_with_a_write_alone(city: City, config: Config) -> None:
    with Client(config.with_(open311_key_file=None)) as keyless:
        assert len(list(keyless.complaints.services())) == 3
        with pytest.raises(Forbidden, match="open311_key_file") as caught:
            submit(keyless)
    assert caught.value.idempotency_key is None
    assert KEY not in str(city.asked)


def test_errors_repeat_nothing_of_a_person(client: Client, city: City) -> None:
    city.deviation = ""
    with pytest.raises(Invalid) as caught:
        client.complaints.submit("001", "A hole.", attributes=SIZE, reporter=Reporter(name="location"))
    assert "location" not in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_write_is_never_repeated(city: City, config: Config) -> None:
    city.deviation = "html_500"
    with Client(config.with_(retries=2)) as client:
        with pytest.raises(ServerFault) as caught:
            submit(client)
        assert (caught.value.attempts, caught.value.sent, len(city.forms)) == (1, "yes", 1)
        with pytest.raises(UnsupportedOperation):
            client.resume(caught.value)


def test_an_answer_that_is_lost_leaves_the_truth(city: City, client: Client) -> None:
    city.deviation = "lost"
    with pytest.raises(ConnectionFailed) as caught:
        submit(client)
    assert (caught.value.sent, caught.value.idempotency_key, len(city.requests)) == ("maybe", None, 1)
    assert "knows no idempotency keys" in (caught.value.hint or "")


def test_another_jurisdiction_is_not_found(city: City, config: Config) -> None:
    with Client(config.with_(open311_jurisdiction="elsewhere.example")) as stranger, pytest.raises(NotFound):
        submit(stranger)


READABLE = (
    *("numbers", "lone_item", "wrapped", "namespace", "empty_texts", "wrong_type", "byte_order_mark", "shouting"),
    "own_request_id",
)


@pytest.mark.parametrize("deviation", READABLE)
def test_peculiar_answers_are_read_all_the_same(client: Client, city: City, deviation: str) -> None:
    city.deviation = deviation
    assert len(list(client.complaints.services())) == 3
    assert client.complaints.service("001").attributes[0].values == ("123", "124")
    filed = submit(client)
    assert filed.complaint_id == "638344"
    read = client.complaints.get(filed.complaint_id)
    assert (read.complaint_id, read.status, read.lat) == ("638344", "open", -6.1153)
    assert [one.complaint_id for one in client.complaints.list()] == ["638344"]


def test_a_time_without_a_zone_stays_as_it_came(client: Client, city: City) -> None:
    city.deviation = "no_zone"
    read = client.complaints.get(submit(client).complaint_id)
    assert read.requested_at is None
    assert (read.model_extra or {})["requested_datetime"] == "2026-11-20T08:00:00"


REFUSALS: tuple[tuple[str, type[EgovError]], ...] = (
    ("", NotFound),
    ("hidden_error", NotFound),
    ("error_object", NotFound),
    ("error_detail", NotFound),
    ("error_status", NotFound),
    ("empty_list", NotFound),
    ("html_404", NotFound),
    ("html_500", ServerFault),
    ("html_200", UnexpectedReply),
    ("html_400", UnexpectedReply),
    ("crm_down", Invalid),
    ("busy", RateLimited),
    ("redirect", UnexpectedReply),
)


@pytest.mark.parametrize(("deviation", "kind"), REFUSALS)
def test_refusals_in_every_shape_become_our_errors(
    client: Client, city: City, deviation: str, kind: type[EgovError]
) -> None:
    city.deviation = deviation
    with pytest.raises(kind) as caught:
        client.complaints.get("4711")
    assert type(caught.value) is kind
    assert "<" not in str(caught.value)
    assert caught.value.operation == "complaints.get"


BROKEN = ("truncated", "latin_1", "bomb", "deep", "another", "scalar", "nonsense")


@pytest.mark.parametrize("deviation", BROKEN)
def test_what_cannot_be_read_is_an_unexpected_reply(client: Client, city: City, deviation: str) -> None:
    number = submit(client).complaint_id
    city.deviation = deviation
    with pytest.raises(UnexpectedReply) as caught:
        client.complaints.get(number)
    assert "A hole" not in str(caught.value)


def test_reads_are_repeated_where_the_fault_may_be_gone(city: City, config: Config) -> None:
    city.deviation = "html_500"
    with Client(config.with_(retries=1)) as client, pytest.raises(ServerFault) as caught:
        client.complaints.get("1")
    assert caught.value.attempts == 2


def test_a_server_without_definitions_and_tokens_says_not_found(client: Client, city: City) -> None:
    for ask in (lambda: client.complaints.service("002"), lambda: client.complaints.token("token-1")):
        with pytest.raises(NotFound):
            ask()


def test_a_receipt_may_be_empty(client: Client, city: City) -> None:
    city.deviation = "nothing"
    assert client.complaints.submit("003", "Thanks.").complaint_id == ""


def test_6aika_pages_photos_and_finer_states(city: City, config: Config, tmp_path: Path) -> None:
    city.deviation = "6aika"
    photo = tmp_path / "hole.jpg"
    photo.write_bytes(b"\xff\xd8 not quite a photo \xff\xd9")
    with Client(config.with_(open311_extensions="6aika")) as client:
        filed = submit(client, photos=[photo, File(b"two", "two.png", "image/png")], keep_photo_location=True)
        assert [name for name, _ in city.files] == ["media", "media"]
        assert city.files[0][1] == photo.read_bytes()
        assert city.forms[-1]["api_key"] == [KEY]
        for _ in range(4):
            submit(client)
        pager = client.complaints.list(
            limit=2, near=POINT, radius=100, q="hole", updated_after=datetime(2026, 1, 1, tzinfo=UTC)
        )
        first = next(pager)
        assert first.complaint_id == filed.complaint_id
        assert first.status is ComplaintStatus.IN_PROGRESS
        assert first.status_detail == "IN_PROCESS"
        assert len(list(pager)) == 4
        pages = [dict(query) for path, query in city.asked if path == "/requests" and "page_size" in query]
        assert [page.get("page", ["1"]) for page in pages] == [["1"], ["2"], ["3"]]
        assert pages[0]["extensions"] == ["citysdk"]
        assert (pages[0]["radius"], pages[0]["search"]) == (["100"], ["hole"])
        assert len(list(client.complaints.list(limit=2, cursor="3"))) == 1


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("fixed", ComplaintStatus.RESOLVED),
        ("in_progress", ComplaintStatus.IN_PROGRESS),
        ("planned", ComplaintStatus.ASSIGNED),
        ("action_scheduled", ComplaintStatus.ASSIGNED),
        ("investigating", ComplaintStatus.VERIFIED),
        ("duplicate", ComplaintStatus.DUPLICATE),
        ("not_councils_responsibility", ComplaintStatus.TRANSFERRED),
        ("no_further_action", ComplaintStatus.CLOSED),
        ("internal_referral", ComplaintStatus.ASSIGNED),
        ("reopen", ComplaintStatus.VERIFIED),
        ("for_triage", ComplaintStatus.SUBMITTED),
        ("acknowledged", ComplaintStatus.VERIFIED),
        ("archived", ComplaintStatus.CLOSED),
        ("closed", ComplaintStatus.CLOSED),
        ("a word nobody knows", ComplaintStatus("a_word_nobody_knows")),
    ],
)
def test_other_cities_words_for_states(client: Client, city: City, word: str, ours: ComplaintStatus) -> None:
    number = submit(client).complaint_id
    city.requests[number]["status"] = word
    read = client.complaints.get(number)
    assert read.status == ours
    assert read.status_detail == word


def test_mysociety_updates_of_one_complaint(city: City, config: Config) -> None:
    with Client(config.with_(open311_extensions="mysociety 6aika")) as client:
        number = submit(client).complaint_id
        for update, request in (("1", number), ("2", "another"), ("3", number)):
            city.updates.append(
                {
                    "update_id": update,
                    "service_request_id": request,
                    "status": "fixed",
                    "updated_datetime": "2026-11-21T08:00:00Z",
                    "description": "Filled.",
                    "media_url": None,
                }
            )
        found = list(client.complaints.updates.list(number))
        assert [(one.update_id, one.status_after) for one in found] == [("1", "resolved"), ("3", "resolved")]
        assert list(client.complaints.services(near=POINT))
        assert city.asked[-1][1]["lat"] == ["-6.1153"]


def pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


UNSUPPORTED: tuple[Callable[[Client], object], ...] = (
    lambda c: submit(c, photos=[b"x"]),
    lambda c: submit(c, confidential=True),
    lambda c: submit(c, anonymous=True, reporter=Reporter(name="Warga")),
    lambda c: submit(c, client_reference="R-1"),
    lambda c: submit(c, location=Location(area_code="36.73.01")),
    lambda c: c.complaints.attach("1", b"x"),
    lambda c: c.complaints.download("1", "2"),
    lambda c: c.complaints.download_to("1", "2", "x"),
    lambda c: c.complaints.transition("1", "verify", version=0),
    lambda c: c.complaints.change("1", version=0, description="x"),
    lambda c: c.complaints.duplicates("001", "x", location=POINT),
    lambda c: c.complaints.statistics(),
    lambda c: list(c.complaints.changes()),
    lambda c: list(c.complaints.updates.list("1")),
    lambda c: c.complaints.updates.add("1", "x"),
    lambda c: c.complaints.updates.add("1", "x", photos=[b"x"]),
    lambda c: list(c.complaints.services(near=POINT)),
    lambda c: list(c.complaints.services(limit=5)),
    lambda c: list(c.complaints.list(status="verified")),
    lambda c: list(c.complaints.list(area_code="36.73")),
    lambda c: list(c.complaints.list(bbox=(106.0, -7.0, 107.0, -6.0))),
    lambda c: list(c.complaints.list(near=POINT, radius=5)),
    lambda c: list(c.complaints.list(q="hole")),
    lambda c: list(c.complaints.list(updated_after=datetime(2026, 1, 1, tzinfo=UTC))),
    lambda c: list(c.complaints.list(assigned_to="x")),
    lambda c: list(c.complaints.list(overdue=False)),
    lambda c: list(c.complaints.list(client_reference="x")),
    lambda c: list(c.complaints.list(limit=10)),
    lambda c: c.with_options(idempotency_key="k").complaints.get("1"),
)


@pytest.mark.parametrize("number", range(len(UNSUPPORTED)))
def test_what_open311_cannot_do_is_refused_before_anything_is_sent(client: Client, city: City, number: int) -> None:
    with pytest.raises(UnsupportedOperation) as caught:
        UNSUPPORTED[number](client)
    assert caught.value.sent == "no"
    assert caught.value.hint
    assert city.asked == []


def test_options_reach_the_other_wire(city: City, config: Config) -> None:
    city.deviation = "html_500"
    with Client(config) as client:
        patient = client.with_options(retry=RetryPolicy(wait=tenacity.wait_none()), retries=3)
        with pytest.raises(ServerFault) as caught:
            patient.complaints.get("1")
        assert caught.value.attempts == 4
        city.deviation = ""
        assert patient.complaints.discovery().contact == "Ask us"
        with pytest.raises(NotFound) as refused:
            client.complaints.get("1")
        with pytest.raises(NotFound):
            client.resume(refused.value)
        assert client.dry.complaints.get("1").path == f"/requests/{{complaint_id}}.{config.open311_format}"
        reply = client.raw.complaints.discovery()
        assert (reply.status, reply.attempts) == (200, 1)
    again = pickle.loads(pickle.dumps(client))
    with again:
        assert again.complaints.discovery().key_service == "By mail"


def test_nobody_acts_for_an_officer_over_open311(city: City, config: Config, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.pem" for name in ("assertion", "message")]
    for file in files:
        file.write_bytes(pem(Ed25519PrivateKey.generate()))
    signing = config.with_(
        auth="private_key_jwt", client_id="a", key_file=files[0], signature="rfc9421", signing_key_file=files[1]
    )
    with Client(signing) as client, pytest.raises(UnsupportedOperation, match="officer"):
        client.acting_as("198001012006041001", "Dinas", "high").complaints.get("1")
    assert city.asked == []


def test_an_anonymous_report_sends_nobody(client: Client, city: City) -> None:
    submit(client, anonymous=True)
    assert not {"first_name", "last_name", "email", "phone", "account_id"} & city.forms[-1].keys()
