"""Proof: an outbox whose process is killed at random sends every report once, with every photo, over a faulty link.

2,000 reports and 50 kills run under `make soak`; every other run makes a fiftieth of the reports and two kills.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from tests.scale import SCALE, scaled

from egov_serang import Client, Config, File, Outbox
from egov_serang.models.complaints import Location
from egov_serang.testing.faults import (
    FaultGateway,
    Peer,
    SeenRequest,
    Step,
    break_off,
    close_before_answer,
    lose_answer,
    refuse,
    reset_before_answer,
    serve,
    truncate,
)

REPORTS = scaled(2_000)
KILLS = 50 if SCALE >= 1 else 2
IN_FLIGHT = 30 if SCALE >= 1 else 1
SHARE = 0.15
"""Of the requests and of the connections that fail."""


class Office:
    """What complaints and their photos have become at the gateway."""

    def __init__(self) -> None:
        self.complaints: dict[str, dict[str, Any]] = {}
        self.photos: defaultdict[str, list[str]] = defaultdict(list)
        self.writes = 0

    def __call__(self, number: str, request: SeenRequest) -> Mapping[str, Any]:
        """The resource of one request that has an effect, or of a read."""
        place = request.path.split("/")
        if request.method == "GET":
            return self.complaints[number]
        self.writes += 1
        if place[-1] == "media":
            head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
            (part,) = message_from_bytes(head + request.body).get_payload()
            assert not isinstance(part, str)
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            digest = hashlib.sha256(content).hexdigest()
            self.photos[place[-2]].append(digest)
            size, name = len(content), part.get_filename()
            return {"media_id": number, "filename": name, "media_type": "image/png", "size": size, "sha256": digest}
        said = json.loads(request.body) | {"complaint_id": number, "status": "submitted", "version": 1}
        self.complaints[number] = said
        return said


class Link:
    """Fails some requests by lot, and knows how many are under way."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.under_way = 0
        self.failed = 0
        self._misdeeds: list[Step] = [
            reset_before_answer(),
            close_before_answer(),
            lose_answer(),
            break_off("head", 40),
            truncate(20),
            refuse("upstream_unavailable", 503),
            refuse("internal", 500, carried_out=True),
        ]

    async def step(self, peer: Peer) -> None:
        self.under_way += 1
        try:
            await asyncio.sleep(self._chance.random() / 60)
            if self._chance.random() < SHARE:
                self.failed += 1
                await self._chance.choice(self._misdeeds)(peer)
            else:
                await serve(peer)
        finally:
            self.under_way -= 1


def test_an_outbox_killed_at_random_sends_every_report_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGOV_SERANG_OUTBOX_KEY", base64.b64encode(os.urandom(32)).decode())
    chance, office, path = random.Random(7), Office(), tmp_path / "laporan.db"
    link = Link(random.Random(8))
    expected = capture(path, chance)
    writes = REPORTS + sum(map(len, expected.values()))
    settings = tmp_path / "settings.json"
    command = [sys.executable, "-W", "error", "-m", "tests.services.outbox_sender", str(settings), str(path)]
    sending = at_gateway = 0
    with FaultGateway(default=link.step, resource=office) as gateway:
        settings.write_text(json.dumps({**gateway.settings, "retries": 1}), "utf-8")
        for _ in range(KILLS):
            with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
                assert running.stdout is not None
                assert running.stdout.readline() == b"ready\n"
                wanted = office.writes + chance.randint(1, 2 * writes // (KILLS + KILLS // 10 + 1) - 1)
                wanted = min(wanted, writes - 3)
                while office.writes < wanted:
                    assert running.poll() is None
                    time.sleep(chance.random() / 500)
                if SCALE >= 1:
                    time.sleep(chance.random() / 100)
                while SCALE < 1 and not link.under_way:  # of few kills none may miss
                    assert running.poll() is None
                    time.sleep(0.0005)
                at_gateway += link.under_way > 0
                running.send_signal(signal.SIGKILL)
            with Outbox(path) as outbox:
                sending += len(outbox.entries("sending"))
        done = subprocess.run(command, capture_output=True, check=False, timeout=3600)
        assert (done.returncode, done.stderr) == (0, b"")
        effects, replays, requests = gateway.desk.effects, gateway.desk.replays, len(gateway.calls)
    with Outbox(path) as outbox:
        assert outbox.entries() == []
    assert set(effects.values()) == {1}, "no key had two effects"
    assert len(office.complaints) == REPORTS
    assert len({one["client_reference"] for one in office.complaints.values()}) == REPORTS
    assert {one["description"]: office.photos[number] for number, one in office.complaints.items()} == expected
    assert sending >= IN_FLIGHT
    print(
        f"outbox killed {KILLS} times, {sending} of them while an entry was being sent ({at_gateway} while a request"
        f" was at the gateway): {REPORTS} reports, {writes - REPORTS} photos, each once; {requests} requests,"
        f" {link.failed} failed on purpose, {replays} replayed"
    )


def capture(path: Path, chance: random.Random) -> dict[str, list[str]]:
    """Fill the outbox without a network, and say which photos each report must have in the end."""
    expected: dict[str, list[str]] = {}
    with FaultGateway() as gateway, Client(Config(**gateway.settings)) as client, Outbox(path) as outbox:
        for number in range(REPORTS):
            photos = [b"\x89PNG\r\n\x1a\n" + chance.randbytes(chance.randint(1, 40_000)) for _ in range(number % 3)]
            words = f"Lubang {number}"
            outbox.add(
                client.complaints.submit,
                "jalan_rusak",
                words,
                location=Location(area_code="36.73.01"),
                photos=[File(photo, f"foto-{place}.png") for place, photo in enumerate(photos)],
            )
            expected[words] = [hashlib.sha256(photo).hexdigest() for photo in photos]
        assert gateway.requests == []
    return expected


def test_what_was_captured_before_a_kill_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGOV_SERANG_OUTBOX_KEY", base64.b64encode(os.urandom(32)).decode())
    path = tmp_path / "laporan.db"
    command = [sys.executable, "-W", "error", "-m", "tests.services.outbox_capturer", str(path)]
    chance, said = random.Random(9), 0
    for _ in range(scaled(50)):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == b"ready\n"
            killing = threading.Timer(0.05 + chance.random() / 5, running.kill)
            killing.start()
            said += len([line for line in running.stdout if line.endswith(b"\n")])
            killing.join()
    with Outbox(path) as outbox, Outbox(path) as another:
        kept = outbox.entries()
        assert said <= len(kept) <= said + scaled(50), "one may be on the disk whose process could not say so any more"
        with FaultGateway(resource=(office := Office())) as gateway, Client(Config(**gateway.settings)) as client:
            assert another.send(client).sent == len(kept)
    assert all(len(photos) == 1 for photos in office.photos.values())
    assert {digest for photos in office.photos.values() for digest in photos} == {
        hashlib.sha256(b"\x89PNG" + b"x" * 600_000).hexdigest()
    }
