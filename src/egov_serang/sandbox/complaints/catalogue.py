"""The complaint categories and agencies of the sandbox's Serang. Invented for tests, in the city's manner."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Literal

from pydantic import BaseModel, JsonValue

from egov_serang.models.complaints import Service, Sla


class AttributeDefinition(BaseModel):
    """A further field a category asks for."""

    code: str
    datatype: Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
    required: bool = False
    order: int = 1
    values: tuple[str, ...] = ()
    datatype_description: str = ""


class ServiceDefinition(Service):
    """A category with its attributes."""

    attributes: tuple[AttributeDefinition, ...] = ()


def _service(
    code: str,
    name: str,
    english: str,
    place: tuple[str, str, int],
    *attributes: AttributeDefinition,
    location: str = "required",
    keywords: tuple[str, ...] = (),
) -> ServiceDefinition:
    group, agency, resolve = place
    return ServiceDefinition(
        service_code=code,
        service_name=name,
        description=english,
        keywords=keywords,
        group=group,
        metadata=bool(attributes),
        sla=Sla(verify=3, respond=5, resolve=resolve),
        agency_responsible=agency,
        location_requirement=location,
        languages={"id": name, "en": english},
        attributes=attributes,
    )


_ROADS: Final = "Dinas Pekerjaan Umum dan Penataan Ruang"
_CLEAN: Final = "Dinas Lingkungan Hidup"
_TRAFFIC: Final = "Dinas Perhubungan"

SERVICES: Final = (
    _service(
        "jalan_rusak",
        "Jalan rusak atau berlubang",
        "Damaged road or pothole",
        ("infrastructure", _ROADS, 14),
        keywords=("jalan", "lubang", "aspal", "pothole", "road"),
    ),
    _service(
        "drainase",
        "Drainase tersumbat atau banjir",
        "Blocked drain or flooding",
        ("infrastructure", _ROADS, 14),
        keywords=("banjir", "selokan", "gorong-gorong", "flood", "drain"),
    ),
    _service(
        "lampu_jalan",
        "Lampu penerangan jalan padam",
        "Street light out",
        ("infrastructure", _TRAFFIC, 5),
        keywords=("lampu", "PJU", "gelap", "street light"),
    ),
    _service(
        "sampah",
        "Sampah tidak terangkut",
        "Uncollected waste",
        ("environment", _CLEAN, 5),
        keywords=("sampah", "TPS", "waste", "rubbish"),
    ),
    _service(
        "pohon_tumbang",
        "Pohon tumbang atau rawan",
        "Fallen or dangerous tree",
        ("environment", _CLEAN, 5),
        keywords=("pohon", "tumbang", "tree"),
    ),
    _service(
        "parkir_liar",
        "Parkir liar",
        "Illegal parking",
        ("order", _TRAFFIC, 5),
        AttributeDefinition(
            code="vehicle_kind",
            datatype="singlevaluelist",
            required=True,
            values=("car", "motorcycle", "truck", "bus"),
            datatype_description="Jenis kendaraan / kind of vehicle",
        ),
        keywords=("parkir", "parking"),
    ),
    _service(
        "ketertiban_umum",
        "Gangguan ketertiban umum",
        "Disturbance of public order",
        ("order", "Satuan Polisi Pamong Praja", 14),
        keywords=("ketertiban", "bising", "noise"),
        location="optional",
    ),
    _service(
        "pelayanan_adminduk",
        "Pelayanan administrasi kependudukan",
        "Civil registration service",
        ("service", "Dinas Kependudukan dan Pencatatan Sipil", 14),
        AttributeDefinition(
            code="office",
            datatype="singlevaluelist",
            required=True,
            values=("disdukcapil", "kecamatan", "kelurahan"),
            datatype_description="Tempat pelayanan / office",
        ),
        AttributeDefinition(code="visited_at", datatype="datetime", order=2, datatype_description="Waktu kunjungan"),
        keywords=("KTP", "KK", "akta"),
        location="none",
    ),
    _service(
        "pelayanan_kesehatan",
        "Pelayanan puskesmas",
        "Public health centre service",
        ("service", "Dinas Kesehatan", 14),
        keywords=("puskesmas", "kesehatan", "health"),
        location="optional",
    ),
    _service(
        "bantuan_sosial",
        "Bantuan sosial tidak tepat sasaran",
        "Misdirected social aid",
        ("social", "Dinas Sosial", 60),
        keywords=("bansos", "PKH", "social aid"),
        location="none",
    ),
)

BY_CODE: Final = MappingProxyType({service.service_code: service for service in SERVICES})


def attribute_error(definition: AttributeDefinition, value: JsonValue) -> str | None:
    """The code of what is wrong with a value, or None."""
    match definition.datatype:
        case "number":
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        case "singlevaluelist":
            return None if value in definition.values else "not_in_list"
        case "multivaluelist":
            return None if isinstance(value, list) and set(map(str, value)) <= {*definition.values} else "not_in_list"
        case _:
            fits = isinstance(value, str)
    return None if fits else "type"
