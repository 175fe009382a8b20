"""The permit types of the sandbox's Serang.

Names and periods follow Indonesian practice; fees are illustrative, a real city takes them from its own regulation.
"""

from __future__ import annotations

from typing import Final

from egov_serang.model import Money
from egov_serang.models.permits import RiskLevel, Stage
from egov_serang.models.regions import SERANG
from egov_serang.sandbox.forms import area, choice, count, date, form, number, text
from egov_serang.sandbox.papers import Paper
from egov_serang.sandbox.permits.catalogue import KTP, MAGIC, PHOTO, SITE_PLAN, STATEMENT, CatalogueType

_AREA: Final = area(SERANG.code)
_BILLBOARD_FORM: Final = form(
    ["kind", "width_m", "height_m", "text"],
    {
        "kind": choice("Jenis reklame", "billboard", "videotron", "spanduk", "neon_box"),
        "width_m": number("Lebar (m)", 0.1, 50),
        "height_m": number("Tinggi (m)", 0.1, 50),
        "text": text("Naskah", 500),
        "area_code": _AREA,
    },
)


def _billboard(version: int, *, published: bool, days: int) -> CatalogueType:
    return CatalogueType(
        code="REKLAME",
        version=version,
        names=("Izin Penyelenggaraan Reklame", "Billboard and advertising permit"),
        sector="pekerjaan_umum",
        risk_level=RiskLevel.MEDIUM_LOW,
        kbli=("73100",),
        form_schema=_BILLBOARD_FORM,
        papers=(KTP, Paper(kind="design", names=("Desain reklame", "Advertisement design")), SITE_PLAN),
        middle=(Stage.VALIDATION, Stage.ASSESSMENT, Stage.PAYMENT),
        fee=Money.rupiah("750000.00"),
        days=days,
        deemed_approval=True,
        validity="P1Y",
        published=published,
    )


CATALOGUE: Final = (
    CatalogueType(
        code="TDU-PKL",
        names=("Tanda Daftar Usaha Pedagang Kaki Lima", "Street trader's registration"),
        sector="perdagangan",
        risk_level=RiskLevel.LOW,
        kbli=("47814", "47823"),
        form_schema=form(
            ["business_name", "goods", "trading_place"],
            {
                "business_name": text("Nama usaha"),
                "goods": choice("Jenis dagangan", "makanan", "minuman", "pakaian", "sayur_buah", "lainnya"),
                "trading_place": text("Tempat berjualan", 300),
                "area_code": _AREA,
                "stall_area_m2": number("Luas lapak (m2)", 0.5, 50),
            },
        ),
        papers=(KTP, PHOTO, STATEMENT),
        middle=(Stage.VALIDATION,),
        days=3,
        deemed_approval=True,
        validity="P2Y",
    ),
    CatalogueType(
        code="PBG",
        names=("Persetujuan Bangunan Gedung", "Building approval"),
        sector="pekerjaan_umum",
        risk_level=RiskLevel.MEDIUM_HIGH,
        kbli=("41011",),
        form_schema=form(
            ["function", "floors", "floor_area_m2", "land_certificate"],
            {
                "function": choice("Fungsi bangunan", "hunian", "usaha", "keagamaan", "sosial_budaya", "khusus"),
                "floors": count("Jumlah lantai", 1, 60),
                "floor_area_m2": number("Luas lantai (m2)", 1, 500_000),
                "land_certificate": text("Nomor sertifikat tanah", 60),
                "area_code": _AREA,
            },
        ),
        papers=(
            KTP,
            SITE_PLAN,
            Paper(kind="land_certificate", names=("Sertifikat tanah", "Land certificate")),
            Paper(kind="structure", names=("Perhitungan struktur", "Structural calculation"), required=False),
        ),
        middle=(Stage.VALIDATION, Stage.ASSESSMENT, Stage.INSPECTION, Stage.PAYMENT),
        fee=Money.rupiah("1850000.00"),
        days=28,
    ),
    CatalogueType(
        code="ACARA",
        names=("Izin Penyelenggaraan Acara di Tempat Umum", "Permit for an event in a public place"),
        sector="pariwisata",
        risk_level=RiskLevel.MEDIUM_LOW,
        kbli=("82302",),
        form_schema=form(
            ["event_name", "date", "visitors"],
            {
                "event_name": text("Nama acara"),
                "date": date("Tanggal"),
                "visitors": count("Jumlah pengunjung", 1, 100_000),
                "closes_road": {"type": "boolean", "title": "Menutup jalan"},
                "area_code": _AREA,
            },
        ),
        papers=(KTP, Paper(kind="safety_plan", names=("Rencana pengamanan", "Safety plan")), SITE_PLAN),
        middle=(Stage.VALIDATION, Stage.ASSESSMENT),
        days=5,
        validity="P14D",
    ),
    CatalogueType(
        code="SIP-PERAWAT",
        names=("Surat Izin Praktik Perawat", "Nurse's practice licence"),
        sector="kesehatan",
        risk_level=RiskLevel.MEDIUM_HIGH,
        form_schema=form(
            ["registration_number", "workplace"],
            {"registration_number": text("Nomor STR", 40), "workplace": text("Tempat praktik", 300)},
        ),
        papers=(KTP, PHOTO, Paper(kind="registration", names=("Surat Tanda Registrasi", "Professional register"))),
        middle=(Stage.VALIDATION, Stage.ASSESSMENT),
        days=7,
        validity="P5Y",
    ),
    _billboard(1, published=False, days=14),
    _billboard(2, published=True, days=10),
    *MAGIC,
)
