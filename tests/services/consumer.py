"""A consumer of events as an application writes it: each event once into its own table, in one transaction.

Run as a program by the test that kills it: configuration (JSON), bookmark, database.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

from egov_serang import Client, Config

TABLE = (
    "CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY, subject TEXT, sequence INTEGER, again INTEGER DEFAULT 0)"
)
HANDLE = "INSERT INTO handled (id, subject, sequence) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET again = again + 1"


def main(settings: Path, bookmark: str, database: str) -> None:
    table = sqlite3.connect(database)
    table.execute("PRAGMA journal_mode=WAL")
    table.execute(TABLE)
    with Client(Config(**json.loads(settings.read_text("utf-8")))) as client:
        print("ready", flush=True)
        for event in client.events.follow(bookmark=bookmark, poll=0.02):
            with table:
                table.execute(HANDLE, (event.id, event.subject, event.sequence))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
