"""The program that captures reports without end; the test that kills it starts it. It says each it has captured."""

from __future__ import annotations

import sys
from pathlib import Path

from egov_serang import Client, File, Outbox
from egov_serang.models.complaints import Location
from egov_serang.testing import FakeTransport


def nobody(request: object) -> object:
    raise AssertionError("nothing is sent while capturing")


def main(path: Path) -> None:
    client = Client(transport=FakeTransport(nobody))  # type: ignore[arg-type]
    with Outbox(path) as outbox:
        print("ready", flush=True)
        while True:
            photo = File(b"\x89PNG" + b"x" * 600_000, "foto.png")
            place = Location(area_code="36.73.01")
            entry = outbox.add(client.complaints.submit, "jalan_rusak", "Lubang", location=place, photos=[photo])
            print(entry.id, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
