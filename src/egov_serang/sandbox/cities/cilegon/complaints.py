"""The complaint categories and agencies of the sandbox's Cilegon. Invented, in the manner of an industrial city."""

from __future__ import annotations

from typing import Final

from egov_serang.models.attributes import AttributeDefinition, AttributeType
from egov_serang.sandbox.complaints.catalogue import service

_WORKS: Final = "Dinas Pekerjaan Umum dan Penataan Ruang"
_ENVIRONMENT: Final = "Dinas Lingkungan Hidup"
_TRAFFIC: Final = "Dinas Perhubungan"

SERVICES: Final = (
    service(
        "infra_jalan",
        "Kerusakan jalan dan jembatan",
        "Damage to roads and bridges",
        ("infrastructure", _WORKS, 10),
        keywords=("jalan", "lubang", "jembatan", "pothole", "road", "bridge"),
        verify=2,
        respond=4,
    ),
    service(
        "debu_industri",
        "Debu dan asap industri",
        "Industrial dust and smoke",
        ("environment", _ENVIRONMENT, 5),
        AttributeDefinition(
            code="source",
            datatype=AttributeType.SINGLE_VALUE_LIST,
            required=True,
            values=("factory", "power_plant", "port", "unknown"),
            datatype_description="Sumber / source",
        ),
        AttributeDefinition(
            code="noticed_at", datatype=AttributeType.DATETIME, order=2, datatype_description="Waktu kejadian"
        ),
        keywords=("debu", "asap", "pabrik", "dust", "smoke", "factory"),
        verify=1,
        respond=2,
    ),
    service(
        "limbah_cair",
        "Pembuangan limbah cair",
        "Discharge of waste water",
        ("environment", _ENVIRONMENT, 5),
        keywords=("limbah", "sungai", "waste water", "river"),
        verify=1,
        respond=2,
    ),
    service(
        "kebersihan",
        "Kebersihan dan sampah",
        "Cleanliness and waste",
        ("environment", _ENVIRONMENT, 3),
        keywords=("sampah", "TPS", "waste", "rubbish"),
        verify=2,
        respond=3,
    ),
    service(
        "truk_parkir",
        "Truk parkir di bahu jalan",
        "Lorries parked on the verge",
        ("order", _TRAFFIC, 3),
        keywords=("truk", "parkir", "lorry", "parking"),
        verify=2,
        respond=3,
    ),
    service(
        "pju",
        "Penerangan jalan umum padam",
        "Street light out",
        ("infrastructure", _TRAFFIC, 4),
        keywords=("lampu", "PJU", "gelap", "street light"),
        verify=2,
        respond=3,
    ),
    service(
        "banjir_rob",
        "Banjir dan rob pesisir",
        "Flooding and coastal tides",
        ("infrastructure", _WORKS, 10),
        keywords=("banjir", "rob", "pesisir", "flood", "tide"),
        verify=1,
        respond=2,
    ),
    service(
        "layanan_publik",
        "Mutu pelayanan publik",
        "Quality of a public service",
        ("service", "Inspektorat", 14),
        AttributeDefinition(
            code="office", datatype=AttributeType.STRING, required=True, datatype_description="Kantor / office"
        ),
        keywords=("pelayanan", "antrean", "service", "queue"),
        location="none",
    ),
)
