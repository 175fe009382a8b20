"""The announcements of the first days in the sandbox's Serang. Invented."""

from __future__ import annotations

from typing import Final

from egov_serang.models.announcements import AnnouncementCategory as Category
from egov_serang.models.announcements import AnnouncementStatus as Status
from egov_serang.models.announcements import Severity
from egov_serang.models.regions import SERANG
from egov_serang.sandbox.announcements.catalogue import DAY, Entry

_CITY: Final = (SERANG.code,)

ENTRIES: Final = (
    Entry(
        "ann-service-hours",
        Category.SERVICE,
        ("Jam layanan Disdukcapil", "Opening hours of the civil registry"),
        (
            "Layanan administrasi kependudukan buka Senin sampai Jumat pukul 08.00-15.00 WIB.",
            "The civil registry is open from Monday to Friday, 08.00 to 15.00 WIB.",
        ),
        areas=_CITY,
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
        ends=DAY,
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
        ends=3 * DAY,
    ),
    Entry(
        "ann-immunisation",
        Category.HEALTH,
        ("Pekan imunisasi anak", "Children's immunisation week"),
        (
            "Imunisasi gratis di semua puskesmas. Bawa buku KIA.",
            "Immunisation is free of charge at all health centres. Bring the child's health book.",
        ),
        areas=_CITY,
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
        begins=2 * DAY,
        ends=3 * DAY,
    ),
    Entry(
        "ann-water-cut",
        Category.SERVICE,
        ("Gangguan air bersih telah selesai", "The interruption of the water supply is over"),
        ("Pasokan air di Taktakan kembali normal.", "The water supply in Taktakan is back to normal."),
        areas=("36.73.06",),
        begins=-5 * DAY,
        ends=-4 * DAY,
    ),
    Entry(
        "ann-not-yet-published",
        Category.EVENT,
        ("Rancangan", "Draft"),
        ("Belum diterbitkan.", "Not published yet."),
        areas=_CITY,
        status=Status.DRAFT,
    ),
    Entry(
        "ann-withdrawn",
        Category.TRAFFIC,
        ("Ditarik", "Withdrawn"),
        ("Pengumuman ini ditarik.", "This announcement was withdrawn."),
        areas=_CITY,
        status=Status.WITHDRAWN,
    ),
)
