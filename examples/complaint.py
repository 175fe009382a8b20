"""Report a pothole with a photo and a map point."""

from __future__ import annotations

from pathlib import Path

from egov_serang import Client, File
from egov_serang.models.complaints import Location

photo = Path(__file__).with_name("pothole.png")

with Client() as client:
    complaint = client.complaints.submit(
        "jalan_rusak",
        "Jalan berlubang di depan pasar, dalam sekitar 20 cm.",
        location=Location(lat=-6.1153, long=106.1503),
        photos=[File(photo)],
    )
    print(complaint.reference, complaint.status, f"{len(complaint.media)} photo")
