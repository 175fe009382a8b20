"""The announcements the sandbox starts with, in an invented Serang. Times count from the first day of the city."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from egov_serang.models.announcements import AnnouncementCategory as Category
from egov_serang.models.announcements import AnnouncementStatus as Status
from egov_serang.models.announcements import Severity
from egov_serang.sandbox.language import Bilingual
from egov_serang.sandbox.settings import JURISDICTION_ID

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One announcement; `begins` and `ends` are counted from the first day, without an end it stays in force."""

    code: str
    category: Category
    titles: Bilingual
    bodies: Bilingual
    severity: Severity = Severity.UNKNOWN
    areas: tuple[str, ...] = (JURISDICTION_ID,)
    begins: timedelta = -_HOUR
    ends: timedelta | None = 7 * _DAY
    status: Status = Status.PUBLISHED


ENTRIES: Final = (
    Entry(
        "ann-service-hours",
        Category.SERVICE,
        ("Jam layanan Disdukcapil", "Opening hours of the civil registry"),
        (
            "Layanan administrasi kependudukan buka Senin sampai Jumat pukul 08.00-15.00 WIB.",
            "The civil registry is open from Monday to Friday, 08.00 to 15.00 WIB.",
        ),
        ends=None,
    ),
    Entry(
        "ann-flood-kasemen",
        Category.DISASTER,
        ("Waspada banjir di Kasemen", "Flood warning in Kasemen"),
        (
            "Muka air Sungai Cibanten naik. Warga di bantaran sungai diminta bersiap mengungsi.",
            "The Cibanten river is rising. Residents along its banks should prepare to leave.",
        ),
        severity=Severity.SEVERE,
        areas=("36.73.02",),
        ends=_DAY,
    ),
    Entry(
        "ann-road-closed",
        Category.TRAFFIC,
        ("Penutupan jalan di sekitar alun-alun", "Roads around the town square are closed"),
        (
            "Jalan di sekitar alun-alun ditutup untuk perbaikan drainase. Gunakan jalan lain.",
            "Roads around the town square are closed for work on the drains. Please use other roads.",
        ),
        severity=Severity.MINOR,
        areas=("36.73.01.1001", "36.73.01.1002"),
        ends=3 * _DAY,
    ),
    Entry(
        "ann-immunisation",
        Category.HEALTH,
        ("Pekan imunisasi anak", "Children's immunisation week"),
        (
            "Imunisasi gratis di semua puskesmas. Bawa buku KIA.",
            "Immunisation is free of charge at all health centres. Bring the child's health book.",
        ),
    ),
    Entry(
        "ann-market-night",
        Category.EVENT,
        ("Malam UMKM di Cipocok Jaya", "Small business night in Cipocok Jaya"),
        (
            "Bazar UMKM dan musik, terbuka untuk umum.",
            "A bazaar of small businesses with music, open to all.",
        ),
        areas=("36.73.05",),
        begins=2 * _DAY,
        ends=3 * _DAY,
    ),
    Entry(
        "ann-water-cut",
        Category.SERVICE,
        ("Gangguan air bersih telah selesai", "The interruption of the water supply is over"),
        ("Pasokan air di Taktakan kembali normal.", "The water supply in Taktakan is back to normal."),
        areas=("36.73.06",),
        begins=-5 * _DAY,
        ends=-4 * _DAY,
    ),
    Entry(
        "ann-not-yet-published",
        Category.EVENT,
        ("Rancangan", "Draft"),
        ("Belum diterbitkan.", "Not published yet."),
        status=Status.DRAFT,
    ),
    Entry(
        "ann-withdrawn",
        Category.TRAFFIC,
        ("Ditarik", "Withdrawn"),
        ("Pengumuman ini ditarik.", "This announcement was withdrawn."),
        status=Status.WITHDRAWN,
    ),
)
