"""Uploads in parts as the wire speaks them: what the service refuses, and when a file is whole."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from egov_serang import Client, File, Invalid, NotFound
from egov_serang.core.call import Call
from egov_serang.models.complaints import Location, MediaUpload

CONTENT = b"sepuluh ba"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def case(client: Client) -> str:
    return client.complaints.submit("jalan_rusak", "Banjir.", location=Location(area_code="36.73.01")).complaint_id


def do(client: Client, call: Call[Any]) -> Any:
    engine = client.complaints.engine
    return engine.finish(engine.perform(call)).data


def part(content: bytes) -> File:
    return File(content, "a.mp4")


def test_a_file_is_one_of_the_complaint_once_it_is_whole(client: Client, case: str) -> None:
    wire = client.complaints.wire
    opened = do(client, wire.open_upload(case, part(CONTENT), size=10, sha256=DIGEST, visibility="confidential"))
    assert opened.upload == MediaUpload(part_size=4 * 1024 * 1024)
    assert (opened.filename, opened.media_type, opened.size, opened.sha256) == ("a.mp4", "video/mp4", 10, DIGEST)
    assert do(client, wire.upload_state(case, opened.media_id)) == opened
    assert client.complaints.get(case).media == ()
    whole = do(client, wire.upload_part(case, opened.media_id, 0, part(CONTENT)))
    assert (whole.upload, whole.visibility, whole.scan_status) == (None, "confidential", "clean")
    assert client.complaints.get(case).media == (whole,)
    assert do(client, wire.upload_state(case, opened.media_id)) == whole
    assert do(client, wire.upload_part(case, opened.media_id, 0, part(CONTENT))) == whole


def test_what_is_no_part_of_the_file_announced_is_refused(client: Client, case: str) -> None:
    wire = client.complaints.wire
    number = do(client, wire.open_upload(case, part(CONTENT), size=10, sha256=DIGEST, visibility=None)).media_id
    for start, content in ((1, CONTENT), (10, CONTENT), (0, b"short"), (0, b"sepuluh be")):
        with pytest.raises(Invalid):
            do(client, wire.upload_part(case, number, start, part(content)))
    assert do(client, wire.upload_state(case, number)).upload.parts == ()
    for stranger in (wire.upload_state(case, "med_x"), wire.upload_part(case, "med_x", 0, part(CONTENT))):
        with pytest.raises(NotFound):
            do(client, stranger)


def test_what_is_too_large_or_of_another_kind_is_refused_before_a_byte_of_it(client: Client, case: str) -> None:
    wire = client.complaints.wire
    for file, size, code in ((part(b"x"), 2**30, "payload_too_large"), (File(b"x", "a.html"), 9, "unsupported_media")):
        with pytest.raises(Invalid) as caught:
            do(client, wire.open_upload(case, file, size=size, sha256=DIGEST, visibility=None))
        assert caught.value.code == code
