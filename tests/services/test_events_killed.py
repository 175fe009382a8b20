"""Proof: a consumer killed at random handles every event once, in order for each subject.

50 kills run under `make soak`; every other run makes a twelfth of them.
"""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.scale import SCALE

from egov_serang import Client, Config
from egov_serang.models.complaints import Location

KILLS = 50 if SCALE >= 1 else 4
WRITERS = 4


def test_a_consumer_killed_at_random_handles_every_event_once(client: Client, city: Config, tmp_path: Path) -> None:
    settings, mark, database = tmp_path / "settings.json", tmp_path / "events.cursor", tmp_path / "handled.sqlite"
    named = ("gateway", "client_id", "key_file", "signing_key_file")
    settings.write_text(json.dumps({name: str(getattr(city, name)) for name in named}), "utf-8")
    end, chance = threading.Event(), random.Random(7)

    def write(number: int) -> None:
        while not end.is_set():
            complaint = client.complaints.submit(
                "jalan_rusak", f"Lubang {number}", location=Location(area_code="36.73.01")
            )
            for action in ("verify", "withdraw"):
                complaint = client.complaints.transition(complaint.complaint_id, action, version=complaint.version)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    command = [sys.executable, "-m", "tests.services.consumer", str(settings), str(mark), str(database)]
    rows: dict[str, Any] = {}
    try:
        for _ in range(KILLS):
            before = _count(database)
            with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
                assert running.stdout is not None
                assert running.stdout.readline() == b"ready\n"
                wanted = before + chance.randint(1, 40)
                while _count(database) < wanted:
                    assert running.poll() is None
                    time.sleep(chance.random() / 50)
                running.send_signal(signal.SIGKILL)
    finally:
        end.set()
        for writer in writers:
            writer.join()
    log = {event.id: (event.subject, event.sequence) for event in client.events.log()}
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
        while _count(database) < len(log):
            assert running.poll() is None
            time.sleep(0.02)
        running.kill()
    with sqlite3.connect(database) as table:
        found = table.execute("SELECT id, subject, sequence, again FROM handled ORDER BY rowid").fetchall()
    rows = {row[0]: row[1:3] for row in found}
    assert rows == log
    order: defaultdict[str, list[int]] = defaultdict(list)
    for _, subject, sequence, _ in found:
        order[subject].append(sequence)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in order.values())
    again = sum(row[3] for row in found)
    assert again <= KILLS, "only what was being handled at a kill comes again"
    print(f"consumer killed {KILLS} times: {len(log)} events of {len(order)} subjects, {again} came again")


def _count(database: Path) -> int:
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as table:
            return int(table.execute("SELECT count(*) FROM handled").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
