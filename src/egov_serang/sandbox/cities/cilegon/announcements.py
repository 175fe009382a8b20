"""The announcements of the first days in the sandbox's Cilegon. Invented."""

from __future__ import annotations

from typing import Final

from egov_serang.models.announcements import AnnouncementCategory as Category
from egov_serang.models.announcements import AnnouncementStatus as Status
from egov_serang.models.announcements import Severity
from egov_serang.models.regions import CILEGON
from egov_serang.sandbox.announcements.catalogue import DAY, Entry

_CITY: Final = (CILEGON.code,)

ENTRIES: Final = (
    Entry(
        "clg-siren-test",
        Category.DISASTER,
        ("Uji sirene peringatan dini tsunami", "Test of the tsunami warning sirens"),
        (
            "Sirene diuji pada tanggal 26 pukul 10.00 WIB. Ini hanya latihan.",
            "The sirens are tested on the 26th at 10.00 WIB. This is only an exercise.",
        ),
        areas=("36.72.03", "36.72.04", "36.72.06"),
        severity=Severity.MINOR,
        ends=3 * DAY,
    ),
    Entry(
        "clg-road-works",
        Category.TRAFFIC,
        ("Perbaikan jalan lingkungan", "Repair of local streets"),
        (
            "Jalan lingkungan ditutup bergantian selama perbaikan.",
            "Local streets are closed in turn while they are being repaired.",
        ),
        areas=("36.72.01.1001", "36.72.05.1003"),
        severity=Severity.MINOR,
        ends=5 * DAY,
    ),
    Entry(
        "clg-job-fair",
        Category.EVENT,
        ("Bursa kerja industri", "Industrial job fair"),
        ("Bursa kerja terbuka untuk umum, tanpa biaya.", "A job fair, open to all, free of charge."),
        areas=_CITY,
    ),
    Entry(
        "clg-draft",
        Category.SERVICE,
        ("Rancangan", "Draft"),
        ("Belum diterbitkan.", "Not published yet."),
        areas=_CITY,
        status=Status.DRAFT,
    ),
)
