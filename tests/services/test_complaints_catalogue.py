"""The catalogue: languages, typed further fields, categories that answer later or never."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.services.sides import MARKET, PHOTO

from egov_serang import Client, Invalid, NotFound, UnsupportedOperation
from egov_serang.models.attributes import AttributeDefinition, AttributeType
from egov_serang.models.complaints import Location, ServiceType
from egov_serang.sandbox.server import Sandbox


def test_a_batch_category_answers_with_a_token_and_a_blackbox_with_nothing(client: Client, sandbox: Sandbox) -> None:
    batch = client.complaints.service("usulan_pembangunan")
    assert batch.type is ServiceType.BATCH
    reasons = {"reason": "Anak-anak menyeberang di sini."}
    taken = client.complaints.submit(batch, "Buatkan jembatan.", attributes=reasons, client_reference="usul-1")
    assert (taken.complaint_id, taken.version, taken.status) == ("", 0, "submitted")
    assert taken.client_reference == "usul-1"
    assert taken.token is not None
    assert client.complaints.token(taken.token).complaint_id is None
    sandbox.advance(61)
    known = client.complaints.token(taken.token)
    assert known.complaint_id is not None
    assert client.complaints.get(known.complaint_id).description == "Buatkan jembatan."
    with pytest.raises(NotFound):
        client.complaints.token("tok_none")
    nothing = client.complaints.submit("kotak_saran", "Perbanyak taman.")
    assert (nothing.complaint_id, nothing.token) == ("", None)


def test_photos_need_a_complaint_with_a_number(client: Client) -> None:
    reasons = {"reason": "Perlu."}
    with pytest.raises(UnsupportedOperation) as before:
        client.complaints.submit(
            client.complaints.service("usulan_pembangunan"), "Jembatan.", attributes=reasons, photos=[PHOTO]
        )
    assert before.value.sent == "no"
    with pytest.raises(UnsupportedOperation) as after:
        client.complaints.submit("usulan_pembangunan", "Jembatan.", attributes=reasons, photos=[PHOTO])
    assert after.value.sent == "yes"
    same = client.with_options(idempotency_key=after.value.idempotency_key)
    assert same.complaints.submit("usulan_pembangunan", "Jembatan.", attributes=reasons).token is not None
    assert len(list(client.complaints.list(service_code="usulan_pembangunan"))) == 1


def test_the_catalogue_speaks_the_language_asked_for(client: Client) -> None:
    def names(language: str) -> tuple[str, str]:
        said = client.with_options(language=language).complaints  # type: ignore[arg-type]
        listed = next(one for one in said.services() if one.service_code == "jalan_rusak")
        assert said.service("jalan_rusak").service_name == listed.service_name
        return listed.service_name, listed.description

    assert names("id") == (
        "Jalan rusak atau berlubang",
        "Jalan rusak atau berlubang. Ditangani Dinas Pekerjaan Umum dan Penataan Ruang.",
    )
    assert names("en")[0] == "Damaged road or pothole"
    assert {one.group for one in client.complaints.services()} >= {"infrastructure", "suggestion"}
    assert list(client.complaints.services(near=Location(lat=-6.9, long=107.6))) == []
    assert len(list(client.complaints.services(near=MARKET))) == len(list(client.complaints.services()))


def test_a_form_is_made_of_what_a_category_asks_for(client: Client) -> None:
    flood = client.complaints.service("drainase")
    form = flood.form()
    assert list(form.model_fields) == ["water_depth_cm", "since"]
    filled = form(water_depth_cm=30, since=datetime(2026, 11, 23, 8, tzinfo=UTC))
    case = client.complaints.submit(flood, "Banjir di gang.", location=MARKET, attributes=filled)
    assert case.attributes == {"water_depth_cm": 30, "since": "2026-11-23T08:00:00Z"}


@pytest.mark.parametrize(
    ("service", "attributes", "pointer", "rule"),
    [
        ("parkir_liar", {}, "/attributes/vehicle_kind", "required"),
        ("parkir_liar", {"vehicle_kind": "ship"}, "/attributes/vehicle_kind", "not_in_list"),
        ("drainase", {"water_depth_cm": "deep"}, "/attributes/water_depth_cm", "type"),
        ("drainase", {"water_depth_cm": True}, "/attributes/water_depth_cm", "type"),
        ("drainase", {"since": "yesterday"}, "/attributes/since", "type"),
        ("drainase", {"since": 5}, "/attributes/since", "type"),
        ("drainase", {"colour": "brown"}, "/attributes/colour", "unknown"),
        ("pohon_tumbang", {"blocks": "road"}, "/attributes/blocks", "type"),
        ("pohon_tumbang", {"blocks": ["road", "river"]}, "/attributes/blocks/1", "not_in_list"),
        ("lampu_jalan", {"pole_number": " "}, "/attributes/pole_number", "type"),
    ],
)
def test_bad_attributes_are_refused_before_sending(
    client: Client, sandbox: Sandbox, service: str, attributes: dict[str, Any], pointer: str, rule: str
) -> None:
    definition = client.complaints.service(service)
    before = len(sandbox.requests())
    with pytest.raises(Invalid) as caught:
        client.complaints.submit(definition, "Contoh.", location=MARKET, attributes=attributes)
    assert len(sandbox.requests()) == before
    assert caught.value.sent == "no"
    assert [(one.pointer, one.code) for one in caught.value.fields] == [(pointer.removesuffix("/1"), rule)]
    assert "ship" not in str(caught.value)
    assert "brown" not in str(caught.value)
    # The server says the same of them.
    with pytest.raises(Invalid) as refused:
        client.complaints.submit(service, "Contoh.", location=MARKET, attributes=attributes)
    assert refused.value.sent == "yes"
    assert refused.value.code == caught.value.code


def test_codes_that_are_no_names_and_types_of_the_future(client: Client) -> None:
    definition = client.complaints.service("lampu_jalan").model_copy(
        update={
            "attributes": (
                AttributeDefinition(code="kode-tiang", datatype=AttributeType.STRING, required=True),
                AttributeDefinition(code="copy", datatype=AttributeType.NUMBER),
                AttributeDefinition(code="shape", datatype=AttributeType("polygon")),
            )
        }
    )
    filled = definition.form().model_validate({"kode-tiang": "A-7", "copy": 2, "shape": {"points": [1, 2]}})
    assert filled.model_dump(by_alias=True) == {"kode-tiang": "A-7", "copy": 2, "shape": {"points": [1, 2]}}


def test_a_place_is_asked_for_before_sending_where_the_category_is_known(client: Client) -> None:
    with pytest.raises(Invalid) as caught:
        client.complaints.submit(client.complaints.service("jalan_rusak"), "Di mana?")
    assert (caught.value.code, caught.value.sent) == ("location_required", "no")
