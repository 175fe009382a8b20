"""Record a run once, without its personal data, and play it again without a network."""

from __future__ import annotations

from pathlib import Path

from egov_serang import Client, Config
from egov_serang.models.complaints import Location
from egov_serang.testing import Cassette


def app(client: Client) -> str:
    """Something your app does."""
    somewhere = Location(area_code="36.73.06.1008")
    complaint = client.complaints.submit("sampah", "Sampah belum diangkut.", location=somewhere)
    return f"{complaint.reference}: {client.complaints.get(complaint.complaint_id).status}"


tape = Path("waste.json")
with Cassette(tape, mode="record") as recording, Client(Config.load(), transport=recording) as client:
    recorded = app(client)

played = app(Client(transport=Cassette(tape)))
assert played == recorded
assert "diangkut" not in tape.read_text("utf-8")
print(f"{recorded}, the same when played; {tape} has {tape.stat().st_size} bytes")
