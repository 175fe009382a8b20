"""Send a photo and fetch it back, with a line that tells how far it is. Ctrl-C is safe: run it again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from egov_serang import Client, File
from egov_serang.models.complaints import Location

photo = Path(__file__).with_name("pothole.png")


def told(what: str) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        print(f"\r{what}: {done:,} of {total:,} bytes", end="", file=sys.stderr)

    return progress


with Client() as client:
    patient = client.with_options(deadline=600, retries=10)
    complaint = patient.complaints.submit(
        "jalan_rusak",
        "Jalan berlubang di depan pasar.",
        location=Location(lat=-6.1153, long=106.1503),
        photos=[File(photo, progress=told("up"))],
    )
    media = complaint.media[0]
    target = Path(mkdtemp()) / media.filename
    saved = patient.complaints.download_to(complaint.complaint_id, media, target, progress=told("down"))
    print(f"\n{complaint.reference}: {saved.path.name}, {saved.size} bytes, sha-256 {saved.sha256[:16]} ...")
