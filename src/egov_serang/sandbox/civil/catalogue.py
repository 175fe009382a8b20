"""The nine services of the civil registry (contract-v1 section 4), with their variants, forms and documents.

Documents follow Indonesian practice (Permendagri 108/2019); working days are illustrative, a real city has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

from egov_serang.models.civil import CivilRequirement, CivilService, CivilVariant
from egov_serang.sandbox.forms import area, choice, count, date, form, text
from egov_serang.sandbox.language import Bilingual, Word, said
from egov_serang.sandbox.papers import Paper


class CivilPaper(Paper):
    """A document that only some variants ask for; all of them where it names none."""

    variants: tuple[str, ...] = ()

    def public(self, language: Word) -> CivilRequirement:
        """The document as the contract shows it, named in one language."""
        return CivilRequirement(**dict(super().public(language)), variants=self.variants)


class Registry(BaseModel):
    """One service of the registry, with what the sandbox needs to run it."""

    model_config = ConfigDict(frozen=True)

    code: str
    names: Bilingual
    variants: Mapping[str, Bilingual] = {}
    papers: tuple[CivilPaper, ...]
    form_schema: dict[str, JsonValue]
    days: int
    outputs: tuple[str, ...]
    series: str
    """The letters in the number of what is issued."""

    def asked(self, variant: str | None) -> tuple[CivilPaper, ...]:
        """The documents one variant asks for."""
        return tuple(paper for paper in self.papers if not paper.variants or variant in paper.variants)

    def within(self, city: str) -> Registry:
        """The same service in one city, by its code: the villages of its form are the city's own."""
        fields = self.form_schema["properties"]
        if not isinstance(fields, dict) or "area_code" not in fields:
            return self
        form_schema = {**self.form_schema, "properties": {**fields, "area_code": area(city)}}
        return self.model_copy(update={"form_schema": form_schema})

    def public(self, language: Word) -> CivilService:
        """The service as the contract shows it, named in one language."""
        return CivilService(
            service_code=self.code,
            name=said(self.names, language),
            variants=tuple(
                CivilVariant(variant=code, name=said(names, language)) for code, names in self.variants.items()
            ),
            required_documents=tuple(paper.public(language) for paper in self.papers),
            form_schema=self.form_schema,
            statutory_days=self.days,
            outputs=self.outputs,
        )


def _paper(kind: str, indonesian: str, english: str, *variants: str, required: bool = True) -> CivilPaper:
    return CivilPaper(kind=kind, names=(indonesian, english), required=required, variants=variants)


_VILLAGE: Final = area()
_KK: Final = _paper("kk", "Kartu Keluarga", "Family card")
_KTP: Final = _paper("ktp", "KTP-el", "Identity card")
_SPOUSES: Final = _paper("ktp_spouses", "KTP-el kedua mempelai", "Identity cards of both spouses")
_LOSS: Final = ("lost", "Surat kehilangan dari kepolisian", "Police report of the loss")
_SEX: Final = choice("Jenis kelamin", "male", "female")
_REASON: Final = text("Alasan", 500)

SERVICES: Final = (
    Registry(
        code="kk",
        names=("Kartu Keluarga", "Family card"),
        variants={
            "new": ("Penerbitan baru", "New"),
            "change": ("Perubahan data", "Change of data"),
            "split": ("Pisah KK", "Split from another family card"),
            "lost": ("Hilang atau rusak", "Lost or damaged"),
        },
        papers=(
            _KTP,
            _paper("marriage_book", "Buku nikah atau akta perkawinan", "Marriage book or certificate", "new", "split"),
            _paper("kk_old", "Kartu Keluarga lama", "Former family card", "change", "split"),
            _paper("evidence", "Bukti peristiwa penting", "Evidence of the change", "change"),
            _paper("police_report", _LOSS[1], _LOSS[2], "lost"),
        ),
        form_schema=form(
            ["head_of_family", "address", "area_code"],
            {
                "head_of_family": text("Nama kepala keluarga"),
                "address": text("Alamat", 300),
                "area_code": _VILLAGE,
                "members": count("Jumlah anggota keluarga", 1, 30),
                "reason": _REASON,
            },
        ),
        days=3,
        outputs=("kk",),
        series="KK",
    ),
    Registry(
        code="ktp_el",
        names=("KTP elektronik", "Electronic identity card"),
        variants={
            "new": ("Perekaman baru", "First enrolment"),
            "change": ("Perubahan data", "Change of data"),
            "lost": ("Hilang atau rusak", "Lost or damaged"),
        },
        papers=(
            _KK,
            _paper("ktp_old", "KTP-el lama", "Former identity card", "change"),
            _paper("police_report", _LOSS[1], _LOSS[2], "lost"),
        ),
        form_schema=form(
            ["full_name", "address", "area_code"],
            {
                "full_name": text("Nama lengkap"),
                "address": text("Alamat", 300),
                "area_code": _VILLAGE,
                "reason": _REASON,
            },
        ),
        days=3,
        outputs=("ktp_el",),
        series="KTP",
    ),
    Registry(
        code="kia",
        names=("Kartu Identitas Anak", "Child identity card"),
        variants={
            "new": ("Penerbitan baru", "New"),
            "lost": ("Hilang atau rusak", "Lost or damaged"),
        },
        papers=(
            _KK,
            _paper("birth_certificate", "Kutipan akta kelahiran", "Birth certificate", "new"),
            _paper("photo", "Pas foto anak usia 5 tahun ke atas", "Photo of a child of five or older", required=False),
            _paper("police_report", _LOSS[1], _LOSS[2], "lost"),
        ),
        form_schema=form(
            ["child_name", "birth_date"],
            {"child_name": text("Nama anak"), "birth_date": date("Tanggal lahir"), "reason": _REASON},
        ),
        days=3,
        outputs=("kia",),
        series="KIA",
    ),
    Registry(
        code="akta_kelahiran",
        names=("Akta Kelahiran", "Birth certificate"),
        papers=(
            _paper("birth_statement", "Surat keterangan lahir", "Statement of birth by hospital or midwife"),
            _KK,
            _paper("ktp_parents", "KTP-el orang tua", "Identity cards of the parents"),
            _paper("marriage_book", "Buku nikah atau akta perkawinan", "Marriage book or certificate", required=False),
        ),
        form_schema=form(
            ["child_name", "sex", "birth_date", "birth_place", "mother_name"],
            {
                "child_name": text("Nama anak"),
                "sex": _SEX,
                "birth_date": date("Tanggal lahir"),
                "birth_place": text("Tempat lahir"),
                "birth_order": count("Kelahiran ke", 1, 30),
                "mother_name": text("Nama ibu"),
                "father_name": text("Nama ayah"),
            },
        ),
        days=3,
        outputs=("akta_kelahiran", "kk", "kia"),
        series="LU",
    ),
    Registry(
        code="akta_kematian",
        names=("Akta Kematian", "Death certificate"),
        papers=(
            _paper("death_statement", "Surat keterangan kematian", "Statement of death"),
            _KK,
            _paper("ktp_deceased", "KTP-el almarhum", "Identity card of the deceased", required=False),
        ),
        form_schema=form(
            ["deceased_name", "death_date", "death_place"],
            {
                "deceased_name": text("Nama almarhum"),
                "death_date": date("Tanggal kematian"),
                "death_place": text("Tempat kematian"),
                "cause": choice("Sebab", "sakit", "kecelakaan", "bencana", "lainnya"),
            },
        ),
        days=3,
        outputs=("akta_kematian", "kk"),
        series="KM",
    ),
    Registry(
        code="akta_perkawinan",
        names=("Akta Perkawinan", "Marriage certificate"),
        papers=(
            _paper("religious_statement", "Surat pemberkatan perkawinan", "Statement of the religious ceremony"),
            _SPOUSES,
            _KK,
            _paper("photo", "Pas foto berdampingan", "Photo of the couple"),
        ),
        form_schema=form(
            ["spouse_1_name", "spouse_2_name", "wedding_date", "wedding_place"],
            {
                "spouse_1_name": text("Nama suami"),
                "spouse_2_name": text("Nama istri"),
                "wedding_date": date("Tanggal perkawinan"),
                "wedding_place": text("Tempat perkawinan"),
            },
        ),
        days=5,
        outputs=("akta_perkawinan", "kk"),
        series="KW",
    ),
    Registry(
        code="akta_perceraian",
        names=("Akta Perceraian", "Divorce certificate"),
        papers=(
            _paper("court_ruling", "Salinan putusan pengadilan", "Copy of the court ruling"),
            _paper("marriage_certificate", "Kutipan akta perkawinan", "Marriage certificate"),
            _KK,
            _KTP,
        ),
        form_schema=form(
            ["spouse_1_name", "spouse_2_name", "ruling_number", "ruling_date"],
            {
                "spouse_1_name": text("Nama suami"),
                "spouse_2_name": text("Nama istri"),
                "ruling_number": text("Nomor putusan", 60),
                "ruling_date": date("Tanggal putusan"),
            },
        ),
        days=5,
        outputs=("akta_perceraian", "kk"),
        series="CR",
    ),
    Registry(
        code="pindah",
        names=("Surat Keterangan Pindah", "Moving away"),
        variants={
            "within_city": ("Dalam kota", "Within the city"),
            "other_city": ("Antarkota atau antarprovinsi", "To another city or province"),
            "abroad": ("Ke luar negeri", "Abroad"),
        },
        papers=(
            _KK,
            _KTP,
            _paper("passport", "Paspor", "Passport", "abroad"),
        ),
        form_schema=form(
            ["destination", "moving_date", "persons"],
            {
                "destination": text("Alamat tujuan", 300),
                "moving_date": date("Tanggal pindah"),
                "persons": count("Jumlah yang pindah", 1, 30),
                "reason": choice("Alasan", "pekerjaan", "pendidikan", "keluarga", "perumahan", "lainnya"),
            },
        ),
        days=2,
        outputs=("skpwni",),
        series="SKP",
    ),
    Registry(
        code="datang",
        names=("Pendaftaran Penduduk Datang", "Moving in"),
        variants={
            "other_city": ("Dari kota atau provinsi lain", "From another city or province"),
            "abroad": ("Dari luar negeri", "From abroad"),
        },
        papers=(
            _paper("skpwni", "Surat keterangan pindah", "Certificate of moving", "other_city"),
            _paper("passport", "Paspor", "Passport", "abroad"),
            _paper("host_consent", "Persetujuan pemilik rumah", "Consent of the owner of the house", required=False),
        ),
        form_schema=form(
            ["address", "area_code", "arrival_date", "persons"],
            {
                "address": text("Alamat baru", 300),
                "area_code": _VILLAGE,
                "arrival_date": date("Tanggal datang"),
                "persons": count("Jumlah yang datang", 1, 30),
            },
        ),
        days=2,
        outputs=("kk", "ktp_el"),
        series="SKD",
    ),
)


def registry(city: str) -> Mapping[str, Registry]:
    """The services of one city's registry by their codes; `city` is the city's own code."""
    return MappingProxyType({service.code: service.within(city) for service in SERVICES})
