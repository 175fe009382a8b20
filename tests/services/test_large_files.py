"""Large files: sent part by part, so that a cut costs a part and memory does not grow with the file.

100 MB run under `make soak`, a sixth of them in every other run.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.scale import SCALE

from egov_serang import AsyncClient, Client, Config, ConnectionFailed, EgovError, File, Invalid
from egov_serang.models.complaints import Location
from egov_serang.sandbox.server import Sandbox

PART = 4 * 1024 * 1024
SIZE = 100_000_000 if SCALE >= 1 else 17_000_000
GROWTH = 40 * 1024
PLACE = Location(area_code="36.73.01.1001")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path, chance = tmp_path / "banjir.mp4", random.Random(3)
    with path.open("wb") as file:
        for start in range(0, SIZE, 1_000_000):
            file.write(chance.randbytes(min(1_000_000, SIZE - start)))
    return path


@pytest.fixture
def case(client: Client) -> str:
    return client.complaints.submit("jalan_rusak", "Banjir.", location=PLACE).complaint_id


def parts_of(sandbox: Sandbox) -> int:
    return sum(one["operation"] == "complaints.upload_part" for one in sandbox.requests())


def finished(*command: str) -> dict[str, Any]:
    """What an upload that ended well says."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is read from Linux's /proc")
def test_a_large_file_takes_little_memory_and_goes_on_after_a_kill(
    client: Client, city: Config, sandbox: Sandbox, case: str, film: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.json"
    named = ("gateway", "client_id", "key_file", "signing_key_file")
    settings.write_text(json.dumps({name: str(getattr(city, name)) for name in named}), "utf-8")
    command = [sys.executable, "-W", "error", "-m", "tests.services.uploader", str(settings), case, str(film)]
    whole = finished(*command, "in one go", "0")
    parts = -(-SIZE // PART)
    before = parts_of(sandbox)
    assert before == parts
    assert whole["grown_kib"] < GROWTH
    killed = subprocess.run([*command, "killed", str(SIZE * 6 // 10)], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    came = parts_of(sandbox) - before
    report = finished(*command, "killed", "0")
    more = parts_of(sandbox) - before - came
    assert report["sha256"] == hashlib.sha256(film.read_bytes()).hexdigest()
    assert 0 < came < parts
    assert came + more <= parts + 1, "only what was under way at the kill is sent again"
    assert report["grown_kib"] < GROWTH
    media = next(one for one in client.complaints.get(case).media if one.size == SIZE)
    assert (media.filename, media.media_type, media.upload, media.sha256) == (
        "banjir.mp4",
        "video/mp4",
        None,
        report["sha256"],
    )
    print(
        f"{SIZE:,} bytes in {parts} parts: grown by {whole['grown_kib'] / 1024:.1f} MiB over"
        f" {whole['idle_kib'] / 1024:.1f} MiB; killed after {came} parts and gone on with {more} more"
    )


def test_a_whole_large_file_takes_little_memory_with_tasks_too(city: Config, case: str, film: Path) -> None:
    async def send() -> str:
        async with AsyncClient(city) as client:
            return (await client.with_options(deadline=600).complaints.attach(case, film)).sha256

    assert asyncio.run(send()) == hashlib.sha256(film.read_bytes()).hexdigest()


def test_a_cut_is_gone_on_with_at_the_part_that_is_missing(client: Client, sandbox: Sandbox, case: str) -> None:
    content = os.urandom(3 * PART + 5)
    told: list[tuple[int, int]] = []
    file = File(content, "banjir.mp4", progress=lambda sent, total: told.append((sent, total)))
    sandbox.fault("complaints.upload_part", kind="status", times=2)
    hasty = client.with_options(retries=0)
    with pytest.raises(EgovError) as first:
        hasty.complaints.attach(case, file)
    sandbox.fault("complaints.upload_part", kind="lost_answer")
    with pytest.raises(EgovError) as second:
        hasty.resume(first.value)
    with pytest.raises(ConnectionFailed) as third:
        hasty.resume(second.value)
    assert third.value.sent == "yes"
    assert client.complaints.get(case).media == (), "it is no file of the complaint yet"
    media = hasty.resume(third.value)
    assert media.sha256 == hashlib.sha256(content).hexdigest()
    assert parts_of(sandbox) == 2 + 4
    assert told[-1] == (len(content), len(content))
    assert {total for _, total in told} == {len(content)}
    with client.complaints.download(case, media.media_id, max_bytes=2 * len(content)) as download:
        assert b"".join(download) == content


def test_repetitions_within_the_call_send_one_part_again(client: Client, sandbox: Sandbox, case: str) -> None:
    content = os.urandom(2 * PART + 5)
    sandbox.fault("complaints.upload_part", kind="lost_answer")
    assert client.complaints.attach(case, File(content, "a.mp4")).sha256 == hashlib.sha256(content).hexdigest()
    assert parts_of(sandbox) == 3 + 1
    assert len(client.complaints.get(case).media) == 1


def test_photos_of_a_submission_and_of_a_comment_may_be_large(client: Client) -> None:
    content = b"\x89PNG\r\n\x1a\n" + os.urandom(2 * PART)
    made = client.complaints.submit("jalan_rusak", "Banjir.", location=PLACE, photos=[content])
    client.complaints.updates.add(made.complaint_id, "Lagi.", photos=[content + b"2"])
    digests = [one.sha256 for one in client.complaints.get(made.complaint_id).media]
    assert digests == [hashlib.sha256(one).hexdigest() for one in (content, content + b"2")]


@pytest.mark.parametrize("how", ["longer", "shorter", "other"])
def test_a_file_that_changes_meanwhile_is_never_whole_at_the_service(
    client: Client, case: str, tmp_path: Path, how: str
) -> None:
    path, content = tmp_path / "banjir.mp4", bytearray(os.urandom(2 * PART + 70_000))
    path.write_bytes(content)
    changed = {"longer": content + b"x", "shorter": content[:-1], "other": content[:-1] + bytes([content[-1] ^ 1])}

    def meanwhile(sent: int, total: int) -> None:
        if sent > PART:
            path.write_bytes(changed[how])

    with pytest.raises(Invalid) as caught:
        client.complaints.attach(case, File(path, progress=meanwhile))
    assert (caught.value.code, caught.value.sent) == ("file_changed", "yes")
    assert client.complaints.get(case).media == ()
