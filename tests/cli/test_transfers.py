"""Files on the command line: a bar for people at a terminal, nothing of it for scripts, Ctrl-C leaves what came."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Egov
from tests.cli.test_signals import at_terminal, ended

from egov_serang import Client, Config
from egov_serang.models.complaints import Location
from egov_serang.testing.faults import FaultServer, Peer, answer, reply

Process = Callable[..., subprocess.Popen[str]]
PHOTO = b"\xff\xd8\xff" + bytes(400_000)
CONTENT = bytes(range(256)) * 1000
MEDIA = {
    "media_id": "m",
    "filename": "a.jpg",
    "media_type": "image/jpeg",
    "size": len(CONTENT),
    "sha256": hashlib.sha256(CONTENT).hexdigest(),
}
CASE = {"complaint_id": "c", "service_code": "sampah", "status": "submitted", "version": 1, "media": [MEDIA]}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "lubang[1].jpg"
    path.write_bytes(PHOTO)
    return path


@pytest.fixture
def case(environment: dict[str, str]) -> str:
    with Client(Config.load(environment=environment)) as client:
        return client.complaints.submit("sampah", "Sampah.", location=Location(area_code="36.73.01.1001")).complaint_id


def test_a_terminal_shows_how_far_each_file_is(
    environment: dict[str, str], case: str, photo: Path, tmp_path: Path
) -> None:
    code, shown = at_terminal(("complaints", "attach", case, str(photo)), environment, NO_COLOR="1")
    assert code == 0
    assert "lubang[1].jpg" in shown.replace("\r", "")
    assert "400.0/400.0 kB" in shown
    with Client(Config.load(environment=environment)) as client:
        media = client.complaints.get(case).media[0].media_id
    back = ("complaints", "download", case, media, "-o", str(tmp_path / "back.jpg"))
    code, shown = at_terminal(back, environment, NO_COLOR="1")
    assert code == 0
    assert "400.0/400.0 kB" in shown
    assert (tmp_path / "back.jpg").read_bytes() == PHOTO


def test_scripts_see_nothing_of_it(
    environment: dict[str, str], egov: Egov, case: str, photo: Path, tmp_path: Path
) -> None:
    code, shown = at_terminal(("complaints", "attach", case, str(photo), "--json"), environment, NO_COLOR="1")
    assert code == 0
    media = json.loads(shown)["media_id"]
    done = egov("complaints", "download", case, media, "-o", str(tmp_path / "back.jpg"), "--json")
    assert (json.loads(done.stdout)["size"], done.stderr) == (len(PHOTO), "")


def _gateway(url: str, folder: Path) -> dict[str, str]:
    file = folder / "plain.toml"
    file.write_text(f'[profile.plain]\ngateway = "{url}"\nauth = "none"\nsignature = "none"\n', "utf-8")
    return {"EGOV_SERANG_CONFIG": str(file), "EGOV_SERANG_PROFILE": "plain", "LC_ALL": "C.UTF-8"}


async def _stuck(peer: Peer) -> None:
    head, body = answer(peer.request, body=CONTENT, headers=[("etag", '"v"'), ("content-type", "image/jpeg")])
    await peer.send(head + body[:100_000])
    await peer.until_gone()


async def _rest(peer: Peer) -> None:
    start = int(peer.request.headers["range"][len("bytes=") : -1])
    fields = [("etag", '"v"'), ("content-range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")]
    head, body = answer(peer.request, 206, body=CONTENT[start:], headers=fields)
    await peer.send(head + body)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def test_ctrl_c_leaves_what_came_and_says_so(process: Process, tmp_path: Path) -> None:
    target = tmp_path / "a.jpg"
    part = tmp_path / "a.jpg.part"
    command: tuple[Any, ...] = ("complaints", "download", "c", "m", "-o", str(target))
    case = reply(json=CASE)
    with FaultServer(case, _stuck, case, _rest) as server:
        more = _gateway(server.url, tmp_path)
        running = process(*command, **more)
        while _size(part) < 65_536 and running.poll() is None:
            pass  # the rest may still be on its way into the file
        running.send_signal(signal.SIGINT)
        code, out, err = ended(running)
        assert (code, out) == (130, "")
        assert f"kept in {target}.part: the same command goes on there." in err
        assert "Interrupted." in err
        assert not target.exists()
        kept = _size(part)
        code, out, err = ended(process(*command, "--json", **more))
    assert (code, err) == (0, "")
    assert json.loads(out)["sha256"] == MEDIA["sha256"]
    assert server.requests[3].headers["range"] == f"bytes={kept}-"
    assert target.read_bytes() == CONTENT
    assert sorted(os.listdir(tmp_path)) == ["a.jpg", "config.toml", "keys", "plain.toml"]
