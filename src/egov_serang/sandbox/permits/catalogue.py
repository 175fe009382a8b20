"""The permit types the sandbox starts with: five of a city's own, three magic ones (contract-v1 sections 3 and 7).

Names and periods follow Indonesian practice; fees are illustrative, a real city takes them from its own regulation.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from egov_serang.model import Money
from egov_serang.models.permits import PermitType, RiskLevel, Stage
from egov_serang.sandbox.forms import AREA, choice, count, date, form, number, text
from egov_serang.sandbox.language import Bilingual, Word, said
from egov_serang.sandbox.papers import Paper

Magic = Literal["return", "pause", "deem_grant"]


class CatalogueType(BaseModel):
    """One version of a permit type, with what the sandbox needs to run it."""

    model_config = ConfigDict(frozen=True)

    code: str
    version: int = 1
    names: Bilingual
    sector: str
    risk_level: RiskLevel
    kbli: tuple[str, ...] = ()
    form_schema: dict[str, JsonValue]
    papers: tuple[Paper, ...]
    middle: tuple[Stage, ...]
    """The stages between submission and decision, in order."""
    fee: Money | None = None
    days: int
    deemed_approval: bool = False
    validity: str | None = None
    published: bool = True
    magic: Magic | None = None

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The whole way of an application of this type."""
        return (Stage.PREPARATION, Stage.SUBMISSION, *self.middle, Stage.DECISION, Stage.ISSUED)

    def public(self, language: Word) -> PermitType:
        """The type as the contract shows it, named in one language."""
        fee_rule: dict[str, JsonValue] | None = None
        if self.fee is not None:
            fee_rule = {"kind": "flat", "amount": self.fee.model_dump(mode="json")}
        return PermitType(
            permit_type_code=self.code,
            version=self.version,
            name=said(self.names, language),
            sector=self.sector,
            risk_level=self.risk_level,
            kbli=self.kbli,
            form_schema=self.form_schema,
            required_documents=tuple(paper.public(language) for paper in self.papers),
            fee_rule=fee_rule,
            statutory_period=self.days,
            deemed_approval=self.deemed_approval,
            validity=self.validity,
            published=self.published,
        )


_KTP: Final = Paper(kind="ktp", names=("Kartu Tanda Penduduk", "Identity card"))
_SITE_PLAN: Final = Paper(kind="site_plan", names=("Gambar rencana tapak", "Site plan"))
_PHOTO: Final = Paper(kind="photo", names=("Pas foto", "Portrait photo"), media_types=("image/jpeg", "image/png"))
_STATEMENT: Final = Paper(
    kind="statement", names=("Surat pernyataan", "Signed statement"), required=False, media_types=("application/pdf",)
)
_NAME_FORM: Final = form(["activity"], {"activity": text("Kegiatan")})
_BILLBOARD_FORM: Final = form(
    ["kind", "width_m", "height_m", "text"],
    {
        "kind": choice("Jenis reklame", "billboard", "videotron", "spanduk", "neon_box"),
        "width_m": number("Lebar (m)", 0.1, 50),
        "height_m": number("Tinggi (m)", 0.1, 50),
        "text": text("Naskah", 500),
        "area_code": AREA,
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
        papers=(_KTP, Paper(kind="design", names=("Desain reklame", "Advertisement design")), _SITE_PLAN),
        middle=(Stage.VALIDATION, Stage.ASSESSMENT, Stage.PAYMENT),
        fee=Money.rupiah("750000.00"),
        days=days,
        deemed_approval=True,
        validity="P1Y",
        published=published,
    )


def _magic(code: str, names: Bilingual, magic: Magic, *, days: int) -> CatalogueType:
    return CatalogueType(
        code=code,
        names=names,
        sector="sandbox",
        risk_level=RiskLevel.LOW,
        form_schema=_NAME_FORM,
        papers=(_STATEMENT,),
        middle=(Stage.VALIDATION,),
        days=days,
        deemed_approval=magic == "deem_grant",
        validity="P1Y",
        magic=magic,
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
                "area_code": AREA,
                "stall_area_m2": number("Luas lapak (m2)", 0.5, 50),
            },
        ),
        papers=(_KTP, _PHOTO, _STATEMENT),
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
                "area_code": AREA,
            },
        ),
        papers=(
            _KTP,
            _SITE_PLAN,
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
                "area_code": AREA,
            },
        ),
        papers=(_KTP, Paper(kind="safety_plan", names=("Rencana pengamanan", "Safety plan")), _SITE_PLAN),
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
        papers=(_KTP, _PHOTO, Paper(kind="registration", names=("Surat Tanda Registrasi", "Professional register"))),
        middle=(Stage.VALIDATION, Stage.ASSESSMENT),
        days=7,
        validity="P5Y",
    ),
    _billboard(1, published=False, days=14),
    _billboard(2, published=True, days=10),
    _magic("auto-return", ("Uji: dikembalikan sekali", "Test: returned once"), "return", days=5),
    _magic("auto-pause", ("Uji: jam dihentikan sekali", "Test: paused once"), "pause", days=5),
    _magic("deem-grant", ("Uji: fiktif positif", "Test: deemed granted"), "deem_grant", days=0),
)
