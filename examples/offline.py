"""A surveyor's day: reports are captured on the way, without a network, and sent in the evening, each once.

What could not be sent waits for the next time; what the service refuses is shown with its reason, and nothing is lost.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from tempfile import mkdtemp

from egov_serang import Client, Outbox
from egov_serang.batch.entries import Outcome
from egov_serang.models.complaints import Location

# Once for a device: openssl rand -base64 32, into the keyring. Here it lasts as long as the program.
os.environ.setdefault("EGOV_SERANG_OUTBOX_KEY", base64.b64encode(os.urandom(32)).decode())
file = Path(mkdtemp()) / "laporan.db"
photo = Path(__file__).with_name("pothole.png")
found = {"36.73.01.1001": "Lubang di depan pasar.", "36.73.06.1008": "Lubang di depan sekolah."}


def told(outcome: Outcome) -> None:
    if outcome.error is None:
        print(outcome.entry.id, "is now", outcome.result.reference)
    else:
        print(outcome.entry.id, outcome.state, outcome.error.code)


with Client() as client, Outbox(file) as outbox:
    for area_code, words in found.items():  # on the way: nothing is sent here
        outbox.add(
            client.complaints.submit, "jalan_rusak", words, location=Location(area_code=area_code), photos=[photo]
        )
    print(len(outbox.entries()), "wait")

    report = outbox.send(client, handle=told)  # in the evening; again from cron where it stopped
    print(report.sent, "sent,", report.waiting, "wait,", report.given_up, "given up")
