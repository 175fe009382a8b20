"""The complaint categories and agencies of the sandbox's Serang. Invented for tests, in the city's manner."""

from __future__ import annotations

from typing import Final

from egov_serang.models.attributes import AttributeDefinition, AttributeType
from egov_serang.models.complaints import ServiceType
from egov_serang.sandbox.complaints.catalogue import service

_ROADS: Final = "Dinas Pekerjaan Umum dan Penataan Ruang"
_CLEAN: Final = "Dinas Lingkungan Hidup"
_TRAFFIC: Final = "Dinas Perhubungan"

SERVICES: Final = (
    service(
        "jalan_rusak",
        "Jalan rusak atau berlubang",
        "Damaged road or pothole",
        ("infrastructure", _ROADS, 14),
        keywords=("jalan", "lubang", "aspal", "pothole", "road"),
    ),
    service(
        "drainase",
        "Drainase tersumbat atau banjir",
        "Blocked drain or flooding",
        ("infrastructure", _ROADS, 14),
        AttributeDefinition(
            code="water_depth_cm",
            datatype=AttributeType.NUMBER,
            datatype_description="Tinggi air, cm / water depth, cm",
        ),
        AttributeDefinition(
            code="since", datatype=AttributeType.DATETIME, order=2, datatype_description="Sejak kapan / since when"
        ),
        keywords=("banjir", "selokan", "gorong-gorong", "flood", "drain"),
    ),
    service(
        "lampu_jalan",
        "Lampu penerangan jalan padam",
        "Street light out",
        ("infrastructure", _TRAFFIC, 5),
        AttributeDefinition(
            code="pole_number", datatype=AttributeType.STRING, datatype_description="Nomor tiang / pole number"
        ),
        keywords=("lampu", "PJU", "gelap", "street light"),
    ),
    service(
        "sampah",
        "Sampah tidak terangkut",
        "Uncollected waste",
        ("environment", _CLEAN, 5),
        keywords=("sampah", "TPS", "waste", "rubbish"),
    ),
    service(
        "pohon_tumbang",
        "Pohon tumbang atau rawan",
        "Fallen or dangerous tree",
        ("environment", _CLEAN, 5),
        AttributeDefinition(
            code="blocks",
            datatype=AttributeType.MULTI_VALUE_LIST,
            values=("road", "pavement", "power_line", "house"),
            datatype_description="Yang terhalang / what it blocks",
        ),
        keywords=("pohon", "tumbang", "tree"),
    ),
    service(
        "parkir_liar",
        "Parkir liar",
        "Illegal parking",
        ("order", _TRAFFIC, 5),
        AttributeDefinition(
            code="vehicle_kind",
            datatype=AttributeType.SINGLE_VALUE_LIST,
            required=True,
            values=("car", "motorcycle", "truck", "bus"),
            datatype_description="Jenis kendaraan / kind of vehicle",
        ),
        keywords=("parkir", "parking"),
    ),
    service(
        "ketertiban_umum",
        "Gangguan ketertiban umum",
        "Disturbance of public order",
        ("order", "Satuan Polisi Pamong Praja", 14),
        keywords=("ketertiban", "bising", "noise"),
        location="optional",
    ),
    service(
        "pelayanan_adminduk",
        "Pelayanan administrasi kependudukan",
        "Civil registration service",
        ("service", "Dinas Kependudukan dan Pencatatan Sipil", 14),
        AttributeDefinition(
            code="office",
            datatype=AttributeType.SINGLE_VALUE_LIST,
            required=True,
            values=("disdukcapil", "kecamatan", "kelurahan"),
            datatype_description="Tempat pelayanan / office",
        ),
        AttributeDefinition(
            code="visited_at", datatype=AttributeType.DATETIME, order=2, datatype_description="Waktu kunjungan"
        ),
        keywords=("KTP", "KK", "akta"),
        location="none",
    ),
    service(
        "pelayanan_kesehatan",
        "Pelayanan puskesmas",
        "Public health centre service",
        ("service", "Dinas Kesehatan", 14),
        keywords=("puskesmas", "kesehatan", "health"),
        location="optional",
    ),
    service(
        "bantuan_sosial",
        "Bantuan sosial tidak tepat sasaran",
        "Misdirected social aid",
        ("social", "Dinas Sosial", 60),
        keywords=("bansos", "PKH", "social aid"),
        location="none",
    ),
    service(
        "usulan_pembangunan",
        "Usulan pembangunan",
        "Proposal for public works",
        ("suggestion", _ROADS, 60),
        AttributeDefinition(
            code="reason", datatype=AttributeType.TEXT, required=True, datatype_description="Alasan / reason"
        ),
        keywords=("usulan", "musrenbang", "proposal"),
        location="optional",
        kind=ServiceType.BATCH,
    ),
    service(
        "kotak_saran",
        "Kotak saran",
        "Suggestion box",
        ("suggestion", "Dinas Komunikasi dan Informatika", 60),
        keywords=("saran", "kritik", "suggestion"),
        location="none",
        kind=ServiceType.BLACKBOX,
    ),
)
