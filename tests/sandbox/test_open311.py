"""The sandbox's Open311 facade: read by a client that is not ours, judged by schemas, moderated, used by our wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import httpx
import jsonschema
import pytest
from georeport import GeoReport

from egov_serang import Client, Config, Forbidden, Invalid, NotFound, ServerFault
from egov_serang.models.complaints import Complaint, Location, Reporter
from egov_serang.sandbox.open311.routes import EXAMPLE_KEY
from egov_serang.sandbox.server import Sandbox

SCHEMAS = Path(__file__).parents[1] / "vectors" / "georeport-v2"
PLACE = {"lat": "-6.1153", "long": "106.1503"}
POINT = Location(lat=-6.1153, long=106.1503)
FORMATS = ("json", "xml")
FORMATS_OF_TEXT = jsonschema.FormatChecker(formats=())
"""The two the schemas name: what jsonschema checks of itself depends on what else is installed."""
FORMATS_OF_TEXT.checks("date-time", raises=ValueError)(
    lambda text: not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None
)
FORMATS_OF_TEXT.checks("uri", raises=ValueError)(lambda text: not isinstance(text, str) or bool(urlsplit(text).scheme))

Post = Callable[..., httpx.Response]


@pytest.fixture
def endpoint(sandbox: Sandbox, city: Config) -> str:
    """The facade of a city as on its first day."""
    return f"{sandbox.url}/open311/v2"


@pytest.fixture
def post(endpoint: str) -> Post:
    """Submits as a stranger's client would."""

    def submit(format_: str = "json", **fields: str | list[str]) -> httpx.Response:
        form = {"api_key": EXAMPLE_KEY, "service_code": "sampah", "description": "Sampah menumpuk.", **PLACE, **fields}
        return httpx.post(f"{endpoint}/requests.{format_}", data=form)

    return submit


@pytest.fixture
def open311(sandbox: Sandbox, city: Config, tmp_path: Path) -> Callable[..., Config]:
    """Configurations of our own wire to the facade, found at the gateway's usual place."""
    key = tmp_path / "open311.key"
    key.write_text(EXAMPLE_KEY)

    def made(**more: Any) -> Config:
        settings = {"open311_key_file": key, "open311_jurisdiction": "36.73"} | more
        return Config(gateway=sandbox.url, auth="none", signature="none", complaints_wire="open311", **settings)

    return made


def moderated(officer: Client, number: str) -> Complaint:
    return officer.complaints.transition(officer.complaints.get(number), "verify")


@pytest.mark.parametrize("format_", FORMATS)
def test_a_foreign_client_reads_the_facade(endpoint: str, post: Post, client: Client, format_: str) -> None:
    numbers = [post().json()[0]["service_request_id"] for _ in range(2)]
    for number in numbers:
        moderated(client, number)
    stranger = GeoReport(endpoint, jurisdiction="36.73", output_format=format_)
    services = stranger.get_service_list()
    assert {one["service_code"] for one in services} >= {"jalan_rusak", "usulan_pembangunan", "kotak_saran"}
    definition = stranger.get_service_definition("parkir_liar")
    attributes = definition["attributes"]
    attribute = attributes[0] if format_ == "json" else attributes["attribute"]
    assert attribute["code"] == "vehicle_kind"
    values = attribute["values"] if format_ == "json" else attribute["values"]["value"]
    assert [one["key"] for one in values] == ["car", "motorcycle", "truck", "bus"]
    assert stranger.get_service_request(numbers[0])["service_request_id"] == numbers[0]
    found = stranger.get_service_requests(service_code="sampah", status="open")
    assert [one["service_request_id"] for one in found] == numbers[::-1]
    assert {one["service_name"] for one in found} == {"Sampah tidak terangkut"}
    named = stranger.get_service_requests(service_request_id=",".join(numbers), status="closed")
    assert len(named) == 2


def test_answers_hold_to_the_schemas(endpoint: str, post: Post, client: Client) -> None:
    posted = [
        post(media_url="https://photos.example.invalid/1.jpg", address_string="Jl. Veteran 1", address_id="55"),
        post(service_code="bantuan_sosial", description="\x07 Bel & <b>"),
    ]
    for answer in posted:
        moderated(client, answer.json()[0]["service_request_id"])
    catalogue = httpx.get(f"{endpoint}/services.json").json()
    definitions = [httpx.get(f"{endpoint}/services/{one['service_code']}.json").json() for one in catalogue]
    requests = httpx.get(f"{endpoint}/requests.json").json()
    assert (len(catalogue), len(definitions), len(requests)) == (12, 12, 2)
    judged = 0
    for name, found in (("service", catalogue), ("service-definition", definitions), ("request", requests)):
        schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
        judge = jsonschema.Draft4Validator(schema, format_checker=FORMATS_OF_TEXT)
        for one in found:
            judge.validate(one)
            assert one.keys() <= schema["properties"].keys()
            judged += 1
        with pytest.raises(jsonschema.ValidationError):
            judge.validate(dict.fromkeys(schema["required"], 1))
        if name == "request":
            with pytest.raises(jsonschema.ValidationError, match="date-time"):
                judge.validate({**found[0], "updated_datetime": "2026-11-01T08:00:00"})
    assert judged == 26


@pytest.mark.parametrize("path", ["services", "services/parkir_liar", "discovery", "requests"])
def test_both_formats_say_the_same(endpoint: str, post: Post, client: Client, path: str) -> None:
    moderated(client, post(description="Baris satu\nbaris dua <&>").json()[0]["service_request_id"])
    xml, as_json = (httpx.get(f"{endpoint}/{path}.{format_}") for format_ in ("xml", "json"))
    assert xml.headers["content-type"] == "text/xml; charset=utf-8"
    assert as_json.headers["content-type"] == "application/json; charset=utf-8"
    assert xml.content.startswith(b"<?xml version='1.0' encoding='utf-8'?>")

    def spoken(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return "" if value is None else str(value)

    def same(element: ElementTree.Element, value: Any) -> None:
        if isinstance(value, dict):
            assert [child.tag for child in element] == [*value]
            for child in element:
                same(child, value[child.tag])
        elif isinstance(value, list):
            assert len(element) == len(value)
            for child, one in zip(element, value, strict=True):
                same(child, one)
        else:
            assert (element.text or "") == spoken(value)

    same(ElementTree.fromstring(xml.content), as_json.json())


def test_what_comes_in_waits_for_an_officer(
    endpoint: str, post: Post, client: Client, sandbox: Sandbox, tmp_path: Path
) -> None:
    number = post().json()[0]["service_request_id"]
    reader = Client(Config(**sandbox.credentials("reader", ["complaints:read"], tmp_path).settings))

    def listed() -> list[str]:
        return [one["service_request_id"] for one in httpx.get(f"{endpoint}/requests.json").json()]

    with reader:
        queue = client.complaints.list(status="submitted")
        waiting = next(one for one in queue if one.complaint_id == number)
        assert waiting.channel == "open311"
        assert listed() == []
        assert httpx.get(f"{endpoint}/requests/{number}.json").json()[0]["status"] == "open"
        with pytest.raises(NotFound):
            reader.complaints.get(number)
        assert [one.complaint_id for one in reader.complaints.changes()] == []
        moderated(client, number)
        assert listed() == [number]
        assert reader.complaints.get(number).status == "verified"
        rejected = post().json()[0]["service_request_id"]
        client.complaints.transition(client.complaints.get(rejected), "reject")
        assert listed() == [number]
        assert httpx.get(f"{endpoint}/requests/{rejected}.json").json()[0]["status"] == "closed"


def test_what_others_reported_in_public_is_there_and_the_rest_is_not(endpoint: str, client: Client) -> None:
    shown = client.complaints.submit("sampah", "Sampah.", location=POINT, reporter=Reporter(name="Warga Uji"))
    hidden = client.complaints.submit("sampah", "Rahasia.", location=POINT, confidential=True)
    for suffix in ("requests.json", f"requests.json?service_request_id={shown.complaint_id},{hidden.complaint_id}"):
        answer = httpx.get(f"{endpoint}/{suffix}")
        assert [one["service_request_id"] for one in answer.json()] == [shown.complaint_id]
        assert "Warga" not in answer.text
    assert httpx.get(f"{endpoint}/requests/{hidden.complaint_id}.xml").status_code == 404


def test_tokens_and_boxes(endpoint: str, post: Post, sandbox: Sandbox) -> None:
    batch = post(service_code="usulan_pembangunan", **{"attribute[reason]": "Perlu."})
    assert batch.status_code == 201
    (receipt,) = batch.json()
    assert "service_request_id" not in receipt
    asked = f"{endpoint}/tokens/{receipt['token']}.json"
    assert httpx.get(asked).json() == [{"service_request_id": None, "token": receipt["token"]}]
    sandbox.advance(61)
    number = httpx.get(asked).json()[0]["service_request_id"]
    assert httpx.get(f"{endpoint}/requests/{number}.json").json()[0]["service_code"] == "usulan_pembangunan"
    boxed = post(service_code="kotak_saran").json()[0]
    assert not {"token", "service_request_id"} & boxed.keys()


REFUSED: tuple[tuple[dict[str, Any], int, str], ...] = (
    ({"api_key": ""}, 403, "api_key"),
    ({"api_key": "another"}, 403, "api_key"),
    ({"service_code": ""}, 400, "service_code"),
    ({"service_code": "nothing"}, 404, "service_code"),
    ({"jurisdiction_id": "36.72"}, 404, "jurisdiction_id"),
    ({"lat": "", "long": ""}, 400, "point"),
    ({"lat": "north"}, 400, "lat"),
    ({"lat": ""}, 400, "lat"),
    ({"lat": "52.5", "long": "13.4"}, 400, "lat"),
    ({"description": "x" * 4001}, 400, "description"),
    ({"phone": "not a number"}, 400, "phone"),
    ({"media_url": "javascript:alert(1)"}, 400, "media_url"),
    ({"service_code": "parkir_liar"}, 400, "attributes.vehicle_kind"),
    ({"service_code": "parkir_liar", "attribute[vehicle_kind]": "spaceship"}, 400, "attributes.vehicle_kind"),
    ({"attribute[unasked]": "x"}, 400, "attributes"),
)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(("fields", "status", "named"), REFUSED)
def test_refusals_are_arrays(post: Post, format_: str, fields: dict[str, Any], status: int, named: str) -> None:
    answer = post(format_, **fields)
    assert answer.status_code == status
    if format_ == "json":
        errors = [(one["code"], one["description"]) for one in answer.json()]
    else:
        root = ElementTree.fromstring(answer.content)
        assert (root.tag, {child.tag for child in root}) == ("errors", {"error"})
        errors = [(int(child.findtext("code") or 0), child.findtext("description") or "") for child in root]
    assert {code for code, _ in errors} == {status}
    assert any(named in description for _, description in errors)
    assert not any(str(value) in answer.text for value in ("spaceship", "javascript", "not a number"))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("services/nothing.json", 404),
        ("services.json?jurisdiction_id=1.2", 404),
        ("requests/nothing.json", 404),
        ("tokens/nothing.json", 404),
        ("requests.csv", 404),
        ("nothing.json", 404),
        ("requests.json?status=burning", 400),
        ("requests.json?start_date=yesterday", 400),
        ("requests.json?start_date=2026-01-01T00:00:00Z&end_date=2026-08-01T00:00:00Z", 400),
    ],
)
def test_reading_is_refused_in_the_same_shape(endpoint: str, path: str, status: int) -> None:
    answer = httpx.get(f"{endpoint}/{path}")
    assert answer.status_code == status
    if path.endswith(".csv"):
        assert ElementTree.fromstring(answer.content).tag == "errors"
    else:
        assert [one["code"] for one in answer.json()] == [status]


def test_ninety_days_unless_asked_for_others(endpoint: str, post: Post, client: Client, sandbox: Sandbox) -> None:
    number = post().json()[0]["service_request_id"]
    moderated(client, number)
    submitted = datetime.now(UTC)
    sandbox.advance(91 * 86_400)
    young = post().json()[0]["service_request_id"]
    moderated(client, young)

    def listed(**query: str) -> list[str]:
        asked = httpx.get(f"{endpoint}/requests.json?{urlencode(query)}")
        return [one["service_request_id"] for one in asked.json()]

    assert listed() == [young]
    assert listed(start_date="", end_date="", status="") == [young]
    since = (submitted - timedelta(days=1)).isoformat(timespec="seconds")
    until = (submitted + timedelta(days=1)).isoformat(timespec="seconds")
    assert listed(start_date=since, end_date=until) == [number]
    assert listed(end_date=until) == [number]
    assert listed(start_date=since) == [number]
    assert listed(service_request_id=f"{number},{young}") == [young, number]
    assert listed(status="closed") == []
    assert listed(status="open,closed") == [young]


@pytest.mark.parametrize("format_", FORMATS)
def test_our_wire_and_the_facade(
    open311: Callable[..., Config], client: Client, sandbox: Sandbox, format_: str
) -> None:
    with Client(open311(open311_format=format_)) as city:
        assert city.complaints.discovery().endpoints[0].url.startswith(sandbox.url)
        form = city.complaints.service("pohon_tumbang")
        filed = city.complaints.submit(
            form,
            "Pohon tumbang.",
            location=POINT,
            attributes=form.form().model_validate({"blocks": ["road", "house"]}),
            reporter=Reporter(name="Warga Uji Coba", phone="0812 0000 0001", email="warga@example.invalid"),
        )
        held = client.complaints.get(filed.complaint_id)
        assert held.attributes == {"blocks": ["road", "house"]}
        assert (held.lat, held.long, held.channel) == (POINT.lat, POINT.long, "open311")
        assert held.reporter is not None
        assert (held.reporter.name, held.reporter.phone) == ("Warga Uji Coba", "+6281200000001")
        assert list(city.complaints.list()) == []
        case = moderated(client, filed.complaint_id)
        assert [one.complaint_id for one in city.complaints.list(status="open")] == [filed.complaint_id]
        for action in ("assign", "start", "resolve"):
            case = client.complaints.transition(
                case, action, assignee="regu-1" if action == "assign" else None, comment="Selesai."
            )
        read = city.complaints.get(filed.complaint_id)
        assert (read.status, read.status_notes, read.agency_responsible) == (
            "closed",
            "Selesai.",
            "Dinas Lingkungan Hidup",
        )
        with pytest.raises(Invalid, match="attributes"):
            city.complaints.submit("parkir_liar", "Parkir.", location=POINT)
        sandbox.fault("open311.get", kind="status", status=503, times=3)
        with pytest.raises(ServerFault):
            city.complaints.get(filed.complaint_id)
    with Client(open311(open311_key_file=None)) as keyless, pytest.raises(Forbidden):
        keyless.complaints.submit("sampah", "Sampah.", location=POINT)


def test_the_gateway_and_open311_go_side_by_side(
    open311: Callable[..., Config], city: Config, sandbox: Sandbox, tmp_path: Path
) -> None:
    wire = open311()
    both = city.with_(complaints_wire="open311", open311_key_file=wire.open311_key_file)
    with Client(both) as client:
        assert len(list(client.complaints.services())) == 12
        assert list(client.permits.types())
    operations = {record["operation"] for record in sandbox.requests()}
    assert {"open311.services", "permits.types"} <= operations
