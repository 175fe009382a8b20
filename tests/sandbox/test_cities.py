"""Any city: what Cilegon does otherwise than Serang, at its gateway and for an app that changes only its profile."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey
from tests.sandbox.conftest import CITIZEN
from tests.sandbox.peer import Peer

from egov_serang import Client, Config, File, Invalid
from egov_serang.cli.demo.forms import filled
from egov_serang.models.complaints import Location
from egov_serang.models.regions import CITIES
from egov_serang.sandbox.app import open_platform
from egov_serang.sandbox.cities.known import MUNICIPALITIES, municipality
from egov_serang.sandbox.forms import form_errors
from egov_serang.sandbox.problems import Problem
from egov_serang.sandbox.server import Sandbox

SCOPES = [*CITIZEN, "permits:read", "permits:apply", "identity:apply", "notify:read"]


@pytest.fixture(scope="module")
def cilegon() -> Iterator[Sandbox]:
    with Sandbox(city="cilegon") as running:
        yield running


@pytest.fixture
def config(cilegon: Sandbox, tmp_path: Path) -> Config:
    cilegon.reset()
    profile = cilegon.credentials("app", SCOPES, tmp_path)
    return Config(**profile.settings)


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    with Client(config) as client:
        yield client


def test_discovery_says_which_city_and_what_it_takes(cilegon: Sandbox) -> None:
    said = httpx.get(f"{cilegon.url}/.well-known/smartcity-gateway").json()
    assert said["jurisdictions"] == [{"id": "36.72", "name": "Kota Cilegon"}]
    assert said["signature_profiles"][0]["algs"] == ["ecdsa-p256-sha256"]
    assert (said["limits"]["page_max"], said["limits"]["max_body_bytes"]) == (20, 2 * 1024 * 1024)
    assert said["limits"]["idempotency_ttl_s"] == 48 * 3600


def test_only_a_key_of_its_own_algorithm_may_be_registered(cilegon: Sandbox) -> None:
    peer = Peer(cilegon.url, "ed-app", SCOPES)
    with peer.http, pytest.raises(Problem) as refused:
        cilegon.register("ed-app", peer.jwks(), SCOPES)
    assert refused.value.code == "validation_failed"
    assert "ecdsa-p256-sha256" in str(refused.value.errors)
    own = Peer(cilegon.url, "ec-app", SCOPES, message_key=ECKey.generate_key("P-256"), algorithm="ecdsa-p256-sha256")
    with own.http:
        cilegon.register("ec-app", own.jwks(), SCOPES)
        assert own.get("/v1/complaints/services").status_code == 200


def test_its_own_categories_terms_and_numbers(client: Client) -> None:
    codes = {service.service_code: service for service in client.complaints.services()}
    assert "jalan_rusak" not in codes
    sla = codes["debu_industri"].sla
    assert sla is not None
    assert (sla.verify, sla.respond, sla.resolve) == (1, 2, 5)
    filed = client.complaints.submit(
        "debu_industri",
        "Debu tebal sejak pagi.",
        location=Location(area_code="36.72.04.1005"),
        attributes={"source": "factory"},
    )
    assert filed.reference.startswith("CLG-")
    with pytest.raises(Invalid):
        client.complaints.submit("infra_jalan", "Lubang.", location=Location(area_code="36.73.01.1001"))
    with pytest.raises(Invalid):
        client.complaints.submit("infra_jalan", "Lubang.", location=Location(lat=-6.1153, long=106.1503))


def test_its_own_permits_forms_and_announcements(client: Client) -> None:
    kinds = {kind.permit_type_code: kind for kind in client.permits.types()}
    assert "TDU-PKL" not in kinds
    assert {"USAHA-MIKRO", "GALIAN-JALAN", "ANGKUTAN-BARANG", "auto-return"} <= {*kinds}
    family_card = next(service for service in client.identity.civil_services() if service.service_code == "kk")
    assert r"^36\.72\.\d{2}\.\d{4}$" in json.dumps(family_card.form_schema).replace("\\\\", "\\")
    assert {one.announcement_id for one in client.notifications.announcements.list(area="36.72.03")} == {
        *("clg-siren-test", "clg-job-fair")
    }
    texts = [template.body for template in client.notifications.templates.list()]
    assert any("Cilegon" in text for text in texts)
    assert not any("Serang" in text for text in texts)


def test_a_page_and_a_body_are_no_larger_than_it_says(client: Client) -> None:
    here = Location(area_code="36.72.01.1001")
    for number in range(21):
        client.complaints.submit("kebersihan", f"Sampah {number}.", location=here)
    pages = list(client.complaints.list(limit=200).pages())
    assert [len(page.data.data) for page in pages] == [20, 1]
    filed = pages[0].data.data[0].complaint_id
    with pytest.raises(Invalid) as refused:
        client.complaints.attach(filed, File(bytes(2 * 1024 * 1024), "besar.png"))
    assert refused.value.code == "payload_too_large"


def test_tokens_are_of_the_city(cilegon: Sandbox, config: Config) -> None:
    assert config.city == "36.72"
    assert CITIES[config.city].name == cilegon.city.name
    with Client(config) as client:
        assert client.tokens is not None
        client.complaints.services()
    assert cilegon.counts()["token_calls"] <= 1


@pytest.mark.parametrize("city", MUNICIPALITIES.values(), ids=lambda city: city.slug)
def test_a_city_is_whole(city: object) -> None:
    found = municipality(str(getattr(city, "code", "")))
    assert found is city
    lat, long = found.region.centre
    assert found.box.holds(lat, long)
    for kind in found.permit_types:
        assert form_errors(kind.form_schema, filled(kind.form_schema)) == ()
    for service in found.civil_services.values():
        form = filled(service.form_schema, {"area_code": found.region.villages[0].code})
        assert form_errors(service.form_schema, form) == (), service.code
    for entry in found.announcements:
        assert all(area in found.region for area in entry.areas), entry.code
    assert found.limits.idempotency_ttl_s >= 24 * 3600
    for word in ("lubang", "sampah", "lampu"):
        assert any(word in service.keywords for service in found.complaint_services.values())


def test_a_database_is_of_one_city(tmp_path: Path) -> None:
    file = tmp_path / "city.sqlite"
    with Sandbox(file):
        pass
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ValueError, match=r"another city, 36\.73"):
        Sandbox(file, port, city="cilegon")
    with socket.socket() as free:
        free.bind(("127.0.0.1", port))  # the refused sandbox left its port
    open_platform(file, "http://sandbox", municipality("36.73"), durable=True).close()


def test_an_unknown_city_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"serang \(36\.73\), cilegon \(36\.72\)"):
        Sandbox(city="bogor")


def test_keys_of_one_city_are_not_taken_for_those_of_another(
    cilegon: Sandbox, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.credentials("app", SCOPES, tmp_path)
    with pytest.raises(ValueError, match="folder of their own"):
        cilegon.credentials("app", SCOPES, tmp_path)
    (tmp_path / "app-message.pem").write_bytes(b"prose")
    with pytest.raises(ValueError, match="folder of their own"):
        sandbox.credentials("app", SCOPES, tmp_path)
