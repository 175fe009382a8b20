"""The complaint categories and agencies of the sandbox's Serang. Invented for tests, in the city's manner."""

from __future__ import annotations

from typing import Final

from egov_serang.sandbox.complaints.catalogue import AttributeDefinition, service

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
        keywords=("banjir", "selokan", "gorong-gorong", "flood", "drain"),
    ),
    service(
        "lampu_jalan",
        "Lampu penerangan jalan padam",
        "Street light out",
        ("infrastructure", _TRAFFIC, 5),
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
        keywords=("pohon", "tumbang", "tree"),
    ),
    service(
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
            datatype="singlevaluelist",
            required=True,
            values=("disdukcapil", "kecamatan", "kelurahan"),
            datatype_description="Tempat pelayanan / office",
        ),
        AttributeDefinition(code="visited_at", datatype="datetime", order=2, datatype_description="Waktu kunjungan"),
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
)
