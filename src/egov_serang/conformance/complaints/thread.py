"""What is said about a complaint, and its files."""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Final

from egov_serang import File
from egov_serang.conformance.scenario import Scenario, holds, same
from egov_serang.conformance.server import TEXT, Server


def _pixel() -> bytes:
    """A grey pixel as PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")
    )


def comments(server: Server) -> None:
    complaint = server.submit()
    texts = [f"{TEXT} {number}" for number in range(3)]
    added = [server.client.complaints.updates.add(complaint.complaint_id, words) for words in texts]
    found = list(server.client.complaints.updates.list(complaint.complaint_id, limit=2))
    holds([one.update_id for one in found] == [one.update_id for one in added], "not each once, oldest first")
    holds([one.description for one in found] == texts, "the texts came back changed")
    holds({one.author_role for one in found} <= {"officer", "citizen"}, "a comment is by neither citizen nor officer")
    same("status_after of comments", {one.status_after for one in found}, {None})


def transitions(server: Server) -> None:
    complaint = server.submit()
    complaint = server.client.complaints.transition(complaint, "verify", comment=TEXT)
    server.client.complaints.transition(complaint, "assign", assignee="conformance")
    found = list(server.client.complaints.updates.list(complaint.complaint_id))
    same("states in the thread, oldest first", "-".join(str(one.status_after) for one in found), "verified-assigned")
    same("roles", {one.author_role for one in found}, {"officer"})
    holds(found[0].description == TEXT, "the comment of a transition is not in the thread")


def empty(server: Server) -> None:
    complaint = server.submit()
    path = f"/v1/complaints/cases/{complaint.complaint_id}/updates"
    answer = server.send("POST", path, {"description": ""})
    holds(answer.status in {400, 422}, f"an empty comment was answered with {answer.status}")
    same("code", answer.code, "validation_failed")


def media(server: Server) -> None:
    complaint = server.submit()
    content = _pixel()
    attached = server.client.complaints.attach(
        complaint.complaint_id, File(content, filename="uji.png", media_type="image/png")
    )
    same("size", attached.size, len(content))
    same("sha256", attached.sha256, hashlib.sha256(content).hexdigest())
    same("media_type", attached.media_type, "image/png")
    after = server.client.complaints.get(complaint.complaint_id)
    same("files of the complaint", [one.media_id for one in after.media], [attached.media_id])
    holds(after.version > complaint.version, "the version did not rise")
    if attached.scan_status == "clean":
        with server.client.complaints.download(complaint.complaint_id, attached.media_id) as found:
            holds(b"".join(found) == content, "the file comes back as other bytes")


SCENARIOS: Final = (
    Scenario(
        "thread.comments", "contract-v1 2", "Comments are listed once each, oldest first, as written", comments, 1
    ),
    Scenario(
        "thread.transitions", "contract-v1 2", "Transitions stand in the thread, with their comments", transitions, 1
    ),
    Scenario("thread.empty", "contract-v1 1, 2", "An empty comment is refused", empty, 1),
    Scenario("thread.media", "contract-v1 2", "A photo is kept to the byte, with its size and digest", media, 1),
)
