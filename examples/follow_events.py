"""Follow what happens to complaints, over restarts and outages, from a program nobody can call.

python examples/follow_events.py
"""

from __future__ import annotations

import sqlite3

from egov_serang import Client
from egov_serang.models.complaints import Location

HANDLED = "CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY, subject TEXT, what TEXT)"
ENOUGH = 2  # a real one goes on for ever


def main() -> None:
    table = sqlite3.connect("handled.sqlite")
    table.execute(HANDLED)
    with Client() as client:
        # So that something happens:
        case = client.complaints.submit("jalan_rusak", "Lubang di depan pasar", location=Location(area_code="36.73.01"))
        client.complaints.transition(case.complaint_id, "verify", version=case.version)
        for event in client.events.follow(types=["id.smartcity.complaints.*"], bookmark="events.cursor"):
            with table:  # an event that comes again changes nothing
                table.execute("INSERT OR IGNORE INTO handled VALUES (?, ?, ?)", (event.id, event.subject, event.what))
            print(event.time, event.subject, event.what)
            if table.execute("SELECT count(*) FROM handled").fetchone()[0] >= ENOUGH:
                break
    table.close()


if __name__ == "__main__":
    main()
