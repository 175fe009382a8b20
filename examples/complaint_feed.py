"""Keep a copy of a city's complaints up to date: killed at any time, it goes on where it was."""

from __future__ import annotations

import sqlite3
import sys

from egov_serang import Client

database = sqlite3.connect(sys.argv[1] if len(sys.argv) > 1 else ":memory:")
database.execute("CREATE TABLE IF NOT EXISTS complaints (complaint_id TEXT PRIMARY KEY, status TEXT, version INTEGER)")
database.execute("CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT)")

with Client() as client:
    kept = database.execute("SELECT cursor FROM place").fetchone()
    handled = 0
    for change in client.complaints.changes(since=kept[0] if kept else None):
        with database:  # the change and the place it came from, together or not at all
            row = (change.complaint_id, change.status, change.version)
            database.execute("INSERT OR REPLACE INTO complaints VALUES (?, ?, ?)", row)
            database.execute("INSERT OR REPLACE INTO place VALUES (1, ?)", (change.cursor,))
        handled += 1

known = database.execute("SELECT count(*) FROM complaints").fetchone()[0]
print(f"{handled} changes, {known} complaints known")
database.close()
