"""The permit types of the sandbox's Cilegon.

Names and periods follow Indonesian practice; fees are illustrative, a real city takes them from its own regulation.
"""

from __future__ import annotations

from typing import Final

from egov_serang.model import Money
from egov_serang.models.permits import RiskLevel, Stage
from egov_serang.models.regions import CILEGON
from egov_serang.sandbox.forms import area, choice, count, date, form, number, text
from egov_serang.sandbox.papers import Paper
from egov_serang.sandbox.permits.catalogue import KTP, MAGIC, SITE_PLAN, STATEMENT, CatalogueType

_AREA: Final = area(CILEGON.code)
_LOCATION: Final = Paper(kind="location_map", names=("Denah lokasi usaha", "Map of the place of business"))

CATALOGUE: Final = (
    CatalogueType(
        code="USAHA-MIKRO",
        names=(
            "Tanda Daftar Pedagang Kaki Lima dan Usaha Mikro",
            "Registration of street traders and micro businesses",
        ),
        sector="perdagangan",
        risk_level=RiskLevel.LOW,
        kbli=("47814", "56103"),
        form_schema=form(
            ["trader_name", "kind_of_goods", "zone", "opening_days", "since"],
            {
                "trader_name": text("Nama pedagang atau usaha"),
                "kind_of_goods": choice("Jenis dagangan", "kuliner", "sandang", "kerajinan", "jasa"),
                "zone": choice("Zona berjualan", "alun_alun", "pasar_kranggot", "stasiun", "merak"),
                "opening_days": count("Hari buka per minggu", 1, 7),
                "since": date("Mulai berusaha"),
                "area_code": _AREA,
            },
        ),
        papers=(KTP, _LOCATION, STATEMENT),
        middle=(Stage.VALIDATION, Stage.ASSESSMENT),
        days=2,
        deemed_approval=True,
        validity="P1Y",
    ),
    CatalogueType(
        code="GALIAN-JALAN",
        names=("Izin Pemanfaatan dan Galian Jalan", "Permit to use and dig up a road"),
        sector="pekerjaan_umum",
        risk_level=RiskLevel.MEDIUM_HIGH,
        kbli=("42201",),
        form_schema=form(
            ["purpose", "length_m", "depth_m", "start_date"],
            {
                "purpose": choice("Tujuan", "pipa_air", "pipa_gas", "serat_optik", "listrik"),
                "length_m": number("Panjang galian (m)", 0.5, 20_000),
                "depth_m": number("Kedalaman (m)", 0.2, 10),
                "start_date": date("Mulai pekerjaan"),
                "area_code": _AREA,
            },
        ),
        papers=(KTP, SITE_PLAN, Paper(kind="bond", names=("Jaminan pemulihan", "Reinstatement bond"))),
        middle=(Stage.VALIDATION, Stage.ASSESSMENT, Stage.PAYMENT, Stage.INSPECTION),
        fee=Money.rupiah("2400000.00"),
        days=14,
        validity="P3M",
    ),
    CatalogueType(
        code="ANGKUTAN-BARANG",
        names=("Izin Operasi Angkutan Barang Dalam Kota", "Permit for goods vehicles within the city"),
        sector="perhubungan",
        risk_level=RiskLevel.MEDIUM_LOW,
        kbli=("49431",),
        form_schema=form(
            ["operator", "vehicles", "load"],
            {
                "operator": text("Nama operator"),
                "vehicles": count("Jumlah kendaraan", 1, 500),
                "load": choice("Muatan", "umum", "curah", "bahan_berbahaya"),
            },
        ),
        papers=(KTP, Paper(kind="vehicle_list", names=("Daftar kendaraan", "List of vehicles"))),
        middle=(Stage.VALIDATION, Stage.PAYMENT),
        fee=Money.rupiah("350000.00"),
        days=7,
        validity="P1Y",
    ),
    *MAGIC,
)
