"""What a permit type is, and the three magic ones every city of the sandbox has (contract-v1 sections 3 and 7)."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from egov_serang.model import Money
from egov_serang.models.permits import PermitType, RiskLevel, Stage
from egov_serang.sandbox.forms import form, text
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


KTP: Final = Paper(kind="ktp", names=("Kartu Tanda Penduduk", "Identity card"))
SITE_PLAN: Final = Paper(kind="site_plan", names=("Gambar rencana tapak", "Site plan"))
PHOTO: Final = Paper(kind="photo", names=("Pas foto", "Portrait photo"), media_types=("image/jpeg", "image/png"))
STATEMENT: Final = Paper(
    kind="statement", names=("Surat pernyataan", "Signed statement"), required=False, media_types=("application/pdf",)
)
_NAME_FORM: Final = form(["activity"], {"activity": text("Kegiatan")})


def _magic(code: str, names: Bilingual, magic: Magic, *, days: int) -> CatalogueType:
    return CatalogueType(
        code=code,
        names=names,
        sector="sandbox",
        risk_level=RiskLevel.LOW,
        form_schema=_NAME_FORM,
        papers=(STATEMENT,),
        middle=(Stage.VALIDATION,),
        days=days,
        deemed_approval=magic == "deem_grant",
        validity="P1Y",
        magic=magic,
    )


MAGIC: Final = (
    _magic("auto-return", ("Uji: dikembalikan sekali", "Test: returned once"), "return", days=5),
    _magic("auto-pause", ("Uji: jam dihentikan sekali", "Test: paused once"), "pause", days=5),
    _magic("deem-grant", ("Uji: fiktif positif", "Test: deemed granted"), "deem_grant", days=0),
)
"""Types that return, pause or grant by themselves."""
